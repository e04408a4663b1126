"""The checker of clocks: silent on correct executions, and it finds every wrong entry. The causal order of events."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_lib.core.causality import CLOCKS_CORRECT, causal_order, causes, check_clocks, lamport_times
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from tests.executions import Execution, complete_order, election, interleaved, random_execution

randoms = st.randoms(use_true_random=False)


def sentences(events: list[TraceEvent]) -> list[str]:
    return [violation.sentence for violation in check_clocks(events)]


def with_clock(events: list[TraceEvent], event_id: str, **entries: int) -> list[TraceEvent]:
    """The events, one of them with another clock."""
    return [replace(event, clock=VectorClock(entries)) if event.id == event_id else event for event in events]


@pytest.fixture
def run() -> Execution:
    """alice works and sends to bob; bob works, receives (his event 2) and works on."""
    run = Execution("o-1")
    run.local("alice", "works")
    run.local("bob", "works")
    run.receive("bob", run.send("alice", "hello", "bob"))
    run.local("bob", "works")
    return run


@settings(deadline=None)
@given(randoms, st.integers(1, 5), st.integers(1, 60))
def test_a_correct_execution_has_no_mistakes_in_whatever_order_it_is_read(random: Random, processes, length):
    events = random_execution(random, processes, length, loss=0.2, twice=0.2)
    random.shuffle(events)
    assert check_clocks(events) == []


@settings(deadline=None)
@given(st.data(), randoms)
def test_any_single_wrong_entry_is_found(data: st.DataObject, random: Random):
    events = random_execution(random, 4, 40)
    wrong = data.draw(st.sampled_from(events))
    host = data.draw(st.sampled_from(["p1", "p2", "p3", "p4", "nobody"]))
    count = data.draw(st.integers(0, 50).filter(lambda count: count != wrong.clock[host]))
    changed = with_clock(events, wrong.id, **dict(wrong.clock) | {host: count})
    assert (wrong.id,) in [tuple(event.id for event in violation.events) for violation in check_clocks(changed)]


def test_orders_that_the_same_processes_handle_together_are_checked_apart():
    orders = complete_order("order-1", retry=True), complete_order("order-2", status="rejected")
    assert check_clocks(interleaved(*orders)) == []


def test_events_of_processes_need_no_clock():
    assert check_clocks(election("kill")) == []


def test_a_forgotten_merge_is_named_with_both_clocks(run):
    events = with_clock(run.events, "bob#2", bob=2)[:-1]
    clocks = "should be {alice: 2, bob: 2} but is {bob: 2}"
    assert sentences(events) == [f"bob: at event 2 the clock {clocks}: the sender's clock was not merged."]


def test_of_several_orders_a_mistake_names_its_own(run):
    events = interleaved(with_clock(run.events, "bob#3", bob=3)[:-1], complete_order("o-2"))
    events = [replace(event, clock=VectorClock({"bob": 2})) if event.id == "bob#2" else event for event in events]
    assert sentences(events)[0].startswith("bob: at event 2 of order o-1 the clock should be {alice: 2, bob: 2}")


@pytest.mark.parametrize(
    ("event_id", "clock", "why"),
    [
        ("bob#3", {"alice": 2, "bob": 2}, "exactly one to its own process's entry"),
        ("bob#3", {"alice": 2, "bob": 4}, "exactly one to its own process's entry"),
        ("bob#3", {"alice": 1, "bob": 3}, "it knew of event 2 of alice before"),
        ("bob#3", {"alice": 5, "bob": 3}, "nobody can have told it of event 5 of alice"),
        ("bob#1", {"alice": 1, "bob": 1}, "nobody can have told it of event 1 of alice"),
        ("bob#2", {"alice": 1, "bob": 2}, "the sender's clock was not merged"),
        ("bob#3", {"alice": 2, "b": 3}, "no entry of its own process"),
        ("bob#3", {}, "no entry of its own process"),
    ],
    ids=["no tick", "two ticks", "forgot", "unheard of", "from the future", "merged half", "other name", "no clock"],
)
def test_each_kind_of_mistake_is_told_apart(run, event_id, clock, why):
    assert why in sentences(with_clock(run.events, event_id, **clock))[0]


def test_a_mistake_that_is_carried_on_is_reported_once(run):
    run.clocks["alice"] = run.clocks["alice"].tick("alice")  # counts an event that never happened
    run.receive("bob", run.send("alice", "again", "bob"))
    run.local("bob", "works")
    assert [violation.events[0].id for violation in check_clocks(run.events)] == ["alice#3"]


def test_a_receive_without_a_send_is_reported_and_what_follows_is_still_checked(run):
    events = [event for event in run.events if event.id != "alice#2"]
    assert sentences(events) == ["bob: event 2 receives hello, but it has no send ('alice#2')."]
    assert "should be {alice: 2, bob: 2}" in sentences(with_clock(events, "bob#2", alice=2, bob=3))[1]


def test_a_send_of_another_order_is_no_send(run):
    events = [replace(event, order_id="o-2") if event.process == "alice" else event for event in run.events]
    assert "has no send ('alice#2')" in sentences(events)[0]


def test_a_lost_message_and_one_that_comes_twice_are_legal(run):
    run.send("bob", "lost", "alice")
    twice = run.send("alice", "queued", "executors")
    run.receive("executor-1", twice)
    run.receive("executor-2", twice)
    run.receive("executor-2", twice)
    assert check_clocks(run.events) == []


def test_a_restarted_process_is_a_host_of_its_own(run):
    run.receive("bob~1", run.send("alice", "again", "bob"))
    assert check_clocks(run.events) == []
    for clock in ({"alice": 3, "bob": 4}, {"alice": 3, "bob~1": 4}):
        (sentence,) = sentences(with_clock(run.events, "bob~1#1", **clock))
        assert "a restarted process is a host of its own, which counts from 1" in sentence


def test_a_message_received_before_it_was_sent_is_a_mistake(run):
    events = [replace(event, message_id="bob#3") if event.id == "bob#2" else event for event in run.events]
    events = [replace(event, kind="send") if event.id == "bob#3" else event for event in events]
    assert sentences(events) != []


def test_a_mistake_carries_the_name_of_the_invariant_and_the_event(run):
    (violation,) = check_clocks(with_clock(run.events, "bob#3", bob=3))
    assert violation.invariant == CLOCKS_CORRECT
    assert [event.id for event in violation.events] == ["bob#3"]


@settings(deadline=None)
@given(randoms, st.integers(1, 5), st.integers(1, 60))
def test_in_causal_order_every_cause_comes_before_its_effects(random: Random, processes, length):
    events = random_execution(random, processes, length, twice=0.3)
    ordered = causal_order(events)
    for i, later in enumerate(ordered):
        assert not any(later.clock < earlier.clock for earlier in ordered[:i])


@settings(deadline=None)
@given(randoms)
def test_causal_order_is_the_same_however_the_events_are_given(random: Random):
    events = random_execution(random, 4, 40)
    ordered = causal_order(events)
    random.shuffle(events)
    assert causal_order(events) == ordered


def test_causal_order_does_not_ask_the_clocks_of_the_machines(run):
    slow = [replace(event, wall=event.wall - 100) if event.process == "bob" else event for event in run.events]
    assert [event.id for event in causal_order(slow)] == ["alice#1", "bob#1", "alice#2", "bob#2", "bob#3"]


def test_numbers_are_compared_as_numbers():
    run = Execution()
    for _ in range(11):
        run.local("alice", "works")
    assert [event.id for event in causal_order(run.events)][-2:] == ["alice#10", "alice#11"]


def test_events_of_two_runs_are_refused(run):
    with pytest.raises(HistoryError, match="alice#1 is there twice"):
        causal_order([*run.events, run.events[0]])


def test_events_that_wait_for_each_other_are_refused(run):
    events = [
        replace(event, kind="receive", message_id="bob#3") if event.id == "alice#1" else event for event in run.events
    ]
    events = [replace(event, kind="send") if event.id == "bob#3" else event for event in events]
    with pytest.raises(HistoryError, match="alice#1, alice#2, bob#2, bob#3"):
        causal_order(events)


def test_a_process_that_waits_for_itself_is_refused():
    ring = [
        TraceEvent("alice#1", "alice", "", "receive", "m", message_id="alice#2"),
        TraceEvent("alice#2", "alice", "", "send", "m", message_id="alice#2"),
    ]
    with pytest.raises(HistoryError, match=r"before the others: alice#1, alice#2\.$"):
        causal_order(ring)


def test_only_those_that_wait_for_each_other_are_named(run):
    events = [
        replace(event, kind="receive", message_id="bob#3") if event.id == "alice#1" else event for event in run.events
    ]
    events = [replace(event, kind="send") if event.id == "bob#3" else event for event in events]
    behind = TraceEvent("aaron#1", "aaron", "", "receive", "hello", message_id="alice#2")
    with pytest.raises(HistoryError, match=r"before the others: alice#1, alice#2, bob#2, bob#3\.$"):
        causal_order([*events, behind])


@settings(deadline=None)
@given(randoms, st.integers(1, 5), st.integers(1, 60))
def test_a_lamport_time_is_the_length_of_the_longest_chain_of_causes(random: Random, processes, length):
    events = random_execution(random, processes, length, loss=0.2, twice=0.2)
    random.shuffle(events)
    times = lamport_times(events)
    before = causes(events)
    assert all(times[event] == 1 + max((times[cause] for cause in before[event]), default=0) for event in times)


def test_a_message_id_that_names_no_send_is_no_cause(run):
    late = TraceEvent("carol#1", "carol", "o-1", "receive", "odd", VectorClock({"carol": 1}), message_id="bob#3")
    assert lamport_times([*run.events, late])["carol#1"] == 1


@pytest.mark.parametrize("event_id", ["alice-1", "alice#", "alice#-1", "alice#x", "alice#" + "9" * 5000])
def test_an_id_without_a_number_is_refused(event_id):
    with pytest.raises(HistoryError, match="has no number; ids have to look like"):
        causal_order([TraceEvent(event_id, "alice", "", "local", "started")])
