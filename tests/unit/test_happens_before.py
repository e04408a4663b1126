"""Happens-before and cuts, against their definitions: a search along processes and messages, and every cut there is."""

from collections import defaultdict
from itertools import pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_lib.core.causality import causal_order
from bookstore_lib.core.happens_before import HappensBefore
from bookstore_lib.core.trace_event import TraceEvent
from tests.executions import Execution, random_execution

randoms = st.randoms(use_true_random=False)
executions = st.builds(random_execution, randoms, st.integers(1, 4), st.integers(1, 30), twice=st.just(0.3))
small_executions = st.builds(random_execution, randoms, st.integers(1, 3), st.integers(1, 14), twice=st.just(0.3))


def relation(events: list[TraceEvent]) -> HappensBefore:
    return HappensBefore(causal_order(events))


def edges(events: list[TraceEvent]) -> set[tuple[str, str]]:
    """Each event with the next of its process, each send with its receives; events as they were written."""
    found = {(a.id, b.id) for a in events for b in events if b.kind == "receive" and b.message_id == a.id}
    for process in {event.process for event in events}:
        line = [event.id for event in events if event.process == process]
        found |= set(pairwise(line))
    return found


def reachable(events: list[TraceEvent]) -> dict[str, set[str]]:
    """All events that can be reached from each along the edges, by a search."""
    after = defaultdict(set)
    for a, b in edges(events):
        after[a].add(b)
    found = {}
    for event in events:
        seen: set[str] = set()
        left = list(after[event.id])
        while left:
            each = left.pop()
            if each not in seen:
                seen.add(each)
                left.extend(after[each])
        found[event.id] = seen
    return found


def ids(events) -> set[str]:
    return {event.id for event in events}


def inside(events: list[TraceEvent], cut: list[TraceEvent]) -> set[str]:
    """The events of a cut: all up to its last ones."""
    ends = {last.process: place for place, event in enumerate(events) for last in cut if last.id == event.id}
    return {event.id for place, event in enumerate(events) if place <= ends.get(event.process, -1)}


def all_cuts(events: list[TraceEvent]) -> list[list[TraceEvent]]:
    lines = [[event for event in events if event.process == process] for process in {e.process for e in events}]
    return [[last for last in cut if last is not None] for cut in product(*[[None, *line] for line in lines])]


def closed(events: list[TraceEvent], members: set[str]) -> bool:
    """The definition of a consistent cut: with each event all that happened before it."""
    return all(a in members for a, b in edges(events) if b in members)


@settings(deadline=None)
@given(executions)
def test_it_is_what_can_be_reached_along_processes_and_messages(events):
    after = reachable(events)
    found = relation(events)
    assert all(found.holds(a, b) == (b.id in after[a.id]) for a in events for b in events)


@settings(deadline=None)
@given(executions)
def test_of_one_order_it_is_what_correct_clocks_say(events):
    found = relation(events)
    assert all(found.holds(a, b) == (a.clock < b.clock) for a in events for b in events)


@settings(deadline=None)
@given(executions)
def test_past_and_future_are_all_before_and_all_after(events):
    found = relation(events)
    for event in events:
        assert ids(found.past(event)) == {a.id for a in events if a.clock < event.clock}
        assert ids(found.future(event)) == {b.id for b in events if event.clock < b.clock}


@settings(deadline=None)
@given(executions, st.data())
def test_past_and_future_come_in_causal_order(events, data):
    event = data.draw(st.sampled_from(events))
    order = [each.id for each in causal_order(events)]
    for part in (relation(events).past(event), relation(events).future(event)):
        places = [order.index(each.id) for each in part]
        assert places == sorted(places)


@settings(deadline=None, max_examples=50)
@given(small_executions)
def test_a_cut_is_broken_exactly_where_it_is_not_closed_under_causes(events):
    found = relation(events)
    assert all((not found.breaking(cut)) == closed(events, inside(events, cut)) for cut in all_cuts(events))


@settings(deadline=None)
@given(small_executions, st.data())
def test_the_largest_consistent_cut_holds_every_consistent_cut_inside(events, data):
    cuts = all_cuts(events)
    cut = data.draw(st.sampled_from(cuts))
    within = [members for members in (inside(events, each) for each in cuts) if members <= inside(events, cut)]
    largest = max((members for members in within if closed(events, members)), key=len)
    assert inside(events, list(relation(events).largest_consistent(cut))) == largest


def test_the_messages_that_break_a_cut_are_named():
    run = Execution()
    send = run.send("alice", "hello", "bob")
    first = run.receive("bob", send)
    again = run.receive("bob", send)
    assert relation(run.events).breaking([again]) == ((send, first), (send, again))
    assert relation(run.events).breaking([send, again]) == ()


def test_a_receive_whose_send_is_not_known_breaks_no_cut():
    run = Execution()
    receive = run.receive("bob", run.send("alice", "hello", "bob"))
    alone = relation([receive])
    assert alone.breaking([receive]) == ()
    assert alone.largest_consistent([receive]) == (receive,)


def test_a_wrong_clock_deceives_nobody():
    run = Execution()
    send = run.send("alice", "hello", "bob")
    run.clocks["alice"] = run.clocks["bob"]  # forgets to merge: what alice sent is not in the clock
    receive = run.receive("bob", TraceEvent(send.id, "alice", send.order_id, "send", "hello"))
    assert not send.clock < receive.clock
    assert relation(run.events).holds(send, receive)


def test_the_critical_path_goes_by_the_last_answer_that_was_waited_for():
    run = Execution()
    quick = run.serve(run.send("caller", "Quick", "one"))
    slow = run.serve(run.send("caller", "Slow", "two"))
    run.receive("caller", quick)
    run.receive("caller", slow)
    end = run.local("caller", "done")
    path = relation(run.events).critical_path(end)
    assert [hop.event.id for hop in path] == ["caller#1", "caller#2", "two#1", "two#2", "caller#4", "caller#5"]
    assert path[0].seconds == 0
    assert abs(sum(hop.seconds for hop in path) - (end.wall - run.events[0].wall)) < 1e-6


@settings(deadline=None)
@given(executions, st.data())
def test_each_hop_of_a_critical_path_is_a_direct_cause_of_the_next(events, data):
    path = [hop.event.id for hop in relation(events).critical_path(data.draw(st.sampled_from(events)))]
    assert set(pairwise(path)) <= edges(events)
