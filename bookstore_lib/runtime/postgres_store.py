"""The record of orders in PostgreSQL; what each statement promises stands in migrations/0001_schema.sql."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import psycopg
from psycopg.types.json import Jsonb

from bookstore_lib.core.errors import KeyReusedError, NotDeadError, UnknownOrderError
from bookstore_lib.core.order import OrderStatus, Outcome
from bookstore_lib.core.record import EpochRow, OrderRow, PaymentRow, StockRow, Tables
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.group import only
from bookstore_lib.runtime.order_rows import (
    accepted_row,
    ending_row,
    open_card,
    outcome_fields,
    reasons_of,
    stored_order,
)
from bookstore_lib.runtime.order_store import Acceptance, DeadLetter, Ending, Settlement, StoredOrder
from bookstore_lib.runtime.postgres import Database, Row
from bookstore_lib.runtime.tracker import Stamp

log = logging.getLogger(__name__)

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")


class PostgresOrderStore:
    """An `OrderStore` on PostgreSQL.

    Args:
        database: The record.
        seal: Seals the cards of open orders.
        fenced: Whether settling looks at the epoch, and at what another has settled.
    """

    def __init__(self, database: Database, seal: CardSeal, *, fenced: bool = True) -> None:
        self._database, self._seal, self._fenced = database, seal, fenced

    def accept(self, acceptance: Acceptance) -> str:
        """Keep a new order."""
        return only(self.accept_many([acceptance]))

    def accept_many(self, acceptances: Sequence[Acceptance]) -> list[str | Exception]:
        """Keep new orders."""
        return self._each_alone_if_together_fails(self._accept, acceptances)

    def _accept(self, acceptances: Sequence[Acceptance]) -> list[str | Exception]:
        # One JSON document, for psycopg writes arrays of JSON ten times as slowly.
        self._database.query(
            """
            WITH given AS (
                SELECT * FROM jsonb_to_recordset(%s) AS given (
                    order_id text, customer jsonb, amount_cents bigint, last_four text, sealed_card text, clock jsonb,
                    message_id text, sender text, idempotency_key text, request_hash text, request_id text,
                    items jsonb)),
            kept AS (
                INSERT INTO orders (order_id, customer, amount_cents, last_four, sealed_card, clock, message_id, sender,
                    idempotency_key, request_hash, request_id)
                SELECT order_id, customer, amount_cents, last_four, convert_to(sealed_card, 'UTF8'), clock, message_id,
                    sender, idempotency_key, request_hash, request_id FROM given
                ON CONFLICT DO NOTHING RETURNING order_id)
            INSERT INTO order_items (order_id, book_id, quantity, price_cents)
            SELECT order_id, (item->>0)::bigint, (item->>1)::integer, (item->>2)::integer
            FROM kept JOIN given USING (order_id), jsonb_array_elements(items) AS item
            """,
            (Jsonb([accepted_row(acceptance, self._seal) for acceptance in acceptances]),),
        )
        keys = [acceptance.idempotency.key for acceptance in acceptances if acceptance.idempotency]
        first = self._first_with(keys) if keys else {}
        return [self._kept(acceptance, first) for acceptance in acceptances]

    def _first_with(self, keys: list[str]) -> dict[str, Row]:
        """The orders that came with these keys first."""
        rows = self._database.query(
            "SELECT idempotency_key, order_id, request_hash FROM orders WHERE idempotency_key = ANY(%s)", (keys,)
        )
        return {row.idempotency_key: row for row in rows}

    def _kept(self, acceptance: Acceptance, first: Mapping[str, Row]) -> str | Exception:
        if acceptance.idempotency is None:
            return acceptance.order.order_id
        row = first[acceptance.idempotency.key]
        if row.request_hash != self._seal.fingerprint(acceptance.idempotency.request_hash):
            return KeyReusedError("This idempotency key came before with another body; use a new one.")
        return str(row.order_id)

    def load(self, order_id: str) -> StoredOrder:
        """The order."""
        return only(self.load_many([order_id]))

    def load_many(self, order_ids: Sequence[str]) -> list[StoredOrder | Exception]:
        """The orders."""
        rows = self._database.query(
            """
            SELECT o.*, jsonb_agg(jsonb_build_array(b.title, i.quantity, i.price_cents, b.book_id) ORDER BY b.book_id)
                AS items
            FROM orders o JOIN order_items i USING (order_id) JOIN books b USING (book_id)
            WHERE order_id = ANY(%s) GROUP BY o.order_id
            """,
            (list(order_ids),),
        )
        found = {row.order_id: stored_order(row, self._seal) for row in rows}
        return [found.get(order_id) or UnknownOrderError(f"There is no order {order_id}.") for order_id in order_ids]

    def record_checks(self, order_id: str, outcome: Outcome, stamp: Stamp) -> None:
        """Keep what the checks said."""
        kept = self._database.query(
            """
            UPDATE orders SET checked = %s, sealed_card = NULL, clock = %s, message_id = %s, sender = %s
            WHERE order_id = %s AND status = 'accepted' RETURNING order_id
            """,
            (Jsonb(outcome_fields(outcome)), Jsonb(dict(stamp.clock)), stamp.message_id, stamp.sender, order_id),
        )
        if not kept:
            self.load(order_id)  # settled meanwhile, or there is none

    def settle(self, ending: Ending) -> Settlement:
        """End an order."""
        return only(self.settle_many([ending]))

    def settle_many(self, endings: Sequence[Ending]) -> list[Settlement | Exception]:
        """End orders."""
        for ending in endings:
            if ending.outcome.status is OrderStatus.FAILED:
                self._forget_cvv(ending.order_id)
        return self._each_alone_if_together_fails(self._settle, endings)

    def _each_alone_if_together_fails(
        self, act: Callable[[Sequence[Argument]], list[Answer | Exception]], arguments: Sequence[Argument]
    ) -> list[Answer | Exception]:
        """What one order does not allow shall not be in the way of others."""
        try:
            return act(arguments)
        except psycopg.Error as error:
            if len(arguments) == 1:
                return [error]
            log.warning("Not together, but one by one (%s)", type(error).__name__)
            return [answer for one in arguments for answer in self._each_alone_if_together_fails(act, [one])]

    def _settle(self, endings: Sequence[Ending]) -> list[Settlement | Exception]:
        rows = self._database.query(
            """
            SELECT settle_order(order_id, epoch, status, reasons, suggestions, clock, %s, steps) AS result
            FROM jsonb_to_recordset(%s) AS ending (order_id text, epoch bigint, status text, reasons jsonb,
                suggestions jsonb, steps jsonb, clock jsonb)
            """,
            (self._fenced, Jsonb([ending_row(ending) for ending in endings])),
        )
        return [_settlement(ending, row.result) for ending, row in zip(endings, rows, strict=True)]

    def _forget_cvv(self, order_id: str) -> None:
        """Before a dead letter is made; should that be refused, what is left is checked as the whole would be."""
        query = self._database.query
        for row in query("SELECT sealed_card FROM orders WHERE order_id = %s", (order_id,)):
            card = open_card(row.sealed_card, self._seal)
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

    def count_attempts(self, order_ids: Sequence[str]) -> dict[str, int]:
        """These orders were begun and did not end."""
        rows = self._database.query(
            """
            UPDATE orders SET attempts = attempts + 1 WHERE order_id = ANY(%s) AND status = 'accepted'
            RETURNING order_id, attempts
            """,
            (list(order_ids),),
        )
        return {row.order_id: row.attempts for row in rows}

    def dead_letters(self) -> list[DeadLetter]:
        """The orders that failed."""
        rows = self._database.query(
            """
            SELECT order_id, amount_cents, attempts, drive, reasons FROM orders
            WHERE status = 'failed' ORDER BY settled_seq
            """
        )
        return [DeadLetter(*row)._replace(reasons=reasons_of(row.reasons)) for row in rows]

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

    def rehearse(self) -> None:
        """Have `take_epoch` planned before its time: nobody leads while it runs."""
        self._database.query("SELECT take_epoch(NULL)")

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


def _settlement(ending: Ending, result: str) -> Settlement | Exception:
    return UnknownOrderError(f"There is no order {ending.order_id}.") if result == "unknown" else Settlement(result)
