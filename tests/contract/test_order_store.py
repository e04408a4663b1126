"""The record of orders, in memory and in PostgreSQL: accepted once and settled once."""

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from bookstore_lib.core.errors import KeyReusedError, NotDeadError, SetupError, UnknownOrderError
from bookstore_lib.core.order import Card, Item, OrderStatus
from bookstore_lib.core.record import OrderRow, PaymentRow, StockRow
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.order_store import Acceptance, DeadLetter, Ending, IdempotencyKey, Settlement, StoredOrder
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.tracker import Stamp
from tests.contract.orders import (
    APPROVED,
    CLOCK,
    FAILED,
    NUMBER,
    PRICE,
    REJECTED,
    STAMP,
    STOCK,
    make_order,
    together,
)
from tests.support import eventually

# Accepting


def test_an_accepted_order_is_there_as_it_was_given_with_its_card_and_stamp(shop):
    assert shop.accept(book_1=2, book_2=1) == "order-1"
    stored = shop.store.load("order-1")
    assert stored.order == make_order(book_1=2, book_2=1)
    assert stored.stamp == STAMP
    assert (stored.checked, stored.outcome, stored.final_clock) == (None, None, VectorClock())
    assert shop.store.tables().orders == (
        OrderRow("order-1", OrderStatus.ACCEPTED, None, 3 * PRICE, {1: 2, 2: 1}, sealed=True),
    )


def test_accepting_again_after_a_lost_answer_changes_nothing(shop):
    shop.accept(key="key-1")
    assert shop.accept(key="key-1") == "order-1"
    assert shop.accept() == "order-1"
    assert len(shop.store.tables().orders) == 1


def test_the_same_key_and_body_is_the_same_order(shop):
    shop.accept("order-1", key="key-1")
    assert shop.accept("order-2", key="key-1") == "order-1"
    assert [row.order_id for row in shop.store.tables().orders] == ["order-1"]


def test_the_same_key_with_another_body_is_refused_and_nothing_is_kept(shop):
    shop.accept("order-1", key="key-1")
    with pytest.raises(KeyReusedError, match="use a new one"):
        shop.store.accept(Acceptance(make_order("order-2"), STAMP, IdempotencyKey("key-1", "another body")))
    assert [row.order_id for row in shop.store.tables().orders] == ["order-1"]


def test_a_key_still_means_the_same_order_once_that_is_settled(shop):
    shop.accept("order-1", key="key-1")
    shop.store.take_epoch("executor-1")
    shop.settle()
    assert shop.accept("order-2", key="key-1") == "order-1"


def test_orders_with_other_keys_or_none_are_apart(shop):
    for order_id, key in (("order-1", None), ("order-2", None), ("order-3", "a"), ("order-4", "b")):
        assert shop.accept(order_id, key) == order_id
    assert len(shop.store.tables().orders) == 4


def test_twenty_requests_with_one_key_at_the_same_time_yield_one_order(shop):
    ids = together(20, lambda number: shop.accept(f"order-{number}", "key-1"))
    assert len(set(ids)) == 1
    assert [row.order_id for row in shop.store.tables().orders] == ids[:1]


@pytest.mark.parametrize("order_id", ["never-heard-of", "", "é" * 500, "\0"], ids=["strange", "empty", "long", "NUL"])
def test_an_order_that_nobody_placed_is_unknown(shop, order_id):
    with pytest.raises(UnknownOrderError, match="no order"):
        shop.store.load(order_id)
    shop.store.take_epoch("executor-1")
    with pytest.raises(UnknownOrderError, match="no order"):
        shop.settle(order_id)


def test_checks_of_an_order_that_nobody_placed_are_refused(shop):
    with pytest.raises(UnknownOrderError, match="no order"):
        shop.store.record_checks("never-heard-of", APPROVED, STAMP)


# Checks by the orchestrator


@pytest.mark.parametrize("outcome", [APPROVED, REJECTED])
def test_what_the_checks_said_is_kept_with_the_new_stamp_and_the_card_no_longer(shop, outcome):
    shop.accept()
    later = Stamp("orchestrator", "orchestrator#20", VectorClock({"orchestrator": 11}))
    shop.store.record_checks("order-1", outcome, later)
    stored = shop.store.load("order-1")
    assert (stored.checked, stored.stamp, stored.outcome) == (outcome, later, None)
    assert stored.order.card is None
    assert not shop.store.tables().orders[0].sealed

    shop.store.take_epoch("executor-1")
    shop.settle()
    shop.store.record_checks("order-1", FAILED, STAMP)
    stored = shop.store.load("order-1")
    assert (stored.checked, stored.stamp) == (outcome, later)


