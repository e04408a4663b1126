"""The final tables of a run, as the invariants read them: what the record says happened."""

from dataclasses import dataclass
from typing import NamedTuple

from bookstore_lib.core.order import OrderStatus


class OrderRow(NamedTuple):
    """An accepted order.

    Attributes:
        order_id: Which order.
        status: Where it stands.
        epoch: The leader's epoch that settled it; `None` while it is open or when no leader was needed.
        amount_cents: Price times quantity over all items, in cents.
        quantities: Number of copies by book.
        sealed: Whether card data (sealed) is still kept with it.
        settled_seq: When it was settled, counted together with `EpochRow.taken_seq`: both are drawn from one sequence
            of the record, inside the transaction and after it holds the lock on the epochs; `None` while it is open.
        drive: How often it was taken from the dead letters and opened again.
        settled_at: When it was settled, in seconds since 1970 by the record's clock; `None` while it is open, or where
            that is not known.
    """

    order_id: str
    status: OrderStatus
    epoch: int | None
    amount_cents: int
    quantities: dict[int, int]
    sealed: bool = False
    settled_seq: int | None = None
    drive: int = 0
    settled_at: float | None = None


class PaymentRow(NamedTuple):
    """Money captured for an order, in cents, and the epoch of the leader that booked it."""

    order_id: str
    amount_cents: int
    epoch: int


class StockRow(NamedTuple):
    """Copies of a book: at the start and now."""

    book_id: int
    title: str
    initial_stock: int
    stock: int


class EpochRow(NamedTuple):
    """An epoch, the executor that took it, and when: see `OrderRow.settled_seq` (0: not known)."""

    epoch: int
    holder: str
    taken_seq: int = 0


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything the record holds that a guarantee is about. Payments may repeat an order: that is a violation."""

    orders: tuple[OrderRow, ...] = ()
    payments: tuple[PaymentRow, ...] = ()
    stock: tuple[StockRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
