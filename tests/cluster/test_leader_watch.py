"""Followers that watch the leader: at once when it dies, fenced where the watch was wrong, the lease for the rest."""

import time

import pytest

from bookstore_lib.core.invariants.leadership import LOCK_KEPT
from bookstore_lib.lab.history import History
from tests.support import eventually

TTL = 6.0
# Whatever is quicker than that did not wait for the lock's end: a leader renews each third of the lock's life.
AT_ONCE = TTL / 3


@pytest.fixture(scope="module")
def running_shop(open_shop):
    return open_shop(executors=3, lease_ttl=TTL, links=True)


def said(shop, *names, by=None):
    """What processes told of themselves, by wall clock."""
    events = History.load(shop.run_dir / "traces").events
    own = [event for event in events if not event.order_id and event.name in names and by in (None, event.process)]
    return sorted(own, key=lambda event: event.wall)


def leader_in_sight(shop):
    """The leader, once every other executor that runs watches it and would take over at once."""
    leader = shop.leader
    host = shop.process(leader).host
    others = [shop.process(name).host for name in followers(shop, leader)]
    eventually(lambda: all(watches(shop, other, host) and may_take_over(shop, other) for other in others), 2 * TTL)
    return leader


def watches(shop, watcher, leader):
    seen = said(shop, "watching", "watch broke", by=watcher)
    return bool(seen) and (seen[-1].name, seen[-1].detail["holder"]) == ("watching", leader)


def may_take_over(shop, follower):
    """Whoever has taken over does so again only after a life of the lock."""
    terms = said(shop, "elected", by=follower)
    return not terms or terms[-1].wall + TTL < time.time()


def followers(shop, leader):
    executors = [status for status in shop.processes() if status.name.startswith("executor-")]
    return [status.name for status in executors if status.state == "running" and status.name != leader]


def failover(shop, leader):
    """Waits for the next leader; returns for how many seconds the former one's lock would still have lived."""
    host = shop.process(leader).host
    shop.await_leader(other_than=leader)
    eventually(lambda: said(shop, "elected")[-1].process != host)
    return said(shop, "elected", "renewed", by=host)[-1].detail["key_until"] - said(shop, "elected")[-1].wall


def test_a_killed_leader_is_replaced_long_before_its_lock_would_end(shop):
    leader = leader_in_sight(shop)
    lost = shop.process(leader).host

    shop.kill(leader)

    assert failover(shop, leader) > AT_ONCE / 2
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"
    assert said(shop, "leader lost")[-1].detail["holder"] == lost


def test_a_frozen_leader_costs_its_lease_and_once_it_is_killed_nothing_more(shop):
    leader = leader_in_sight(shop)
    shop.pause(leader)
    assert failover(shop, leader) < 0.05

    leader = leader_in_sight(shop)
    shop.pause(leader)
    shop.kill(leader)
    assert failover(shop, leader) > 0


@pytest.mark.parametrize("how", ["silence", "mute", "delay"])
def test_a_silent_link_between_follower_and_leader_says_nothing(shop, how):
    leader = leader_in_sight(shop)
    lost, renewed = len(said(shop, "leader lost")), len(said(shop, "renewed"))

    for follower in followers(shop, leader):
        shop.cut(follower, leader, how)
    eventually(lambda: len(said(shop, "renewed")) >= renewed + 3, seconds=2 * TTL)

    assert len(said(shop, "leader lost")) == lost
    assert shop.leader == leader


def test_a_leader_that_hands_over_is_not_taken_for_dead(shop):
    leader = leader_in_sight(shop)
    lost = len(said(shop, "leader lost"))

    shop.stop(leader)

    assert failover(shop, leader) > AT_ONCE / 2
    assert len(said(shop, "leader lost")) == lost


def test_a_leader_that_lives_is_deposed_steps_down_at_once_and_follows_when_a_watch_breaks(shop, accept):
    leader = leader_in_sight(shop)
    host = shop.process(leader).host
    orders = [accept() for _ in range(10)]

    shop.cut(followers(shop, leader)[0], leader, "reset")

    assert failover(shop, leader) > AT_ONCE / 2
    eventually(lambda: said(shop, "demoted", by=host), seconds=AT_ONCE / 2)
    assert {shop.client.order(order_id, wait=20).status for order_id in orders} == {"Order Approved"}
    assert shop.process(leader).state == "running"


def test_while_a_link_stays_cut_leaders_do_not_depose_each_other(shop):
    leader = leader_in_sight(shop)
    follower = followers(shop, leader)[0]
    shop.cut(follower, leader, "reset")
    failover(shop, leader)
    lost, renewed = len(said(shop, "leader lost")), len(said(shop, "renewed"))

    eventually(lambda: len(said(shop, "renewed")) >= renewed + 4, seconds=3 * TTL)

    assert len(said(shop, "leader lost")) == lost


def test_links_that_break_again_and_again_depose_a_leader_only_a_few_times_in_a_life_of_the_lock(shop):
    executors = ["executor-1", "executor-2", "executor-3"]
    leader_in_sight(shop)
    before, began = len(said(shop, "elected")), time.monotonic()
    while time.monotonic() < began + TTL:
        for one, other in (executors[:2], executors[1:], executors[::2]):
            shop.cut(one, other, "reset")
        shop.heal()
    lasted = time.monotonic() - began

    assert len(said(shop, "elected")) - before <= len(executors) * (lasted / TTL + 1)


def test_a_leader_that_was_frozen_and_deposed_by_mistake_settles_nothing_more(shop, accept):
    leader = leader_in_sight(shop)
    host = shop.process(leader).host
    shop.crash_at(leader, "settle:before:freeze")
    order_id = accept()
    eventually(lambda: shop.process(leader).state == "paused")

    shop.cut(followers(shop, leader)[0], leader, "reset")
    assert failover(shop, leader) > 0
    assert shop.client.order(order_id, wait=20).status == "Order Approved"
    shop.resume(leader)

    eventually(lambda: refused(shop, host))
    assert len([payment for payment in shop.tables().payments if payment.order_id == order_id]) == 1


def refused(shop, host):
    events = History.load(shop.run_dir / "traces").events
    return [event for event in events if (event.name, event.process) == ("settle refused", host)]


def test_an_executor_that_is_alone_and_killed_leads_again_as_soon_as_it_is_back(open_shop):
    shop = open_shop(executors=1, lease_ttl=60)
    assert shop.leader == "executor-1"

    shop.kill("executor-1")
    shop.start("executor-1")

    eventually(lambda: said(shop, "elected", by="executor-1~1"))
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"
    assert shop.history().check().holds


def test_without_the_watch_a_killed_leader_costs_its_lease(open_shop):
    shop = open_shop(executors=2, lease_ttl=1.5, watch=False)
    leader = shop.leader

    shop.kill(leader)

    assert failover(shop, leader) < 0.05
    assert said(shop, "watching", "leader lost") == []


def test_the_verdict_still_finds_a_lock_that_was_taken_by_hand(open_shop):
    shop = open_shop(executors=2, lease_ttl=TTL, links=True)
    leader = leader_in_sight(shop)
    with shop.redis() as client:
        client.set("leader_lock", "you", px=int(1000 * TTL))
    eventually(lambda: said(shop, "demoted", by=shop.process(leader).host))

    assert LOCK_KEPT in {violation.invariant for violation in shop.history().check().violations}
