"""The shop at a glance."""

import threading

import pytest

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.runtime.recent_orders import RecentOrder, recent_orders
from services.orchestrator import overview
from tests.integration.front_door.shop import ASYNC, error_of, good
from tests.support import eventually


def states(status):
    return {process["name"]: process["state"] for process in status["processes"]}


def test_it_names_all_processes_the_leader_its_epoch_the_queue_and_the_last_orders(closed_shop):
    closed_shop.lease.acquire("executor-2", 60)
    closed_shop.store.take_epoch("executor-2")
    closed_shop.queue.push(["order-1", "order-2", "order-3"])
    closed_shop.queue.take("executor-2", 0)
    closed_shop.recent.append(RecentOrder("01234567", OrderStatus.ACCEPTED, 2.5, None))

    status = closed_shop.http.get("/api/status").get_json()

    assert status.pop("processes")[0] == {"name": "orchestrator", "role": "front door", "state": "answers"}
    assert status == {
        "leader": "executor-2",
        "epoch": 1,
        "queue": {"waiting": 2, "processing": {"executor-2": 1}},
        "recentOrders": [{"shortId": "01234567", "status": "Order Received", "age": 2.5, "took": None}],
    }


def test_what_is_silent_is_called_silent_and_what_it_alone_knows_is_unknown(closed_shop):
    closed_shop.parts.update(redis=False, postgres=False)

    status = closed_shop.http.get("/api/status").get_json()

    assert states(status).items() >= {"redis": "silent", "postgres": "silent", "suggestions": "answers"}.items()
    assert "executor-1" not in states(status)
    assert [status[name] for name in ("leader", "epoch", "queue", "recentOrders")] == [None] * 4


def test_however_many_look_the_parts_are_asked_once_a_second(closed_shop, monkeypatch):
    for _ in range(20):
        before = closed_shop.http.get("/api/status").get_json()
    closed_shop.executors.append("executor-3")
    assert closed_shop.http.get("/api/status").get_json() == before

    monkeypatch.setattr(overview, "_LOOK_SECONDS", 0)
    closed_shop.overview._look_at = 0

    assert "executor-3" in states(closed_shop.http.get("/api/status").get_json())


def test_while_a_silent_part_is_waited_for_others_are_told_what_was_seen_last(closed_shop):
    shown = closed_shop.http.get("/api/status").get_json()
    asked, answered = threading.Event(), threading.Event()

    def slow():
        asked.set()
        answered.wait(60)
        return ["executor-9"]

    closed_shop.overview._executors, closed_shop.overview._look_at = slow, 0
    looker = threading.Thread(target=closed_shop.overview.status)
    looker.start()
    asked.wait(60)

    assert closed_shop.http.get("/api/status").get_json() == shown
    answered.set()
    looker.join(60)
    eventually(lambda: "executor-9" in states(closed_shop.http.get("/api/status").get_json()))


@pytest.mark.parametrize("path", ["", "/events", "/diagram"])
def test_a_stranger_learns_nothing_of_an_order_by_the_list(recorded_shop, database, path):
    order_id = recorded_shop.post(good(), headers=ASYNC).get_json()["orderId"]

    (recent,) = recent_orders(database, 1)

    assert order_id.startswith(recent.short_id)
    assert len(recent.short_id) == 8
    assert recent._fields == ("short_id", "status", "age", "took")
    assert error_of(recorded_shop.http.get(f"/orders/{recent.short_id}{path}")) == (404, "unknown_order")


def test_the_last_orders_come_newest_first_with_their_status_and_how_long_they_took(recorded_shop, database):
    placed = [recorded_shop.post(good(), headers=ASYNC).get_json()["orderId"] for _ in range(3)]
    recorded_shop.run_executor()
    eventually(lambda: all(recorded_shop.store.load(order_id).outcome for order_id in placed), seconds=60)

    recent = recent_orders(database, 2)

    assert [order.short_id for order in recent] == [order_id[:8] for order_id in placed[:0:-1]]
    assert [order.status for order in recent] == [OrderStatus.APPROVED] * 2
    assert all(order.took is not None and 0 < order.took <= order.age for order in recent)


@pytest.mark.parametrize("page", ["/", "/status"])
def test_the_pages_need_nothing_from_elsewhere_and_nothing_inline(closed_shop, page):
    text = closed_shop.http.get(page).text

    assert "<style" not in text
    assert "style=" not in text
    assert "onclick=" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert "<script>" not in text
