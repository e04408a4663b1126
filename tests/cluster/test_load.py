"""Load on a real bookstore: orders arrive at a rate, and many at the same moment."""

import threading

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.load import Load, place_at_once, run_customers, run_load
from tests.support import eventually


@pytest.fixture(scope="module")
def shop():
    with Bookstore(executors=1) as shop:
        yield shop


def test_a_load_arrives_at_its_rate_and_every_order_is_in_the_table(shop):
    frame, summary = run_load(shop, rate=10, seconds=2, mix={"good": 3, "bad_card": 1})

    assert len(frame) == summary.orders == 20
    assert list(frame["due"]) == pytest.approx([number / 10 for number in range(20)])
    assert set(frame.loc[frame["customer"] == "bad_card", "status"]) == {"Order Rejected"}
    assert set(frame.loc[frame["customer"] == "good", "status"]) == {"Order Approved"}
    assert frame["order_id"].is_unique


def test_the_same_seed_gives_the_same_customers(shop):
    first, _ = run_load(shop, rate=20, seconds=0.5, mix={"good": 1, "bad_card": 1}, seed=7)
    again, _ = run_load(shop, rate=20, seconds=0.5, mix={"good": 1, "bad_card": 1}, seed=7)

    assert list(first["customer"]) == list(again["customer"])


def test_orders_are_counted_as_slow_from_when_they_were_due(shop):
    shop.pause("executor-1")
    threading.Timer(1.0, shop.resume, ["executor-1"]).start()

    _, summary = run_load(shop, rate=10, seconds=0.5)

    assert summary.slowest > 0.8


def test_a_load_that_is_stopped_leaves_out_those_that_wait_for_a_free_customer(shop):
    load = Load(shop, rate=200)
    shop.pause("executor-1")
    running = threading.Thread(target=load.run, args=(60,))
    running.start()
    eventually(lambda: load.elapsed > 1.0)

    load.stop()
    shop.resume("executor-1")

    running.join(20)
    assert not running.is_alive()
    assert 0 < len(load.placed) < 150


def test_a_load_ends_with_its_bookstore_and_a_new_one_says_so():
    with Bookstore(executors=1) as shop:
        load = Load(shop, rate=5)
        running = threading.Thread(target=load.run, args=(60,))
        running.start()
        eventually(lambda: load.placed)

    running.join(20)
    assert not running.is_alive()
    for use in (lambda: run_load(shop, 1, 1), lambda: place_at_once(shop, {"Dracula": 1})):
        with pytest.raises(BookstoreError, match="was stopped; start a new one"):
            use()


def test_orders_at_once_all_have_their_outcome(shop):
    receipts = place_at_once(shop, {"Dracula": 1}, count=8)

    assert [receipt.status for receipt in receipts] == ["Order Approved"] * 8
    assert len({receipt.order_id for receipt in receipts}) == 8


def test_a_customer_of_a_closed_load_orders_again_only_when_the_last_outcome_is_there(shop):
    frame, summary = run_customers(shop, customers=1, each=4)

    ended = frame["due"] + frame["seconds"]
    assert len(frame) == summary.orders == 4
    assert list(frame["due"])[1:] >= list(ended)[:-1]
    assert summary.offered == summary.throughput


def test_as_many_customers_order_at_once_as_there_are(shop):
    frame, _ = run_customers(shop, customers=5, each=2)

    assert len(frame) == 10
    assert frame["due"].nsmallest(5).max() < (frame["due"] + frame["seconds"]).min()


@pytest.mark.parametrize("customers", [0, 65])
def test_a_number_of_customers_that_makes_no_sense_is_refused(shop, customers):
    with pytest.raises(BookstoreError, match="From 1 to 64 customers"):
        run_customers(shop, customers)
