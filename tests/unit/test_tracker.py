"""The tracker: every event ticks its own entry once and is written before anybody can know of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime import tracker as tracker_module
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker, Stamp


@pytest.fixture
def new_tracker(tmp_path):
    logs = []

    def make(name="alice"):
        logs.append(TraceLog(tmp_path, name, now=lambda: 1_700_000_000.5))
        return OrderEventTracker(logs[-1])

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def written(tmp_path):
    def read(process="alice"):
        return [TraceEvent.from_json(line) for line in (tmp_path / f"{process}.jsonl").read_text().splitlines()]

    return read


def test_every_event_ticks_the_own_entry_by_one(new_tracker, written):
    alice = new_tracker()
    alice.local("order-1", "begun")
    alice.send("order-1", "CheckCard", "bob")
    alice.receive("order-1", "CheckCard reply", Stamp("bob", "bob#9", VectorClock({"bob": 2})))
    assert [event.clock["alice"] for event in written()] == [1, 2, 3]
    assert [event.kind for event in written()] == ["local", "send", "receive"]


def test_a_message_carries_the_clock_with_its_own_sending_in_it(new_tracker, written):
    stamp = new_tracker().send("order-1", "CheckCard", "bob")
    (sent,) = written()
    assert stamp == Stamp("alice", sent.id, sent.clock)
    assert stamp.clock == VectorClock({"alice": 1})
    assert (sent.message_id, sent.peer) == (sent.id, "bob")


def test_a_receive_merges_and_ticks(new_tracker, written):
    alice, bob = new_tracker(), new_tracker("bob")
    stamp = alice.send("order-1", "CheckCard", "bob")
    bob.local("order-1", "begun")
    assert bob.receive("order-1", "CheckCard", stamp) == VectorClock({"alice": 1, "bob": 2})
    assert bob.clock("order-1") == VectorClock({"alice": 1, "bob": 2})
    received = written("bob")[-1]
    assert (received.message_id, received.peer, received.name) == (stamp.message_id, "alice", "CheckCard")


def test_what_was_work_is_told_apart_from_what_came_after_until_the_order_is_cleared(new_tracker):
    tracker = new_tracker()
    assert tracker.worked("order-1") == VectorClock()
    tracker.local("order-1", "card checked")
    tracker.send("order-1", "CheckCard reply", "executor-1", work=True)
    tracker.local("order-1", "clear refused")
    tracker.send("order-1", "ClearOrder reply", "executor-1")
    assert tracker.worked("order-1") == VectorClock({"alice": 2})
    tracker.forget("order-1")
    assert tracker.worked("order-1") == VectorClock()


def test_a_message_counts_as_work_before_another_thread_can_find_it(new_tracker, monkeypatch):
    tracker, guarded = new_tracker(), []
    usual = tracker._note_work

    def note_work(order_id, *, work):
        guarded.append(tracker._lock.locked())
        usual(order_id, work=work)

    monkeypatch.setattr(tracker, "_note_work", note_work)
    stamp = tracker.send("order-1", "CheckCard reply", "executor-1", work=True)
    tracker.receive("order-1", "CheckCard", stamp, work=True)

    assert guarded == [True, True]
    assert tracker.worked("order-1") == tracker.clock("order-1")


def test_each_order_has_a_clock_of_its_own(new_tracker):
    alice = new_tracker()
    alice.local("order-1", "begun")
    assert alice.clock("order-2") == VectorClock()


def test_a_late_message_of_a_cleared_order_does_not_make_it_count_from_zero_again(new_tracker, written):
    alice = new_tracker()
    alice.local("order-1", "begun")
    alice.forget("order-1")
    alice.receive("order-1", "CheckCard reply", Stamp("bob", "bob#1", VectorClock({"bob": 1})))
    alice.local("order-1", "late")
    assert [event.clock["alice"] for event in written()] == [1, 2, 3]


def test_only_so_many_cleared_orders_are_remembered_the_oldest_go_first(new_tracker, monkeypatch):
    monkeypatch.setattr(tracker_module, "_REMEMBERED", 3)
    alice = new_tracker()
    for number in range(5):
        alice.local(f"order-{number}", "begun")
        alice.forget(f"order-{number}")
    assert [bool(alice.clock(f"order-{number}")) for number in range(5)] == [False, False, True, True, True]


def test_forgetting_what_was_never_known_is_harmless(new_tracker):
    alice = new_tracker()
    alice.forget("order-1")
    assert alice.clock("order-1") == VectorClock()


def test_what_happens_to_the_process_itself_has_no_clock(new_tracker, written):
    new_tracker().process_event("elected", 3, believes_until=12.5)
    (event,) = written()
    assert (event.order_id, event.clock, event.epoch, event.detail) == ("", VectorClock(), 3, {"believes_until": 12.5})


def test_details_epoch_and_wall_time_are_written_along(new_tracker, written):
    new_tracker().local("order-1", "settled", 4, status="approved")
    (event,) = written()
    assert (event.epoch, event.detail, event.wall) == (4, {"status": "approved"}, 1_700_000_000.5)


def test_events_of_many_threads_are_numbered_and_ticked_one_by_one(new_tracker, written):
    alice = new_tracker()

    def work(number):
        stamp = alice.send("order-1", "a", "bob")
        alice.receive("order-1", "b", Stamp("bob", f"bob#{number}", VectorClock({"bob": number})))
        alice.local(f"order-{2 + number % 3}", "c")
        return stamp

    with ThreadPoolExecutor(8) as pool:
        stamps = list(pool.map(work, range(1, 101)))
    events = written()
    assert [event.id for event in events] == [f"alice#{number}" for number in range(1, 301)]
    assert [event.clock["alice"] for event in events if event.order_id == "order-1"] == list(range(1, 201))
    assert len({stamp.message_id for stamp in stamps}) == 100
    assert alice.clock("order-1") == VectorClock({"alice": 200, "bob": 100})


def test_a_sample_of_the_orders_is_traced_the_same_ones_everywhere_and_every_clock_ticks(tmp_path):
    orders = [f"order-{number}" for number in range(1000)]
    traced = []
    for name in ("one", "two"):
        log = TraceLog(tmp_path, name)
        tracker = OrderEventTracker(log, sample=0.1)
        assert all(tracker.local(order_id, "checked") for order_id in orders)
        tracker.process_event("elected")
        log.close()
        events = [TraceEvent.from_json(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        traced.append([event.order_id for event in events])
        assert set(traced[-1]) - {""} == {order_id for order_id in orders if tracker.traces(order_id)}

    assert traced[0] == traced[1]
    assert traced[0][-1] == ""
    assert 50 < len(traced[0]) < 150