# Settling


@pytest.mark.parametrize("outcome", [APPROVED, REJECTED])
def test_a_settled_order_has_its_outcome_and_clock_and_no_card_any_more(shop, outcome):
    shop.accept()
    shop.store.take_epoch("executor-1")
    assert shop.settle(outcome=outcome) is Settlement.SETTLED
    stored = shop.store.load("order-1")
    assert (stored.outcome, stored.final_clock, stored.order.card) == (outcome, CLOCK, None)
    (row,) = shop.store.tables().orders
    assert (row.status, row.epoch, row.sealed, row.settled_seq) == (outcome.status, 1, False, 2)


def test_what_became_of_each_step_is_kept_once_an_order_is_settled_and_no_longer_once_it_is_redriven(shop):
    shop.accept()
    epoch, steps = shop.store.take_epoch("executor-1"), {"check_billing": "passed", "check_card": "failed"}

    shop.settle(epoch=epoch, outcome=replace(FAILED, steps=steps))
    assert shop.store.load("order-1").outcome.steps == steps

    shop.store.redrive("order-1")
    assert shop.settle(epoch=epoch, outcome=APPROVED) is Settlement.SETTLED
    shop.settle(epoch=epoch, outcome=replace(FAILED, steps=steps))
    assert shop.store.load("order-1").outcome.steps == {}


def test_a_failed_order_is_a_dead_letter_that_keeps_its_sealed_card_without_the_cvv(shop):
    for order_id, outcome in (("order-1", FAILED), ("order-2", APPROVED), ("order-3", FAILED)):
        shop.accept(order_id)
        shop.settle(order_id, epoch=shop.store.take_epoch("executor-1"), outcome=outcome)
    dead = shop.store.dead_letters()
    assert dead == [DeadLetter(order_id, 2 * PRICE, 0, 0, FAILED.reasons) for order_id in ("order-1", "order-3")]
    assert [shop.store.load(letter.order_id).order.card for letter in dead] == [Card(NUMBER, "12/30", "000")] * 2


def test_a_redriven_order_is_as_good_as_new_and_can_be_settled_again(shop):
    shop.accept()
    epoch = shop.store.take_epoch("executor-1")
    shop.store.count_attempts(["order-1"])
    shop.settle(epoch=epoch, outcome=FAILED)

    shop.store.redrive("order-1")

    stored = shop.store.load("order-1")
    assert (stored.outcome, stored.attempts, stored.drive) == (None, 0, 1)
    assert stored.order.card
    assert shop.store.dead_letters() == []
    assert shop.store.open_orders(0) == ["order-1"]
    assert shop.settle(epoch=epoch) is Settlement.SETTLED
    (row,) = shop.store.tables().orders
    assert (row.status, row.sealed, row.drive) == (OrderStatus.APPROVED, False, 1)


@pytest.mark.parametrize("outcome", [None, APPROVED, REJECTED])
def test_only_a_failed_order_can_be_redriven(shop, outcome):
    shop.accept()
    if outcome:
        shop.settle(epoch=shop.store.take_epoch("executor-1"), outcome=outcome)
    before = shop.store.tables()
    with pytest.raises(NotDeadError, match="only a failed order"):
        shop.store.redrive("order-1")
    with pytest.raises(UnknownOrderError):
        shop.store.redrive("order-2")
    assert shop.store.tables() == before


def test_attempts_are_counted_while_an_order_is_open(shop):
    shop.accept("order-1")
    shop.accept("order-2")
    shop.settle("order-2", epoch=shop.store.take_epoch("executor-1"))
    assert shop.store.count_attempts(["order-1", "order-2", "nobody's"]) == {"order-1": 1}
    shop.store.count_attempts(["order-1"])
    assert [shop.store.load(order_id).attempts for order_id in ("order-1", "order-2")] == [2, 0]


def test_only_an_approval_takes_stock_and_books_the_payment(shop):
    shop.store.take_epoch("executor-1")
    for order_id, outcome in (("order-1", REJECTED), ("order-2", FAILED), ("order-3", APPROVED)):
        shop.accept(order_id, book_1=2, book_2=1)
        shop.settle(order_id, outcome=outcome)
    assert shop.stock() == {1: 98, 2: 4, 3: 1}
    assert shop.store.tables().payments == (PaymentRow("order-3", 3 * PRICE, 1),)
    assert shop.store.tables().stock[0] == StockRow(1, "1", 100, 98)


