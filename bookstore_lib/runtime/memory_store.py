"""The record of orders in memory: the twin of `postgres_store`, held to the same promises."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bookstore_lib.core.errors import BookstoreError, KeyReusedError, NotDeadError, UnknownOrderError
from bookstore_lib.core.order import Order, OrderStatus, Outcome, Reason
from bookstore_lib.core.record import EpochRow, OrderRow, PaymentRow, StockRow, Tables
from bookstore_lib.runtime.order_store import Acceptance, DeadLetter, Ending, IdempotencyKey, Settlement, StoredOrder
from bookstore_lib.runtime.tracker import Stamp

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")


@dataclass
class _Row:
    stored: StoredOrder
    idempotency: IdempotencyKey | None
    accepted_at: float
    status: OrderStatus = OrderStatus.ACCEPTED
    epoch: int | None = None
    seq: int | None = None
    settled_at: float | None = None


class MemoryOrderStore:
    """The record in memory, for one process: tests and simulations.

    Args:
        stock: Copies by book id.
        now: The clock that ages are counted by, in seconds.
        fenced: Whether settling looks at the epoch, and at what another has settled.
    """

    def __init__(self, stock: Mapping[int, int], now: Callable[[], float], *, fenced: bool = True) -> None:
        self._initial, self._stock, self._now, self._fenced = dict(stock), dict(stock), now, fenced
        self._rows: dict[str, _Row] = {}
        self._payments: list[PaymentRow] = []
        self._epochs: list[EpochRow] = []
        self._effects = 0
        self._lock = threading.RLock()

    def accept_many(self, acceptances: Sequence[Acceptance]) -> list[str | Exception]:
        """Keep new orders."""
        return [_attempt(self.accept, acceptance) for acceptance in acceptances]

    def accept(self, acceptance: Acceptance) -> str:
        """Keep a new order."""
        order, stamp, idempotency = acceptance
        with self._lock:
            for order_id, row in self._rows.items():
                if idempotency and row.idempotency and row.idempotency.key == idempotency.key:
                    if row.idempotency != idempotency:
                        raise KeyReusedError("This idempotency key came before with another body; use a new one.")
                    return order_id
            self._rows.setdefault(order.order_id, _Row(StoredOrder(order, stamp), idempotency, self._now()))
            return order.order_id

    def load(self, order_id: str) -> StoredOrder:
        """The order."""
        return self._row(order_id).stored

    def load_many(self, order_ids: Sequence[str]) -> list[StoredOrder | Exception]:
        """The orders."""
        return [_attempt(self.load, order_id) for order_id in order_ids]

    def record_checks(self, order_id: str, outcome: Outcome, stamp: Stamp) -> None:
        """Keep what the checks said."""
        with self._lock:
            row = self._row(order_id)
            if row.status is OrderStatus.ACCEPTED:
                order = replace(row.stored.order, card=None)
                row.stored = replace(row.stored, order=order, checked=outcome, stamp=stamp)

    def settle_many(self, endings: Sequence[Ending]) -> list[Settlement | Exception]:
        """End orders."""
        return [_attempt(self.settle, ending) for ending in endings]

    def settle(self, ending: Ending) -> Settlement:
        """End an order."""
        order_id, epoch, outcome, clock = ending
        with self._lock:
            leaderless = epoch is None and outcome.status is OrderStatus.REJECTED
            if self._fenced and epoch != len(self._epochs) and not leaderless:
                return Settlement.STALE
            row = self._row(order_id)
            if self._fenced and row.status.terminal:
                return Settlement.ALREADY
            order = row.stored.order
            short = self._short_of(order) if outcome.status is OrderStatus.APPROVED else None
            if short is not None:
                reason = Reason("out_of_stock", f'Not enough copies of "{short}" are left.', "stock")
                outcome = Outcome(OrderStatus.REJECTED, (reason,), steps=outcome.steps)
            elif outcome.status is OrderStatus.APPROVED and epoch is not None:
                for item in order.items:
                    self._stock[item.book_id] -= item.quantity
                self._payments.append(PaymentRow(order_id, order.amount_cents, epoch))
            row.status, row.epoch, row.seq = outcome.status, epoch, self._next_effect()
            row.settled_at = self._now()
            card = order.card.without_cvv() if order.card and outcome.status is OrderStatus.FAILED else None
            row.stored = replace(row.stored, order=replace(order, card=card), outcome=outcome, final_clock=clock)
            return Settlement.SETTLED if short is None else Settlement.OUT_OF_STOCK

    def open_orders(self, min_age: float) -> list[str]:
        """Ids of the orders that wait."""
        before = self._now() - min_age
        with self._lock:
            return [i for i, row in self._rows.items() if not row.status.terminal and row.accepted_at <= before]

    def count_attempts(self, order_ids: Sequence[str]) -> dict[str, int]:
        """These orders were begun and did not end."""
        with self._lock:
            known = [order_id for order_id in order_ids if order_id in self._rows]
            rows = {order_id: self._rows[order_id] for order_id in known if not self._rows[order_id].status.terminal}
            for row in rows.values():
                row.stored = replace(row.stored, attempts=row.stored.attempts + 1)
            return {order_id: row.stored.attempts for order_id, row in rows.items()}

    def dead_letters(self) -> list[DeadLetter]:
        """The orders that failed."""
        with self._lock:
            dead = [row for row in self._rows.values() if row.status is OrderStatus.FAILED]
            return [_dead_letter(row.stored) for row in sorted(dead, key=lambda row: row.seq or 0)]

    def redrive(self, order_id: str) -> None:
        """Open a failed order again."""
        with self._lock:
            row = self._row(order_id)
            if row.status is not OrderStatus.FAILED:
                raise NotDeadError(f"Order {order_id} is {row.status}; only a failed order can be redriven.")
            row.status, row.epoch, row.seq, row.settled_at = OrderStatus.ACCEPTED, None, None, None
            row.stored = replace(row.stored, outcome=None, attempts=0, drive=row.stored.drive + 1)

    def take_epoch(self, holder: str) -> int:
        """Begin the next epoch."""
        with self._lock:
            self._epochs.append(EpochRow(len(self._epochs) + 1, holder, self._next_effect()))
            return len(self._epochs)

    def current_epoch(self) -> int:
        """The epoch of the present leader, or of the last one; 0 before the first."""
        return len(self._epochs)

    def tables(self) -> Tables:
        """What the invariants look at."""
        with self._lock:
            return Tables(
                tuple(_order_row(row) for row in self._rows.values()),
                tuple(self._payments),
                tuple(StockRow(book, str(book), self._initial[book], left) for book, left in self._stock.items()),
                tuple(self._epochs),
            )

    def _row(self, order_id: str) -> _Row:
        if order_id not in self._rows:
            raise UnknownOrderError(f"There is no order {order_id}.")
        return self._rows[order_id]

    def _short_of(self, order: Order) -> str | None:
        return next((item.title for item in order.items if self._stock[item.book_id] < item.quantity), None)

    def _next_effect(self) -> int:
        self._effects += 1
        return self._effects


def _attempt(act: Callable[[Argument], Answer], argument: Argument) -> Answer | Exception:
    try:
        return act(argument)
    except BookstoreError as error:
        return error


def _dead_letter(stored: StoredOrder) -> DeadLetter:
    reasons = stored.outcome.reasons if stored.outcome else ()
    return DeadLetter(stored.order.order_id, stored.order.amount_cents, stored.attempts, stored.drive, reasons)


def _order_row(row: _Row) -> OrderRow:
    order = row.stored.order
    quantities = Counter[int]()
    for item in order.items:
        quantities[item.book_id] += item.quantity
    sealed = order.card is not None
    return OrderRow(
        order.order_id,
        row.status,
        row.epoch,
        order.amount_cents,
        dict(quantities),
        sealed,
        row.seq,
        row.stored.drive,
        row.settled_at,
    )
