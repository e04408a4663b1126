"""What a service remembers of an order: until it is cleared for good reason, or idle too long."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from bookstore_lib.core.errors import UnknownOrderError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.pb.common_pb2 import ClearReply, ClearRequest
from bookstore_lib.runtime.rpc_context import RECEIVED, ReceivedCall
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker

IDLE = 600.0


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tracker(tmp_path):
    trace = TraceLog(tmp_path, "fraud_detection")
    yield OrderEventTracker(trace)
    trace.close()


@pytest.fixture
def sessions(tracker, clock) -> Sessions[str]:
    return Sessions(tracker, IDLE, clock)


def clear(sessions: Sessions[str], order_id: str, final_clock, known_before) -> ClearReply:
    """What the service does when it is asked to clear, as the interceptor prepares it."""

    def serve() -> ClearReply:
        RECEIVED.set(ReceivedCall(order_id, VectorClock(known_before)))
        return sessions.clear(ClearRequest(order_id=order_id, final_clock=final_clock))

    return copy_context().run(serve)


def test_what_was_opened_is_remembered_and_the_last_word_counts(sessions):
    sessions.open("order-1", "first")
    sessions.open("order-1", "second")
    assert sessions.data("order-1") == "second"
    assert len(sessions) == 1


def test_an_order_that_was_never_opened_is_unknown(sessions):
    with pytest.raises(UnknownOrderError, match="initialise it first"):
        sessions.data("order-1")


@pytest.mark.parametrize("final", [{"a": 2, "b": 1}, {"a": 2, "b": 1, "c": 5}, {"a": 9, "b": 9}])
def test_a_final_clock_that_covers_what_is_known_clears_the_order(sessions, final):
    sessions.open("order-1", "data")
    assert clear(sessions, "order-1", final, {"a": 2, "b": 1}).cleared
    with pytest.raises(UnknownOrderError):
        sessions.data("order-1")


@pytest.mark.parametrize("final", [{}, {"a": 2}, {"a": 1, "b": 9}])
def test_a_final_clock_that_misses_something_is_refused_with_what_is_known(sessions, final):
    sessions.open("order-1", "data")
    reply = clear(sessions, "order-1", final, {"a": 2, "b": 1})
    assert (reply.cleared, dict(reply.clock)) == (False, {"a": 2, "b": 1})
    assert sessions.data("order-1") == "data"


def test_a_coordinator_that_merges_the_refusal_and_asks_again_succeeds(sessions):
    sessions.open("order-1", "data")
    refused = clear(sessions, "order-1", {"a": 2}, {"a": 1, "b": 3})
    assert clear(sessions, "order-1", VectorClock({"a": 2}).merge(refused.clock), {"a": 2, "b": 3}).cleared


def test_clearing_twice_or_what_was_never_there_is_no_error(sessions):
    sessions.open("order-1", "data")
    assert clear(sessions, "order-1", {}, {}).cleared
    assert clear(sessions, "order-1", {}, {}).cleared


def test_the_trace_tells_once_that_the_session_was_cleared(sessions, tmp_path):
    sessions.open("order-1", "data")
    for final in ({}, {"a": 1}, {"a": 1}):
        clear(sessions, "order-1", final, {"a": 1})
    lines = (tmp_path / "fraud_detection.jsonl").read_text().splitlines()
    assert [TraceEvent.from_json(line).name for line in lines] == ["clear refused", "session cleared"]


def test_an_order_that_nobody_asked_about_is_dropped_and_its_clock_with_it(sessions, clock, tracker):
    sessions.open("idle", "data")
    tracker.local("idle", "begun")
    clock.now += IDLE
    sessions.open("new", "data")
    assert len(sessions) == 1
    with pytest.raises(UnknownOrderError):
        sessions.data("idle")
    assert "idle" not in tracker._clocks


def test_asking_keeps_an_order_alive(sessions, clock):
    sessions.open("asked", "data")
    sessions.open("idle", "data")
    clock.now += IDLE - 1
    sessions.data("asked")
    clock.now += 1
    sessions.open("new", "data")
    assert sessions.data("asked") == "data"
    assert len(sessions) == 2


def test_many_threads_open_ask_and_clear_without_harm(sessions):
    def live(number: int) -> bool:
        order_id = f"order-{number}"
        sessions.open(order_id, order_id)
        return sessions.data(order_id) == order_id and clear(sessions, order_id, {}, {}).cleared

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(live, range(200)))
    assert len(sessions) == 0
