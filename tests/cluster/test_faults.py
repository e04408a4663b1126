"""Every kind of fault on a real bookstore: it lands, says so truly, and is undone."""

import threading
from contextlib import contextmanager

import psutil
import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.faults import Fault, begin, inject, make_whole
from tests.support import eventually

CHECKS = "initialise", "billing", "card", "fraud", "suggestions"


@pytest.fixture(scope="module")
def running_shop(open_shop):
    return open_shop(executors=2, lease_ttl=1.5, links=True)


@pytest.fixture
def orders(shop):
    """Orders come in one after the other while the test runs."""
    with orders_coming(shop):
        yield


@contextmanager
def orders_coming(shop):
    over = threading.Event()
    placing = threading.Thread(target=place_orders, args=(shop, over))
    placing.start()
    try:
        yield
    finally:
        over.set()
        placing.join()
        make_whole(shop)


def place_orders(shop, over):
    titles = [book["title"] for book in shop.client.books(limit=100)]
    while not over.is_set():
        try:
            shop.checkout({titles[0]: 1})
        except BookstoreError:
            over.wait(0.05)  # the orchestrator is away for a moment
        titles.append(titles.pop(0))


def lab_events(shop, name):
    return [event.detail for event in shop.history().events if (event.process, event.name) == ("lab", name)]


def states(shop):
    return {status.name: status.state for status in shop.processes()}


@pytest.mark.parametrize("process", ["leader", "fraud_detection", "orchestrator", "redis", "postgres"])
def test_who_is_killed_is_gone_and_then_runs_again(shop, process):
    injection = begin(shop, Fault("kill", process))
    victim = injection.fault.process
    assert states(shop)[victim] == "dead"

    assert injection.end() == (True, f"{victim} was killed and gone.")
    assert states(shop)[victim] == "running"


@pytest.mark.parametrize("process", ["leader", "suggestions", "redis", "postgres"])
def test_who_is_frozen_is_stopped_by_the_system_and_then_goes_on(shop, process):
    injection = begin(shop, Fault("freeze", process))
    victim = injection.fault.process
    assert psutil.Process(shop.process(victim).pid).status() == psutil.STATUS_STOPPED

    landing = injection.end()

    assert landing.landed
    assert f"{victim} was frozen for" in landing.evidence
    assert states(shop)[victim] == "running"


@pytest.mark.parametrize("how", ["reset", "silence", "mute", "delay"])
def test_a_cut_link_counts_what_it_broke_or_held_back(shop, orders, how):
    landing = inject(shop, Fault("cut", between=("leader", "redis"), how=how, seconds=0.5))

    assert landing.landed, landing.evidence
    assert lab_events(shop, "healed")[-1]["between"][1] == "redis"


def test_healing_one_link_leaves_the_others_cut(shop):
    with_redis = begin(shop, Fault("cut", between=("leader", "redis"), how="delay"))
    leader = with_redis.fault.between[0]
    with_record = begin(shop, Fault("cut", between=(leader, "postgres"), how="delay"))

    with_record.end()
    shop.checkout({"Frankenstein": 1})
    assert with_redis.end().landed


