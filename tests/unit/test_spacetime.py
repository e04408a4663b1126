"""The layout of space-time diagrams against happens-before computed by brute force."""

from dataclasses import replace
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.causality import causes
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from tests.executions import Execution, complete_order, interleaved, random_execution

executions = st.builds(
    random_execution,
    st.randoms(use_true_random=False),
    processes=st.integers(1, 5),
    events=st.integers(1, 40),
    twice=st.sampled_from([0.0, 0.3]),
)


def happens_before(events: list[TraceEvent]) -> set[tuple[str, str]]:
    """Lamport's definition, word for word, from the messages alone: no clock is read."""
    steps = {
        (a.id, b.id)
        for a, b in permutations(events, 2)
        if (a.process == b.process and int(a.id.split("#")[1]) < int(b.id.split("#")[1]))
        or (a.kind == "send" and b.kind == "receive" and a.message_id == b.message_id)
    }
    after: dict[str, set[str]] = {event.id: {b for a, b in steps if a == event.id} for event in events}
    reached: set[tuple[str, str]] = set()
    for event in events:
        to_visit = list(after[event.id])
        while to_visit:
            later = to_visit.pop()
            if (event.id, later) not in reached:
                reached.add((event.id, later))
                to_visit.extend(after[later])
    return reached


@given(executions)
def test_what_happens_before_stands_further_left(events):
    columns = lay_out(events).columns
    assert all(columns[a] < columns[b] for a, b in happens_before(events))


@given(executions)
def test_made_up_executions_have_the_clocks_that_happens_before_demands(events):
    clocks = {event.id: event.clock for event in events}
    before = happens_before(events)
    assert all((clocks[a.id] < clocks[b.id]) == ((a.id, b.id) in before) for a, b in permutations(events, 2))


@given(executions)
def test_events_of_one_process_never_share_a_column(events):
    columns = lay_out(events).columns
    assert len({(event.process, columns[event.id]) for event in events}) == len(events)


@given(executions)
def test_every_event_stands_just_behind_one_of_its_causes(events):
    columns = lay_out(events).columns
    for event_id, before in causes(events).items():
        assert columns[event_id] == 1 + max((columns[cause] for cause in before), default=-1)


@given(executions)
def test_every_arrow_goes_from_left_to_right(events):
    spacetime = lay_out(events)
    assert all(spacetime.columns[send.id] < spacetime.columns[receive.id] for send, receive, _ in spacetime.arrows)


@given(executions, st.randoms(use_true_random=False))
def test_the_layout_does_not_depend_on_the_order_of_the_trace_files(events, random: Random):
    shuffled = random.sample(events, len(events))
    assert lay_out(shuffled) == lay_out(events)


@given(executions)
def test_wrong_clocks_move_nothing(events):
    lying = [replace(event, clock=VectorClock({event.process: 99})) for event in events]
    assert lay_out(lying).columns == lay_out(events).columns


@given(executions)
def test_every_message_is_an_arrow_or_lost_and_every_repetition_is_told(events):
    spacetime = lay_out(events)
    sent = {event.message_id for event in events if event.kind == "send"}
    first = [arrow.send.message_id for arrow in spacetime.arrows if not arrow.again]
    assert sorted([*first, *(event.message_id for event in spacetime.lost)]) == sorted(sent)
    assert len(spacetime.arrows) == sum(event.kind == "receive" for event in events)


def test_rows_are_orchestrator_executors_services_others_in_order_of_first_use():
    events = complete_order(executor="executor-2")
    monitor = Execution()
    monitor.local("alice", "looked")
    assert lay_out([*monitor.events, *events]).processes == (
        "orchestrator",
        "executor-2",
        "transaction_verification",
        "fraud_detection",
        "suggestions",
        "alice",
    )


def test_a_restarted_process_stands_below_its_former_incarnation():
    run = Execution()
    message = run.send("orchestrator", "order_queued", "executors")
    for executor in ("executor-2", "executor-1", "executor-2~1"):
        run.receive(executor, message)
        message = run.send(executor, "order_queued", "executors")
    assert lay_out(run.events).processes == ("orchestrator", "executor-2", "executor-2~1", "executor-1")


def test_a_redelivered_message_has_a_second_arrow_that_is_marked():
    run = Execution()
    message = run.send("orchestrator", "order_queued", "executors")
    run.receive("executor-2", message)
    run.receive("executor-1", message)
    assert [(arrow.receive.process, arrow.again) for arrow in lay_out(run.events).arrows] == [
        ("executor-2", False),
        ("executor-1", True),
    ]


def test_a_cancelled_reply_is_lost():
    lost = lay_out(complete_order(status="rejected")).lost
    assert [(event.process, event.name) for event in lost] == [("fraud_detection", "CheckFraud reply")]


def test_a_receive_without_a_send_is_an_orphan():
    events = [event for event in complete_order() if event.process != "orchestrator"]
    assert [event.name for event in lay_out(events).orphans] == ["order_queued"]


def test_two_orders_at_once_keep_each_process_in_its_own_order():
    events = interleaved(complete_order("order-1"), complete_order("order-2"))
    columns = lay_out(events).columns
    assert all(columns[a] < columns[b] for a, b in happens_before(events))


def test_no_events_are_an_error_that_says_what_to_do():
    with pytest.raises(HistoryError, match="place an order first"):
        lay_out([])


def test_two_events_with_one_id_are_an_error():
    event = complete_order()[0]
    with pytest.raises(HistoryError, match="one run only"):
        lay_out([event, replace(event, name="other")])


def test_an_id_without_a_number_is_an_error():
    with pytest.raises(HistoryError, match="has no number"):
        lay_out([replace(complete_order()[0], id="orchestrator")])


def test_a_message_received_before_it_was_sent_is_an_error_that_names_the_events():
    run = Execution()
    run.local("a", "work")
    message = run.send("a", "m", "a")
    early = replace(run.events[0], kind="receive", message_id=message.id)
    with pytest.raises(HistoryError, match="a#1, a#2"):
        lay_out([early, message])
