"""Mistakes of those who write the record."""

import time

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.runtime.order_store import Settlement
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from tests.mutants.swap import instead_of, instead_settled_by

# Long enough for orders that were placed at the same time to come to the same line.
_MEANWHILE = 0.2


def commit_late():
    """An order is accepted before it is committed: that happens when it is looked at for the first time."""
    uncommitted = []
    commit = PostgresOrderStore.accept_many

    @instead_of(PostgresOrderStore, "accept_many")
    def accept_many(_right, _store, acceptances):
        uncommitted.extend(acceptances)
        return [acceptance.order.order_id for acceptance in acceptances]

    @instead_of(PostgresOrderStore, "load_many")
    def load_many(right, store, order_ids):
        while uncommitted:
            commit(store, [uncommitted.pop()])
        return right(store, order_ids)


def no_idempotency_key():
    """The client's key is not kept with its order."""

    @instead_of(PostgresOrderStore, "accept_many")
    def accept_many(right, store, acceptances):
        return right(store, [acceptance._replace(idempotency=None) for acceptance in acceptances])


def stock_outside_transaction():
    """What is left of a book is counted before the transaction that settles the order."""

    @instead_settled_by(PostgresOrderStore)
    def settle(right, store, ending):
        order_id, _epoch, outcome, _clock = ending
        count = "SELECT book_id, stock - quantity FROM books JOIN order_items USING (book_id) WHERE order_id = %s"
        counted = store._database.query(count, (order_id,))
        time.sleep(_MEANWHILE)
        settlement = right(ending)
        if settlement is Settlement.SETTLED and outcome.status is OrderStatus.APPROVED:
            for book_id, left in counted:
                store._database.query("UPDATE books SET stock = %s WHERE book_id = %s", (left, book_id))
        return settlement


def charge_before_stock():
    """The card is charged before anybody looks whether there are enough copies."""

    @instead_settled_by(PostgresOrderStore)
    def settle(right, store, ending):
        settlement = right(ending)
        if settlement is Settlement.OUT_OF_STOCK:
            charge = "INSERT INTO payments (order_id, amount_cents, last_four, epoch)"
            charge += " SELECT order_id, amount_cents, last_four, %s FROM orders WHERE order_id = %s"
            store._database.query(charge, (ending.epoch, ending.order_id))
        return settlement


def card_kept():
    """The card stays in the record when the order is settled."""

    @instead_settled_by(PostgresOrderStore)
    def settle(right, store, ending):
        (before,) = store._database.query("SELECT sealed_card FROM orders WHERE order_id = %s", (ending.order_id,))
        settlement = right(ending)
        keep = "UPDATE orders SET sealed_card = %s WHERE order_id = %s"
        store._database.query(keep, (before.sealed_card, ending.order_id))
        return settlement