def test_a_settled_order_stays_as_it_is_whatever_comes_later(shop):
    shop.accept()
    shop.store.take_epoch("executor-1")
    shop.settle()
    before = shop.store.tables()
    for outcome in (APPROVED, REJECTED, FAILED):
        assert shop.settle(outcome=outcome) is Settlement.ALREADY
    assert shop.settle(epoch=None, outcome=REJECTED) is Settlement.ALREADY
    assert shop.store.tables() == before
    assert shop.store.load("order-1").outcome == APPROVED


def test_twenty_that_settle_the_same_order_settle_it_once(shop):
    shop.accept()
    shop.store.take_epoch("executor-1")
    results = together(20, lambda number: shop.settle(outcome=(APPROVED, REJECTED)[number % 2]))
    assert Counter(results) == {Settlement.SETTLED: 1, Settlement.ALREADY: 19}
    approved = shop.store.load("order-1").outcome == APPROVED
    assert len(shop.store.tables().payments) == approved
    assert shop.stock()[1] == 100 - 2 * approved


def test_an_order_for_more_than_there_is_is_rejected_and_changes_nothing_else(shop):
    shop.accept(book_1=2, book_2=6)
    shop.store.take_epoch("executor-1")
    assert shop.settle() is Settlement.OUT_OF_STOCK
    stored = shop.store.load("order-1")
    assert stored.outcome.status is OrderStatus.REJECTED
    assert [(reason.code, reason.source) for reason in stored.outcome.reasons] == [("out_of_stock", "stock")]
    assert '"2"' in stored.outcome.reasons[0].message
    assert stored.outcome.suggestions == ()
    assert stored.order.card is None
    assert shop.stock() == STOCK
    assert shop.store.tables().payments == ()


def test_of_two_orders_for_the_last_copy_one_gets_it(shop):
    shop.accept("order-1", book_3=1)
    shop.accept("order-2", book_3=1)
    shop.store.take_epoch("executor-1")
    results = together(2, lambda number: shop.settle(f"order-{number + 1}"))
    assert sorted(results) == [Settlement.OUT_OF_STOCK, Settlement.SETTLED]
    assert shop.stock()[3] == 0
    assert len(shop.store.tables().payments) == 1


def test_orders_of_the_same_books_in_any_order_neither_block_each_other_nor_oversell(shop):
    for number in range(20):
        names = ["book_1", "book_2"][:: 1 if number % 2 else -1]
        shop.accept(f"order-{number}", **dict.fromkeys(names, 1))
    shop.store.take_epoch("executor-1")
    results = together(20, lambda number: shop.settle(f"order-{number}"))
    assert Counter(results) == {Settlement.SETTLED: 5, Settlement.OUT_OF_STOCK: 15}
    assert shop.stock() == {1: 95, 2: 0, 3: 1}


# The sweep


def test_the_sweep_finds_open_orders_that_are_old_enough_oldest_first(shop):
    for order_id in ("order-3", "order-1", "order-2"):
        shop.accept(order_id)
        shop.pass_time(10)
    assert shop.store.open_orders(0) == ["order-3", "order-1", "order-2"]
    assert shop.store.open_orders(15) == ["order-3", "order-1"]
    assert shop.store.open_orders(60) == []
    shop.store.take_epoch("executor-1")
    shop.settle("order-3")
    assert shop.store.open_orders(0) == ["order-1", "order-2"]


# What only the real record can show


def test_nothing_in_the_record_tells_the_card(postgres_shop, record_url):
    postgres_shop().accept()
    with psycopg.connect(record_url) as connection:
        (sealed,) = connection.execute("SELECT sealed_card FROM orders").fetchone() or ()
        (everything,) = connection.execute("SELECT (orders.*)::text FROM orders").fetchone() or ()
    for text in (everything, bytes(sealed).decode()):
        assert not any(NUMBER[start : start + 8] in text for start in range(len(NUMBER) - 7))
    assert NUMBER[-4:] in everything
    assert "cvv" not in everything


def test_the_hash_of_a_request_cannot_be_tried_out_without_the_key(postgres_shop, record_url):
    postgres_shop().accept(key="key-1")
    with psycopg.connect(record_url) as connection:
        (kept,) = connection.execute("SELECT request_hash FROM orders").fetchone() or ()

    assert kept not in ("the body", hashlib.sha256(b"the body").hexdigest())


