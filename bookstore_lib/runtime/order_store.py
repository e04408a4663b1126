"""The record of orders as the others see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from bookstore_lib.core.order import Order, Outcome, Reason
from bookstore_lib.core.record import Tables
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.tracker import Stamp


class IdempotencyKey(NamedTuple):
    """The client's name for a request, or a hash of it, and a hash of the body it came with."""

    key: str
    request_hash: str


class Settlement(StrEnum):
    """What became of a try to settle an order."""

    SETTLED = "settled"
    OUT_OF_STOCK = "out_of_stock"
    ALREADY = "already"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as the record has it.

    Attributes:
        order: What the customer wants; the card is there only while the order is open.
        stamp: Of the message that put it in the queue.
        checked: What the orchestrator's checks said, where it ran them.
        outcome: How it ended; `None` while it is open.
        final_clock: Its clock when it was settled.
        attempts: How often it was begun and did not end, since it was accepted or redriven.
        drive: How often it was redriven.
    """

    order: Order
    stamp: Stamp
    checked: Outcome | None = None
    outcome: Outcome | None = None
    final_clock: VectorClock = VectorClock()  # noqa: RUF009 - immutable
    attempts: int = 0
    drive: int = 0


class DeadLetter(NamedTuple):
    """An order that failed and waits for somebody to redrive it.

    Attributes:
        order_id: Which order.
        amount_cents: What it would have cost, in cents.
        attempts: How often it was begun and did not end, its last attempt not counted.
        drive: How often it was redriven before.
        reasons: Why it failed.
    """

    order_id: str
    amount_cents: int
    attempts: int
    drive: int
    reasons: tuple[Reason, ...]


class Acceptance(NamedTuple):
    """A new order.

    Attributes:
        order: With the card that will pay it.
        stamp: Of the message that puts it in the queue.
        idempotency: What the client called its request, if it did.
    """

    order: Order
    stamp: Stamp
    idempotency: IdempotencyKey | None = None


class Ending(NamedTuple):
    """How an order shall end.

    Attributes:
        order_id: Which order.
        epoch: The leader's epoch; `None` only for a rejection by the orchestrator.
        outcome: What it shall be.
        clock: The order's clock so far.
    """

    order_id: str
    epoch: int | None
    outcome: Outcome
    clock: VectorClock


class OrderStore(Protocol):
    """Keeps orders, takes epochs and settles; nothing that it has said yes to is ever lost.

    Every method raises `UnavailableError` when the record cannot be reached, and may be called again then.
    """

    def accept(self, acceptance: Acceptance) -> str:
        """Keep a new order; returns its id, or that of the order that came with the same key and body before.

        Raises:
            KeyReusedError: The key came before with another body.
        """

    def accept_many(self, acceptances: Sequence[Acceptance]) -> list[str | Exception]:
        """Keep new orders, as `accept` does, but in one transaction."""

    def load(self, order_id: str) -> StoredOrder:
        """The order; raises `UnknownOrderError` when there is none."""

    def load_many(self, order_ids: Sequence[str]) -> list[StoredOrder | Exception]:
        """The orders; an `UnknownOrderError` in the place of each that there is not."""

    def record_checks(self, order_id: str, outcome: Outcome, stamp: Stamp) -> None:
        """Keep what the checks said, and the stamp of the message that now puts the order in the queue.

        The card has done its work then, and is kept no longer.
        """

    def settle(self, ending: Ending) -> Settlement:
        """End an order: fence, stock, payment and status in one step.

        Its card is kept no longer, but for that of a failed one: sealed, and without its CVV.
        """

    def settle_many(self, endings: Sequence[Ending]) -> list[Settlement | Exception]:
        """End orders, one after the other, as `settle` does, but in one transaction.

        What one of them does not allow is its answer; it does not keep the others from their end.
        """

    def open_orders(self, min_age: float) -> list[str]:
        """Ids of the accepted orders that have waited for `min_age` seconds or more, oldest first."""

    def count_attempts(self, order_ids: Sequence[str]) -> dict[str, int]:
        """These orders were begun and did not end; returns how often that now is, of those that are open."""

    def dead_letters(self) -> list[DeadLetter]:
        """The orders that failed, in the order in which they did."""

    def redrive(self, order_id: str) -> None:
        """Open a failed order again, as if it had just been accepted; the leader's sweep finds it.

        Raises:
            UnknownOrderError: There is none.
            NotDeadError: It has not failed.
        """

    def take_epoch(self, holder: str) -> int:
        """Begin the next epoch, in the name of `holder`."""

    def current_epoch(self) -> int:
        """The epoch of the present leader, or of the last one; 0 before the first."""

    def tables(self) -> Tables:
        """What the invariants look at."""
