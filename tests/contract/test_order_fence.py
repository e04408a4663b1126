"""The fence of the record, and that the record in memory and in PostgreSQL are the same to whoever uses them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.record import EpochRow, Tables
from bookstore_lib.runtime.order_store import Settlement
from tests.contract.orders import APPROVED, FAILED, REJECTED, STAMP, STOCK, Shop, memory_shop, together

# The fence


def test_epochs_count_up_from_one_and_the_record_knows_who_took_them(shop):
    assert shop.store.current_epoch() == 0
    assert [shop.store.take_epoch(f"executor-{n}") for n in (1, 2, 1)] == [1, 2, 3]
    assert shop.store.current_epoch() == 3
    assert shop.store.tables().epochs == (
        EpochRow(1, "executor-1", 1),
        EpochRow(2, "executor-2", 2),
        EpochRow(3, "executor-1", 3),
    )


def test_an_epoch_that_is_only_rehearsed_is_not_taken(postgres_shop):
    shop = postgres_shop()
    shop.store.take_epoch("executor-1")
    before = shop.store.tables()
    shop.store.rehearse()
    assert (shop.store.tables(), shop.store.current_epoch()) == (before, 1)
    shop.store.take_epoch("executor-2")
    assert shop.store.tables().epochs == (EpochRow(1, "executor-1", 1), EpochRow(2, "executor-2", 2))


def test_twenty_that_take_an_epoch_at_the_same_time_get_twenty(shop):
    epochs = together(20, lambda number: shop.store.take_epoch(f"executor-{number}"))
    assert sorted(epochs) == list(range(1, 21))


@pytest.mark.parametrize("outcome", [APPROVED, REJECTED, FAILED])
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_leader_whose_epoch_is_not_the_present_one_changes_nothing(shop, outcome, epoch):
    shop.accept()
    shop.store.take_epoch("executor-1")
    shop.store.take_epoch("executor-2")
    before = shop.store.tables()
    assert shop.settle(epoch=epoch, outcome=outcome) is Settlement.STALE
    assert shop.store.tables() == before
    assert shop.store.load("order-1").order.card
    assert shop.settle(epoch=2, outcome=outcome) is Settlement.SETTLED


def test_without_an_epoch_an_order_can_be_rejected_and_nothing_else(shop):
    shop.accept()
    for epochs in range(2):
        assert shop.settle(epoch=None, outcome=APPROVED) is Settlement.STALE
        assert shop.settle(epoch=None, outcome=FAILED) is Settlement.STALE
        assert shop.store.take_epoch("executor-1") == epochs + 1
    assert shop.settle(epoch=None, outcome=REJECTED) is Settlement.SETTLED
    assert shop.store.tables().orders[0].epoch is None


def test_without_the_fence_a_former_leader_books_a_second_payment(make_shop):
    shop = make_shop(fenced=False)
    shop.accept(book_1=2)
    shop.store.take_epoch("executor-1")
    shop.store.take_epoch("executor-2")
    assert [shop.settle(epoch=2), shop.settle(epoch=1)] == [Settlement.SETTLED, Settlement.SETTLED]
    assert [payment.epoch for payment in shop.store.tables().payments] == [2, 1]
    assert shop.stock()[1] == STOCK[1] - 4


def test_nothing_of_an_old_epoch_is_settled_once_the_new_one_has_begun(shop):
    for number in range(20):
        shop.accept(f"order-{number}")
    shop.store.take_epoch("executor-1")
    results = together(
        20, lambda n: shop.store.take_epoch("executor-2") if n == 10 else shop.settle(f"order-{n}", epoch=1)
    )
    tables = shop.store.tables()
    settled = [row for row in tables.orders if row.status.terminal]
    assert len(settled) == results.count(Settlement.SETTLED) == 19 - results.count(Settlement.STALE)
    assert all(row.settled_seq < tables.epochs[1].taken_seq for row in settled)


# Both together


@pytest.mark.parametrize("seed", range(8))
def test_memory_and_postgres_agree_on_every_answer_and_on_the_tables_in_the_end(postgres_shop, seed):
    random, shops = Random(seed), (memory_shop(), postgres_shop())
    for number in range(40):
        act = random_act(random, f"order-{number}", [f"order-{random.randrange(12)}" for _ in range(2)])
        memory, postgres = (answer(act, shop) for shop in shops)
        assert memory == postgres
    memory, postgres = (shop.store for shop in shops)
    assert without_times(memory.tables()) == without_times(postgres.tables())
    for row in memory.tables().orders:
        assert memory.load(row.order_id) == postgres.load(row.order_id)


def without_times(tables: Tables) -> Tables:
    return replace(tables, orders=tuple(row._replace(settled_at=row.settled_at and 0.0) for row in tables.orders))


def random_act(random: Random, new: str, known: list[str]) -> Callable[[Shop], Any]:
    outcome = random.choice((APPROVED, APPROVED, REJECTED, FAILED))
    epoch = random.choice((None, 0, 0, 0, -1))
    copies = {f"book_{book}": random.randint(1, 3) for book in sorted(random.sample(list(STOCK), random.randint(1, 3)))}
    key = random.choice((None, "key-1", "key-2"))
    return random.choice(
        [
            lambda shop: shop.accept(new, key, **copies),
            lambda shop: shop.accept(known[0], **copies),
            lambda shop: shop.settle(known[0], epoch if epoch is None else shop.store.current_epoch() + epoch, outcome),
            lambda shop: shop.settle(known[1], shop.store.current_epoch(), APPROVED),
            lambda shop: shop.store.take_epoch(new),
            lambda shop: shop.store.record_checks(shop.store.load(known[0]).order.order_id, outcome, STAMP),
            lambda shop: shop.store.open_orders(0),
            lambda shop: shop.store.count_attempts(known),
            lambda shop: shop.store.dead_letters(),
            lambda shop: shop.store.redrive(known[0]),
            lambda shop: shop.store.load(known[0]),
        ]
    )


def answer(act: Callable[[Shop], Any], shop: Shop) -> Any:
    try:
        return act(shop)
    except BookstoreError as error:
        return type(error)
