"""An order's events out of the ends of the traces."""

import pytest

from bookstore_lib.runtime import order_trace
from bookstore_lib.runtime.order_trace import events_of
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker


@pytest.fixture
def tracker(tmp_path):
    log = TraceLog(tmp_path, "executor-1")
    yield OrderEventTracker(log)
    log.close()


def names(folder, order_id):
    return [event.name for event in events_of(folder, order_id)]


def test_the_events_of_one_order_are_found_among_others_and_in_all_files(tmp_path, tracker):
    other = TraceLog(tmp_path, "suggestions")
    stamp = tracker.send("order-1", "GetSuggestions", "suggestions")
    tracker.local("order-2", "checked")
    tracker.process_event("took", 1, order="order-1")
    OrderEventTracker(other).receive("order-1", "GetSuggestions", stamp)
    other.close()

    found = events_of(tmp_path, "order-1")

    assert sorted((event.process, event.kind) for event in found) == [
        ("executor-1", "send"),
        ("suggestions", "receive"),
    ]
    assert events_of(tmp_path, "order-3") == []


def test_only_the_ends_are_read_and_a_line_that_begins_before_them_is_left_out(tmp_path, tracker, monkeypatch):
    for number in range(10):
        tracker.local("order-1", f"event {number}")
    size = (tmp_path / "executor-1.jsonl").stat().st_size
    monkeypatch.setattr(order_trace, "_END_BYTES", size // 2)

    found = names(tmp_path, "order-1")

    assert found == [f"event {number}" for number in range(10 - len(found), 10)]
    assert 4 <= len(found) <= 5


def test_a_line_that_is_being_written_is_left_out(tmp_path, tracker):
    tracker.local("order-1", "checked")
    with (tmp_path / "suggestions.jsonl").open("w") as file:
        file.write('{"id": "suggestions#1", "order_id": "order-1", "na')

    assert names(tmp_path, "order-1") == ["checked"]


def test_without_traces_nothing_is_known(tmp_path):
    assert events_of(tmp_path / "nowhere", "order-1") == []
