"""The record of orders in PostgreSQL; what each statement promises stands in migrations/0001_schema.sql."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from bookstore_lib.core.errors import KeyReusedError, NotDeadError, SetupError, UnknownOrderError
from bookstore_lib.core.order import Address, Book, Card, Item, Order, OrderStatus, Outcome, Reason
from bookstore_lib.core.record import EpochRow, OrderRow, PaymentRow, StockRow, Tables
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.order_store import DeadLetter, IdempotencyKey, Settlement, StoredOrder
from bookstore_lib.runtime.postgres import Database, Row
from bookstore_lib.runtime.tracker import Stamp

log = logging.getLogger(__name__)


class PostgresOrderStore:
    """An `OrderStore` on PostgreSQL.

    Args:
        database: The record.
        seal: Seals the cards of open orders.
        fenced: Whether settling looks at the epoch, and at what another has settled.
    """

    def __init__(self, database: Database, seal: CardSeal, *, fenced: bool = True) -> None:
        self._database, self._seal, self._fenced = database, seal, fenced

    def accept(self, order: Order, stamp: Stamp, idempotency: IdempotencyKey | None = None) -> str:
        """Keep a new order."""
        if order.card is None:
            raise ValueError("An order is accepted with the card that will pay it.")
        self._database.query(
            """
            WITH kept AS (
                INSERT INTO orders (order_id, customer, amount_cents, last_four, sealed_card, clock, message_id, sender,
                                    idempotency_key, request_hash, request_id)
                VALUES (%(order_id)s, %(customer)s, %(amount)s, %(last_four)s, %(sealed)s, %(clock)s, %(message_id)s,
                        %(sender)s, %(key)s, %(request_hash)s, %(request_id)s)
                ON CONFLICT DO NOTHING RETURNING order_id)
            INSERT INTO order_items (order_id, book_id, quantity, price_cents)
            SELECT order_id, (item->>0)::bigint, (item->>1)::integer, (item->>2)::integer
            FROM kept, jsonb_array_elements(%(items)s) AS item
            """,
            {
                "order_id": order.order_id,
                "customer": Jsonb(_customer(order)),
                "amount": order.amount_cents,
                "last_four": order.card.last_four,
                "sealed": self._seal.seal(order.card),
                "clock": Jsonb(dict(stamp.clock)),
                "message_id": stamp.message_id,
                "sender": stamp.sender,
                "key": idempotency and idempotency.key,
                "request_hash": idempotency and self._seal.fingerprint(idempotency.request_hash),
                "request_id": order.request_id,
                "items": Jsonb([[item.book_id, item.quantity, item.price_cents] for item in order.items]),
            },
        )
        return self._first_with(idempotency) if idempotency else order.order_id

    def _first_with(self, idempotency: IdempotencyKey) -> str:
        (row,) = self._database.query(
            "SELECT order_id, request_hash FROM orders WHERE idempotency_key = %s", (idempotency.key,)
        )
        if row.request_hash != self._seal.fingerprint(idempotency.request_hash):
            raise KeyReusedError("This idempotency key came before with another body; use a new one.")
        return str(row.order_id)

    def load(self, order_id: str) -> StoredOrder:
        """The order."""
        rows = self._database.query(
            """
            SELECT o.*, jsonb_agg(jsonb_build_array(b.title, i.quantity, i.price_cents, b.book_id) ORDER BY b.book_id)
                AS items
            FROM orders o JOIN order_items i USING (order_id) JOIN books b USING (book_id)
            WHERE order_id = %s GROUP BY o.order_id
            """,
            (order_id,),
        )
        if not rows:
            raise UnknownOrderError(f"There is no order {order_id}.")
        (row,) = rows
        return StoredOrder(
            self._order(row),
            Stamp(row.sender, row.message_id, VectorClock(row.clock)),
            checked=_outcome(**row.checked) if row.checked else None,
            outcome=None if row.status == "accepted" else _outcome(row.status, row.reasons, row.suggestions, row.steps),
            final_clock=VectorClock(row.final_clock),
            attempts=row.attempts,
            drive=row.drive,
        )

    def _order(self, row: Row) -> Order:
        customer = row.customer
        return Order(
            order_id=row.order_id,
            name=customer["name"],
            contact=customer["contact"],
            card=self._open(row.sealed_card),
            address=Address(**customer["address"]),
            items=tuple(Item(*item) for item in row.items),
            device_language=customer["device_language"],
            request_id=row.request_id,
        )

    def _open(self, sealed: bytes | None) -> Card | None:
        try:
            return self._seal.unseal(sealed) if sealed else None
        except SetupError as error:
            log.warning("%s Until then its order cannot be checked.", error)
            return None

    def record_checks(self, order_id: str, outcome: Outcome, stamp: Stamp) -> None:
        """Keep what the checks said."""
        kept = self._database.query(
            """
            UPDATE orders SET checked = %s, sealed_card = NULL, clock = %s, message_id = %s, sender = %s
            WHERE order_id = %s AND status = 'accepted' RETURNING order_id
            """,
            (Jsonb(_fields(outcome)), Jsonb(dict(stamp.clock)), stamp.message_id, stamp.sender, order_id),
        )
        if not kept:
            self.load(order_id)  # settled meanwhile, or there is none

    def settle(self, order_id: str, epoch: int | None, outcome: Outcome, clock: VectorClock) -> Settlement:
        """End the order."""
        if outcome.status is OrderStatus.FAILED:
            self._forget_cvv(order_id)
        fields = _fields(outcome)
        (row,) = self._database.query(
            "SELECT settle_order(%s, %s, %s, %s, %s, %s, %s, %s) AS result",
            (
                order_id,
                epoch,
                outcome.status,
                Jsonb(fields["reasons"]),
                Jsonb(fields["suggestions"]),
                Jsonb(dict(clock)),
                self._fenced,
                Jsonb(fields["steps"]),
            ),
        )
        if row.result == "unknown":
            raise UnknownOrderError(f"There is no order {order_id}.")
        return Settlement(row.result)

    def _forget_cvv(self, order_id: str) -> None:
        """Before a dead letter is made; should that be refused, what is left is checked as the whole would be."""
        query = self._database.query
        for row in query("SELECT sealed_card FROM orders WHERE order_id = %s", (order_id,)):
            card = self._open(row.sealed_card)
            if card is not None:
                kept = (self._seal.seal(card.without_cvv()), order_id, row.sealed_card)
                query("UPDATE orders SET sealed_card = %s WHERE order_id = %s AND sealed_card = %s", kept)

    def open_orders(self, min_age: float) -> list[str]:
        """Ids of the orders that wait."""
        rows = self._database.query(
            """
            SELECT order_id FROM orders
            WHERE status = 'accepted' AND accepted_at <= now() - make_interval(secs => %s) ORDER BY accepted_at
            """,
            (min_age,),
        )
        return [row.order_id for row in rows]

    def count_attempts(self, order_ids: Sequence[str]) -> None:
        """These orders were begun and did not end."""
        self._database.query(
            "UPDATE orders SET attempts = attempts + 1 WHERE order_id = ANY(%s) AND status = 'accepted'",
            (list(order_ids),),
        )

    def dead_letters(self) -> list[DeadLetter]:
        """The orders that failed."""
        rows = self._database.query(
            """
            SELECT order_id, amount_cents, attempts, drive, reasons FROM orders
            WHERE status = 'failed' ORDER BY settled_seq
            """
        )
        return [DeadLetter(*row)._replace(reasons=_reasons(row.reasons)) for row in rows]

    def redrive(self, order_id: str) -> None:
        """Open a failed order again."""
        opened = self._database.query(
            """
            UPDATE orders SET status = 'accepted', attempts = 0, drive = drive + 1, reasons = '[]', suggestions = '[]',
                steps = '{}', final_clock = NULL, settled_at = NULL, settled_epoch = NULL, settled_seq = NULL
            WHERE order_id = %s AND status = 'failed' RETURNING order_id
            """,
            (order_id,),
        )
        if not opened:
            status = (self.load(order_id).outcome or Outcome(OrderStatus.ACCEPTED)).status
            raise NotDeadError(f"Order {order_id} is {status}; only a failed order can be redriven.")

    def take_epoch(self, holder: str) -> int:
        """Begin the next epoch."""
        (row,) = self._database.query("SELECT take_epoch(%s) AS epoch", (holder,))
        return int(row.epoch)

    def current_epoch(self) -> int:
        """The epoch of the present leader, or of the last one; 0 before the first."""
        (row,) = self._database.query("SELECT epoch FROM leadership")
        return int(row.epoch)

    def tables(self) -> Tables:
        """What the invariants look at."""
        query = self._database.query
        return Tables(
            tuple(
                OrderRow(
                    row.order_id,
                    OrderStatus(row.status),
                    row.settled_epoch,
                    row.amount_cents,
                    {int(book): quantity for book, quantity in row.quantities.items()},
                    row.sealed,
                    row.settled_seq,
                    row.drive,
                    row.settled_at and row.settled_at.timestamp(),
                )
                for row in query(
                    """
                    SELECT order_id, status, settled_epoch, settled_seq, settled_at, drive, amount_cents,
                        sealed_card IS NOT NULL AS sealed, jsonb_object_agg(book_id, quantity) AS quantities
                    FROM orders JOIN order_items USING (order_id) GROUP BY order_id ORDER BY accepted_at, order_id
                    """
                )
            ),
            tuple(
                PaymentRow(*row)
                for row in query("SELECT order_id, amount_cents, epoch FROM payments ORDER BY payment_id")
            ),
            tuple(StockRow(*row) for row in query("SELECT book_id, title, initial_stock, stock FROM books ORDER BY 1")),
            tuple(EpochRow(*row) for row in query("SELECT epoch, holder, taken_seq FROM epochs ORDER BY epoch")),
        )


def _customer(order: Order) -> dict[str, Any]:
    return {
        "name": order.name,
        "contact": order.contact,
        "address": order.address._asdict(),
        "device_language": order.device_language,
    }


def _fields(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status.value,
        "reasons": [reason._asdict() for reason in outcome.reasons],
        "suggestions": [book._asdict() for book in outcome.suggestions],
        "steps": dict(outcome.steps),
    }


def _outcome(
    status: str,
    reasons: Sequence[Mapping[str, str]],
    suggestions: Sequence[Mapping[str, str]],
    steps: Mapping[str, str],
) -> Outcome:
    return Outcome(OrderStatus(status), _reasons(reasons), tuple(Book(**b) for b in suggestions), steps)


def _reasons(reasons: Sequence[Mapping[str, str]]) -> tuple[Reason, ...]:
    return tuple(Reason(**reason) for reason in reasons)
