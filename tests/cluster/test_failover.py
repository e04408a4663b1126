import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import psycopg
import pytest
import redis

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.history import History
from tests.support import eventually

TTL = 10.0


@pytest.fixture
def calm_shop(open_shop):
    """A bookstore whose lock outlives a test, so whatever is quicker than that was handed over."""
    return open_shop(executors=2, lease_ttl=TTL)


def test_when_the_leader_is_killed_another_one_finishes_all_orders(shop, titles):
    leader, (_, epoch) = shop.leader, shop.client.leader()

    with _orders_under_way(shop, titles) as orders:
        shop.kill(leader)
        successor = shop.await_leader(other_than=leader)

    assert successor != leader
    assert _statuses(orders) == {"Order Approved"}
    assert shop.client.leader()[1] > epoch


def test_a_frozen_leader_that_wakes_up_finds_its_order_settled_by_another(shop, accept):
    leader, (host, epoch) = shop.leader, shop.client.leader()
    shop.pause("fraud_detection")
    order_id = accept()
    eventually(lambda: _has(shop, order_id, host, "CheckCard"))
    shop.pause(leader)
    shop.resume("fraud_detection")

    shop.await_leader(other_than=leader)
    assert shop.client.order(order_id, wait=20).status == "Order Approved"
    shop.resume(leader)

    eventually(lambda: _has(shop, "", host, "demoted", epoch))
    (row,) = [row for row in shop.tables().orders if row.order_id == order_id]
    assert row.epoch > epoch
    assert [payment.epoch for payment in shop.tables().payments if payment.order_id == order_id] == [row.epoch]


def test_while_the_leader_is_frozen_and_after_it_woke_up_orders_go_through(shop, titles):
    leader = shop.leader
    with _orders_under_way(shop, titles) as orders:
        shop.pause(leader)
        shop.await_leader(other_than=leader)
        eventually(lambda: sum(order.done() for order in orders) > len(orders) / 2, seconds=20)
        shop.resume(leader)

    assert _statuses(orders) == {"Order Approved"}


def test_a_leader_that_stops_in_order_hands_over_long_before_its_lock_would_end(calm_shop):
    leader = calm_shop.leader
    titles = [book["title"] for book in calm_shop.client.books(limit=30)]

    with _orders_under_way(calm_shop, titles) as orders:
        began = time.monotonic()
        calm_shop.stop(leader)
        assert calm_shop.await_leader(other_than=leader) != leader
        assert time.monotonic() - began < TTL / 2

    assert _statuses(orders) == {"Order Approved"}
    assert calm_shop.history().check().holds


def test_epochs_rise_with_every_failover(shop):
    before = shop.tables().epochs[-1].epoch
    for _ in range(3):
        leader = shop.leader
        shop.kill(leader)
        shop.await_leader(other_than=leader)
        shop.start(leader)

    epochs = [row.epoch for row in shop.tables().epochs]
    elected = sorted(event.epoch for event in shop.history().events if event.name == "elected")
    assert all(earlier < later for earlier, later in pairwise(epochs))
    assert epochs[-1] >= before + 3
    assert len(set(elected)) == len(elected)


def test_an_order_without_a_service_fails_honestly(shop):
    shop.kill("fraud_detection")

    receipt = shop.checkout({"Frankenstein": 1})

    assert (receipt.status, receipt.suggestions) == ("Order Failed", ())
    assert {reason.code for reason in receipt.reasons} == {"unavailable"}
    assert all("fraud_detection" in reason.message for reason in receipt.reasons)


def test_an_order_is_approved_when_its_service_comes_back_in_time(shop):
    shop.kill("fraud_detection")

    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(shop.start, "fraud_detection")
        receipt = shop.checkout({"Frankenstein": 1})

    started.result()
    assert receipt.status == "Order Approved"


def test_nothing_is_lost_when_redis_dies_and_comes_back(shop, titles):
    with _orders_under_way(shop, titles) as orders:
        shop.kill("redis")
        shop.start("redis")

    assert _statuses(orders) == {"Order Approved"}


def test_orders_under_way_end_though_redis_forgets_everything(shop, titles):
    with _orders_under_way(shop, titles) as orders:
        _flush(shop)

    assert _statuses(orders) == {"Order Approved"}


def test_an_accepted_order_that_no_list_holds_any_more_is_found_in_the_record(shop, accept):
    executors = [process.name for process in shop.processes() if process.name.startswith("executor-")]
    for executor in executors:
        shop.kill(executor)
    orders = [accept() for _ in range(3)]
    assert shop.queue_length() == 3

    _flush(shop)
    assert shop.queue_length() == 0
    shop.start("executor-1")

    assert {shop.client.order(order_id, wait=20).status for order_id in orders} == {"Order Approved"}


def test_while_the_record_is_away_no_order_is_accepted_and_afterwards_all_is_well(shop, post):
    shop.stop("postgres")
    answer = post()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")

    shop.start("postgres")

    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_nothing_is_lost_when_the_record_crashes_and_comes_back(shop, titles):
    with _orders_under_way(shop, titles, may_be_refused=True) as orders:
        shop.kill("postgres")
        shop.start("postgres")

    assert _statuses(orders) == {"Order Approved"}
    accepted = [row.order_id for row in shop.tables().orders]
    assert {shop.client.order(order_id, wait=20).finished for order_id in accepted} == {True}


def test_an_order_that_was_accepted_ends_though_the_orchestrator_dies(shop, accept):
    leader = shop.leader
    with psycopg.connect(shop._postgres_url) as connection:
        connection.execute("SELECT epoch FROM leadership FOR UPDATE")  # nothing can be settled meanwhile
        order_id = accept()
        shop.kill("orchestrator")
    shop.start("orchestrator")

    assert shop.client.order(order_id, wait=20).status == "Order Approved"
    assert shop.leader == leader


@contextmanager
def _orders_under_way(shop, titles, *, may_be_refused=False):
    """Places orders from four threads; the block begins when some are done and many are not, and ends with the last."""

    def place(title):
        try:
            return shop.checkout({title: 1})
        except BookstoreError:
            if may_be_refused:
                return None
            raise

    with ThreadPoolExecutor(4) as pool:
        orders = [pool.submit(place, title) for title in titles[:30]]
        eventually(lambda: sum(order.done() for order in orders) >= 3)
        assert not all(order.done() for order in orders)
        yield orders


def _statuses(orders):
    return {receipt.status for order in orders if (receipt := order.result())}


def _has(shop, order_id, process, name, epoch=None):
    return any(
        (event.order_id, event.process, event.name, event.epoch) == (order_id, process, name, epoch)
        for event in History.load(shop.run_dir / "traces").events
    )


def _flush(shop):
    with redis.Redis.from_url(shop._redis_url) as client:
        client.flushall()