def test_those_that_wait_to_settle_an_order_see_that_it_was_settled_meanwhile(postgres_shop, record_url):
    shop = postgres_shop()
    shop.accept()
    shop.store.take_epoch("executor-1")
    with ThreadPoolExecutor(6) as threads, psycopg.connect(record_url) as holder:
        holder.execute("SELECT 1 FROM orders FOR UPDATE")
        results = [threads.submit(shop.settle) for _ in range(6)]
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(record_url, autocommit=True) as onlooker:
            eventually(lambda: onlooker.execute(waiting).fetchone() == (6,), 4)
        holder.rollback()
        assert Counter(each.result() for each in results) == {Settlement.SETTLED: 1, Settlement.ALREADY: 5}
    assert len(shop.store.tables().payments) == 1


def test_a_record_that_cannot_be_reached_is_one_sentence_without_the_password():
    with pytest.raises(SetupError, match="start it or mend the URL") as caught:
        Database("postgresql://bookstore:open-sesame@127.0.0.1:1/bookstore", wait=0.1)
    assert "open-sesame" not in str(caught.value)


def test_bringing_the_schema_up_to_date_again_changes_nothing(postgres_shop, pool):
    shop = postgres_shop()
    shop.accept()
    before = shop.store.tables()
    together(4, lambda _: pool.migrate())
    assert shop.store.tables() == before


def test_a_card_sealed_with_another_key_is_not_there_rather_than_an_order_that_cannot_be_read(postgres_shop, pool):
    shop = postgres_shop()
    shop.accept()

    stored = PostgresOrderStore(pool, CardSeal(new_key())).load("order-1")

    assert (stored.order.card, stored.outcome) == (None, None)


def test_many_orders_are_read_at_once_and_whoever_is_unknown_is_named(shop):
    first, second = shop.accept("order-1"), shop.accept("order-2")

    answers = shop.store.load_many([second, "order-nobody-placed", first])

    assert [type(answer) for answer in answers] == [StoredOrder, UnknownOrderError, StoredOrder]
    assert [answers[0].order.order_id, answers[2].order.order_id] == [second, first]
    assert "order-nobody-placed" in str(answers[1])


def test_many_orders_are_settled_at_once_and_each_as_if_it_were_alone(shop):
    order_ids = [shop.accept(f"order-{number}") for number in range(4)]
    epoch = shop.store.take_epoch("executor-1")
    shop.settle(order_ids[1], epoch)
    wanted = [*order_ids[:3], "order-nobody-placed"]

    endings = [Ending(order_id, epoch, APPROVED, CLOCK) for order_id in wanted]
    stale = Ending(order_ids[3], epoch - 1, APPROVED, CLOCK)
    answers = shop.store.settle_many([*endings, stale])

    assert answers[:3] == [Settlement.SETTLED, Settlement.ALREADY, Settlement.SETTLED]
    assert isinstance(answers[3], UnknownOrderError)
    assert answers[4] is Settlement.STALE
    assert [payment.order_id for payment in shop.store.tables().payments] == [order_ids[1], order_ids[0], order_ids[2]]


def test_many_orders_are_accepted_at_once_and_a_repetition_among_them_is_the_first_order(shop):
    key = IdempotencyKey("key-1", "body")
    acceptances = [
        Acceptance(make_order("order-1"), STAMP),
        Acceptance(make_order("order-2", book_1=2, book_2=1), STAMP, key),
        Acceptance(make_order("order-3"), STAMP, key),
        Acceptance(make_order("order-4"), STAMP, IdempotencyKey("key-1", "another body")),
    ]

    *kept, refused = shop.store.accept_many(acceptances)

    assert kept == ["order-1", "order-2", "order-2"]
    assert isinstance(refused, KeyReusedError)
    assert [row.order_id for row in shop.store.tables().orders] == ["order-1", "order-2"]
    assert shop.store.load("order-2").order == make_order("order-2", book_1=2, book_2=1)


def test_an_order_that_cannot_be_kept_does_not_keep_others_from_it(postgres_shop):
    shop = postgres_shop()
    unknown_book = replace(make_order("order-2"), items=(Item("No such book", 1, 100, 999_999),))

    kept, refused = shop.store.accept_many([Acceptance(make_order("order-1"), STAMP), Acceptance(unknown_book, STAMP)])

    assert kept == "order-1"
    assert isinstance(refused, psycopg.Error)
    assert [row.order_id for row in shop.store.tables().orders] == ["order-1"]
