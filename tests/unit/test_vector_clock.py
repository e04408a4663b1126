"""Vector clocks: the laws they obey, and that they say exactly what happened before what."""

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from tests.executions import random_execution

HOSTS = ("alice", "bob", "carol")
hosts = st.sampled_from(HOSTS)
clocks = st.dictionaries(hosts, st.integers(min_value=0, max_value=3)).map(VectorClock)


@given(clocks, clocks, clocks)
def test_clocks_are_partially_ordered(a, b, c):
    assert a <= a  # noqa: PLR0124 - reflexivity is the point
    assert not a <= b <= a or a == b
    assert not a <= b <= c or a <= c


@given(clocks, clocks)
def test_two_clocks_are_before_after_equal_or_concurrent_and_only_one_of_these(a, b):
    assert [a < b, a > b, a == b, a.concurrent_with(b)].count(True) == 1


@given(clocks, clocks)
def test_before_means_at_most_in_every_entry_and_less_in_one(a, b):
    entries = [(a[host], b[host]) for host in HOSTS]
    assert (a < b) == (all(x <= y for x, y in entries) and any(x < y for x, y in entries))


@given(clocks, clocks, clocks)
def test_a_merge_is_the_least_clock_that_knows_both(a, b, upper):
    merged = a.merge(b)
    assert a <= merged
    assert b <= merged
    assert not (a <= upper and b <= upper) or merged <= upper


@given(clocks, clocks, clocks)
def test_clocks_merge_to_the_same_in_any_order_and_however_often(a, b, c):
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(a) == a


@given(clocks, hosts)
def test_a_tick_makes_a_clock_strictly_larger_by_one_in_one_entry(clock, host):
    ticked = clock.tick(host)
    assert clock < ticked
    assert dict(ticked) == dict(clock) | {host: clock[host] + 1}


@given(clocks, clocks, hosts)
def test_a_receive_is_a_merge_and_then_a_tick(own, message, host):
    assert own.receive(message, host) == own.merge(message).tick(host)


@given(clocks, hosts, clocks)
def test_a_clock_never_changes(clock, host, other):
    before = dict(clock)
    clock.tick(host)
    clock.merge(other)
    clock.receive(other, host)
    assert dict(clock) == before


@given(clocks)
def test_a_missing_entry_counts_as_zero(clock):
    padded = VectorClock(dict.fromkeys(HOSTS, 0) | dict(clock))
    assert clock["never heard of"] == 0
    assert padded == clock
    assert hash(padded) == hash(clock)


def test_clocks_over_different_hosts_compare_as_they_should():
    alice, bob = VectorClock({"alice": 1}), VectorClock({"bob": 1})
    assert alice.concurrent_with(bob)
    assert VectorClock() < alice < alice.merge(bob)


@pytest.mark.parametrize("entry", [-1, 1.5, True, "2", None])
def test_an_entry_that_does_not_count_events_is_refused(entry):
    with pytest.raises(ValueError, match="alice"):
        VectorClock({"alice": entry})


def test_the_text_of_a_clock_is_sorted_by_host():
    assert repr(VectorClock({"bob": 2, "alice": 1, "carol": 0})) == "{alice: 1, bob: 2}"


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5), st.integers(1, 30))
def test_one_clock_is_below_another_exactly_when_its_event_happened_before(random: Random, processes, length):
    events = random_execution(random, processes, length)
    causes = causes_by_messages(events)
    for a, b in product(events, repeat=2):
        assert (a.clock < b.clock) == (a.id in causes[b.id])


def causes_by_messages(events: list[TraceEvent]) -> dict[str, set[str]]:
    """All that happened before each event, by the definition and without clocks; events come after their causes."""
    causes: dict[str, set[str]] = {}
    last: dict[str, str] = {}
    for event in events:
        direct = [last.get(event.process, ""), event.message_id if event.kind == "receive" else ""]
        causes[event.id] = {cause for near in direct if near for cause in (near, *causes[near])}
        last[event.process] = event.id
    return causes
