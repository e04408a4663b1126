"""Faults, wall times and what is left out, in the layout of a space-time diagram."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.causality import causes
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.faults import faults_during
from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.core.stretches import collapse
from bookstore_lib.core.trace_event import TraceEvent
from tests.executions import Execution, complete_order, random_execution

executions = st.builds(
    random_execution,
    st.randoms(use_true_random=False),
    processes=st.integers(1, 5),
    events=st.integers(1, 40),
    twice=st.sampled_from([0.0, 0.3]),
)


def fault(name: str, process: str, wall: float) -> TraceEvent:
    """As the lab notes it."""
    return TraceEvent(f"lab#{wall}", "lab", "", "local", name, wall=wall, detail={"process": process})


@given(executions, st.data())
def test_wall_time_never_puts_an_effect_before_its_cause_whatever_the_clocks_on_the_wall_say(events, data):
    walls = data.draw(st.lists(st.floats(0, 100), min_size=len(events), max_size=len(events)))
    events = [replace(event, wall=wall) for event, wall in zip(events, walls, strict=True)]
    columns = lay_out(events, axis="wall").columns
    assert all(columns[cause] + 1 <= columns[event_id] for event_id, ids in causes(events).items() for cause in ids)


@given(executions)
def test_right_walls_are_the_order_on_a_wall_axis(events):
    columns = lay_out(events, axis="wall").columns
    in_order = sorted(events, key=lambda event: event.wall)
    assert all(columns[a.id] <= columns[b.id] for a, b in pairwise(in_order))


@given(executions)
def test_what_is_left_out_is_ordinary_and_the_rest_stays_in_order(events):
    whole = lay_out(events)
    short = collapse(whole)
    hidden = [event for stretch in short.stretches for event in stretch.events]
    assert sorted([*short.events, *hidden], key=lambda event: event.id) == sorted(events, key=lambda event: event.id)
    assert not {event.kind for event in hidden} - {"send", "receive"}
    assert not {event.id for event in (*whole.lost, *whole.orphans)} & {event.id for event in hidden}
    for event_id, before in causes(events).items():
        for cause in before:
            both_hidden = {cause, event_id} <= {event.id for event in hidden}
            assert short.columns[cause] < short.columns[event_id] or both_hidden


def test_what_is_to_be_kept_is_shown_with_the_other_end_of_its_message():
    short = collapse(lay_out(complete_order()))
    hidden = next(event for stretch in short.stretches for event in stretch.events if event.kind == "send")
    kept = collapse(lay_out(complete_order()), keep={hidden.id})
    shown = {event.id for event in kept.events}
    assert hidden.id in shown
    assert any(event.message_id == hidden.id and event.kind == "receive" for event in kept.events)


def test_a_fault_stands_among_the_events_of_its_process_where_the_wall_says():
    run = Execution()
    first, second = run.local("executor-1", "one"), run.local("executor-1", "two")
    paused = fault("paused", "executor-1", (first.wall + second.wall) / 2)
    spacetime = lay_out([*run.events, paused])
    assert [(event.process, event.name) for event in spacetime.events] == [
        ("executor-1", "one"),
        ("executor-1", "paused"),
        ("executor-1", "two"),
    ]
    assert spacetime.processes == ("executor-1",)


def test_a_process_that_was_killed_does_nothing_afterwards_and_its_next_life_is_on_the_same_lane():
    run = Execution()
    message = run.send("orchestrator", "order_queued", "executors")
    former, later = run.receive("executor-1", message), run.receive("executor-1~1", message)
    killed = fault("killed", "executor-1", former.wall - 5)
    spacetime = lay_out([*run.events, killed])
    columns = spacetime.columns
    assert columns[former.id] < columns[killed.id] < columns[later.id]
    assert spacetime.lanes == {"orchestrator": 0, "executor-1": 1, "executor-1~1": 1}


def test_only_faults_of_the_same_processes_at_the_same_time_belong_to_an_order():
    events = complete_order(executor="executor-2")
    middle = (events[0].wall + events[-1].wall) / 2
    restarted = TraceEvent("executor-2~1#1", "executor-2~1", "", "local", "started", wall=middle)
    here = [fault("killed", "executor-2", middle), restarted]
    elsewhere = [fault("killed", "executor-9", middle), fault("paused", "executor-2", events[-1].wall + 1)]
    assert faults_during(events, [*here, *elsewhere]) == here
    assert faults_during([], here) == []


def test_faults_alone_are_nothing_to_draw():
    with pytest.raises(HistoryError, match="place an order first"):
        lay_out([fault("killed", "executor-1", 1.0)])