def test_a_cut_that_nobody_noticed_has_not_landed(shop):
    def nothing_landed():
        leader = shop.leader
        idle = next(name for name in states(shop) if name.startswith("executor-") and name != leader)
        landing = inject(shop, Fault("cut", between=(idle, "suggestions"), how="silence", seconds=0.1))
        return landing == (False, f"No chunks of bytes between {idle} and suggestions were lost.")

    # Now and then an idle connection makes sure that the other end is still there, or the leader changes.
    eventually(nothing_landed)


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [
        (Fault("slow", "fraud_detection", delay=0.2, procedure="CheckFraud"), "calls of CheckFraud were delayed."),
        (Fault("unavailable", "suggestions", calls=3), "calls of any procedure were refused."),
        (Fault("lose_reply", "transaction_verification", calls=3), "calls of any procedure were served without"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_service_in_trouble_counts_the_calls_that_suffered(shop, orders, fault, evidence):
    landing = inject(shop, fault)

    assert landing.landed
    assert evidence in landing.evidence
    assert lab_events(shop, "troubled")[-1]["process"] == shop.process(fault.process).host
    assert lab_events(shop, "calmed")


def test_a_trouble_that_no_call_came_to_has_not_landed(shop):
    landing = inject(shop, Fault("slow", "fraud_detection", delay=1, seconds=0.1))

    assert landing == (False, "No calls of any procedure were delayed.")


def test_a_trouble_whose_service_was_killed_says_that_nobody_counted(shop, orders):
    trouble = begin(shop, Fault("unavailable", "suggestions"))
    inject(shop, Fault("kill", "suggestions", seconds=0))

    landing = trouble.end()

    assert not landing.landed
    assert "nobody knows" in landing.evidence


def test_redis_forgets_everything_when_it_is_flushed(shop):
    assert shop.leader

    landing = inject(shop, Fault("flush"))

    assert landing.landed
    assert lab_events(shop, "flushed")


def test_redis_that_lost_its_last_writes_runs_again_and_all_orders_end(shop, orders):
    landing = inject(shop, Fault("lose_tail", lost=300, seconds=0.1))

    assert landing.landed
    assert "Redis lost the last 300 of the" in landing.evidence


@pytest.mark.parametrize("at", ["renew", "take", *CHECKS, "settle", "clear", "acknowledge"])
def test_a_leader_kills_itself_before_and_freezes_itself_after_each_step(shop, orders, at):
    for side, how, did in (("before", "kill", "killed"), ("after", "freeze", "froze")):
        injection = begin(shop, Fault("crash_point", "leader", at=f"{at}:{side}:{how}"))
        leader = injection.fault.process
        eventually(injection.hit)
        assert states(shop)[leader] == ("dead" if how == "kill" else "paused")

        assert injection.end() == (True, f"{leader} {did} itself {side} {at}.")
        assert states(shop)[leader] == "running"


@pytest.mark.parametrize("at", ["accept", "enqueue"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_the_orchestrator_crashes_on_either_side_of_each_step(shop, orders, at, side):
    landing = inject(shop, Fault("crash_point", "orchestrator", at=f"{at}:{side}", seconds=0.1))

    assert landing == (True, f"orchestrator killed itself {side} {at}.")


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_candidate_crashes_on_either_side_of_its_election(shop, side):
    leader = shop.leader
    (other,) = (name for name in states(shop) if name.startswith("executor-") and name != leader)

    candidate = begin(shop, Fault("crash_point", other, at=f"elect:{side}"))
    former = begin(shop, Fault("kill", leader))
    eventually(candidate.hit)
    former.end()

    assert candidate.end() == (True, f"{other} killed itself {side} elect.")


def test_a_crash_point_that_is_never_reached_is_taken_away_again(shop):
    landing = inject(shop, Fault("crash_point", "orchestrator", at="accept:before", within=0.1, seconds=0))

    assert landing == (False, "orchestrator never came to accept:before.")
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_overlapping_faults_are_all_undone_by_make_whole(shop, orders):
    faults = [
        Fault("freeze", "fraud_detection"),
        Fault("slow", "suggestions", delay=30),
        Fault("kill", "redis"),
        Fault("cut", between=("orchestrator", "postgres"), how="silence"),
        Fault("crash_point", "orchestrator", at="accept:after:freeze"),
    ]
    for fault in faults:
        begin(shop, fault)

    make_whole(shop)

    assert set(states(shop).values()) == {"running"}
    assert shop.leader
    eventually(lambda: shop.checkout({"Dracula": 1}).status == "Order Approved", seconds=20)


def test_who_froze_itself_does_not_outlive_the_supervisor(open_shop):
    shop = open_shop(executors=1, lease_ttl=1.5)
    process = psutil.Process(shop.process(shop.leader).pid)
    shop.crash_at(shop.leader, "renew:before:freeze")
    eventually(lambda: process.status() == psutil.STATUS_STOPPED)

    psutil.Process(shop.supervisor_pid).kill()

    eventually(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, seconds=20)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("kill", "executor-9"), "There is no process 'executor-9'; there are redis, postgres, orchestrator, "),
        (Fault("freeze", "redis-2"), "There is no process 'redis-2'"),
        (Fault("cut", between=("redis", "postgres"), how="mute"), "There is no link between 'redis' and 'postgres'"),
        (Fault("slow", "redis", delay=1), "redis serves no calls to make trouble with; transaction_verification, "),
        (
            Fault("lose_reply", "suggestions", procedure="CheckFraud"),
            "suggestions has no procedure 'CheckFraud'; it has",
        ),
        (Fault("crash_point", "redis", at="take:after"), "redis is a server"),
        (Fault("crash_point", "suggestions", at="take:after"), "suggestions has no crash points"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_fault_that_cannot_be_is_refused_in_one_sentence_and_changes_nothing(shop, fault, sentence):
    before = shop.processes()

    with pytest.raises(BookstoreError) as caught:
        inject(shop, fault)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert shop.processes() == before


@pytest.mark.parametrize(
    "fault",
    [
        Fault("kill", "suggestions"),
        Fault("freeze", "suggestions"),
        Fault("unavailable", "suggestions"),
        Fault("lose_reply", "suggestions"),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_fault_on_a_dead_process_is_refused_in_one_sentence(shop, fault):
    shop.kill("suggestions")

    with pytest.raises(BookstoreError, match=r"^suggestions is dead; start it first\.$"):
        inject(shop, fault)


def test_a_flush_and_a_lost_tail_of_a_dead_redis_are_refused(shop):
    shop.kill("redis")

    with pytest.raises(BookstoreError, match="Redis does not answer; start or resume it"):
        inject(shop, Fault("flush"))
    with pytest.raises(BookstoreError, match="redis is dead; start it first"):
        inject(shop, Fault("lose_tail"))
