"""Histories as pandas tables."""

from collections.abc import Iterable
from typing import Any

import pytest

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.history import History
from bookstore_lib.lab.history.frames import FRAMES
from tests.executions import Execution, complete_order, election, interleaved


def frame(events: Iterable[TraceEvent], of: str) -> Any:
    """The table; not typed, because the types of pandas say of a cell only that it may be anything."""
    return History(events).frame(of)


def test_of_events_it_has_a_row_for_each_and_a_column_for_each_field():
    history = History([*complete_order(executor="executor-9", epoch=9), *election("none")])
    table = frame(history.events, "events")
    assert table.equals(history.frame())
    assert list(table.columns) == list(TraceEvent.__slots__)
    assert list(table["id"]) == [event.id for event in history.events]
    assert table["clock"].map(VectorClock).tolist() == [event.clock for event in history.events]
    assert table.loc[table["name"] == "settled", "epoch"].tolist() == [9]
    assert table["epoch"].isna().sum() == sum(event.epoch is None for event in history.events)


def test_of_messages_it_tells_what_came_what_came_again_and_what_was_lost():
    run = Execution()
    hello = run.send("alice", "hello", "bob")
    run.receive("bob", hello)
    run.receive("bob", hello)
    run.send("alice", "lost", "carol")
    table = frame(run.events, "messages").set_index("name")
    assert table.loc["hello", "again"].tolist() == [False, True]
    assert table.loc["hello", "seconds"].round(3).tolist() == [0.002, 0.004]
    assert table.loc["lost", ["sender", "receiver"]].tolist() == ["alice", "carol"]
    assert table.loc[["lost"], ["received", "seconds"]].isna().all(axis=None)


def test_of_messages_it_keeps_one_whose_send_is_not_known():
    run = Execution()
    receive = run.receive("bob", run.send("alice", "hello", "bob"))
    (row,) = frame([receive], "messages").to_dict("records")
    assert (row["sender"], row["receiver"], row["message_id"]) == ("alice", "bob", "alice#1")
    assert row["sent"] != row["sent"]


def test_of_orders_it_tells_how_each_ended_and_how_long_it_took():
    orders = complete_order("b-1", executor="executor-3", epoch=7), complete_order("a-2", status="rejected")
    table = frame(interleaved(*orders), "orders").set_index("order_id")
    assert table["status"].to_dict() == {"b-1": "approved", "a-2": "rejected"}
    assert table.loc["b-1", ["executor", "epoch", "events"]].tolist() == ["executor-3", 7, len(orders[0])]
    assert table["messages"].tolist() == [sum(e.kind == "send" for e in orders[i]) for i in (1, 0)]
    answered = next(event for event in orders[0] if event.name == "answered")
    assert table.loc["b-1", "seconds"] == pytest.approx(answered.wall - orders[0][0].wall)


def test_an_order_that_nobody_was_told_of_took_until_it_was_settled():
    row = frame(complete_order(outcome_lost=True), "orders").iloc[0]
    assert row["seconds"] == pytest.approx(row["settled"] - row["began"])
    assert row["answered"] != row["answered"]


def test_an_order_that_is_still_open_has_no_end():
    row = frame(complete_order()[:5], "orders").iloc[0]
    assert row[["status", "executor", "epoch", "settled", "answered", "seconds"]].isna().all()


def test_of_leadership_it_has_a_row_for_each_term():
    table = frame(election("kill"), "leadership")
    assert table[["process", "epoch", "ended_by"]].to_numpy().tolist() == [
        ["executor-1", 1, "killed"],
        ["executor-2", 2, ""],
    ]
    assert (table["believed_until"] - table["elected"]).tolist() == pytest.approx(table["seconds"].tolist())


def test_events_are_counted_by_process_and_kind_and_together():
    events = complete_order()
    table = frame(events, "counts")
    assert table.loc["all", "total"] == len(events)
    assert table.loc["all", "send"] == sum(event.kind == "send" for event in events)
    assert table.loc["executor-2", "local"] == sum(e.process == "executor-2" and e.kind == "local" for e in events)


def test_of_steps_it_tells_how_long_the_caller_waited_for_each_answer():
    events = complete_order(status="rejected")
    table = frame(events, "steps").set_index("step")
    asked = next(event for event in events if event.name == "CheckBilling" and event.kind == "send")
    answered = next(event for event in events if event.name == "CheckBilling reply" and event.kind == "receive")
    assert table.loc["check_billing", "seconds"] == pytest.approx(answered.wall - asked.wall)
    assert table.loc["check_fraud", "answer"] == "none", "it was cancelled"
    assert sorted(table.loc["ClearOrder", "answer"]) == ["error", "reply", "reply", "reply"]
    assert "get_suggestions" not in table.index


def test_a_service_that_came_back_with_another_name_answers_the_same_call():
    run = Execution()
    run.receive("suggestions", run.send("executor-1", "GetSuggestions", "suggestions"))
    run.receive("executor-1", run.send("suggestions~1", "GetSuggestions reply", "executor-1"))
    assert frame(run.events, "steps")["answer"].tolist() == ["reply"]


def test_latency_is_summed_up_by_step():
    events = interleaved(complete_order("o-1"), complete_order("o-2", status="rejected"))
    steps, table = frame(events, "steps"), frame(events, "latency")
    assert list(table.index) == list(steps["step"].unique())
    assert table.loc["check_fraud", ["calls", "answered"]].tolist() == [2, 1]
    billing = 1000 * steps.loc[steps["step"] == "check_billing", "seconds"]
    assert table.loc["check_billing", "median_ms"] == pytest.approx(billing.median())
    assert table.loc["check_billing", "max_ms"] == pytest.approx(billing.max())


@pytest.mark.parametrize("of", FRAMES)
def test_each_table_of_an_empty_history_is_empty_and_not_an_error(of):
    table = frame([], of)
    assert len(table.drop(index="all", errors="ignore")) == 0
    assert list(table.columns) == list(frame(complete_order(), of).columns)


def test_a_table_that_there_is_not_is_told_with_those_there_are():
    with pytest.raises(HistoryError, match=r"no table of 'order'; choose one of events, messages, orders, leadership"):
        frame([], "order")
