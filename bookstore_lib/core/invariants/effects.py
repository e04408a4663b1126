"""What settling an order does to money and stock: exactly once, and only for approved orders."""

from collections import Counter
from collections.abc import Sequence

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import OrderRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

EFFECTS_ONCE = "each effect happens once"
STOCK_CONSERVED = "stock never negative and conserved"
MONEY_MATCHES = "money captured equals completed orders"


def paid_once(_: Sequence[TraceEvent], tables: Tables) -> list[Violation]:
    """Each approved order was paid for once, every other one never."""
    paid = Counter(payment.order_id for payment in tables.payments)
    due = Counter(row.order_id for row in _approved(tables))
    return [
        Violation(EFFECTS_ONCE, f"Order {order_id} was paid for {paid[order_id]} times instead of {due[order_id]}.")
        for order_id in sorted(paid | due)
        if paid[order_id] != due[order_id]
    ]


def stock_conserved(_: Sequence[TraceEvent], tables: Tables) -> list[Violation]:
    """Of each book, what is left and what approved orders took make what was there; nothing is below zero."""
    taken: Counter[int] = Counter()
    for row in _approved(tables):
        taken.update(row.quantities)
    wrong = [
        f"{row.title!r}: of {row.initial_stock}, approved orders took {taken[row.book_id]}, and {row.stock} are left."
        for row in tables.stock
        if row.stock < 0 or row.initial_stock - taken[row.book_id] != row.stock
    ]
    unknown = sorted(taken.keys() - {row.book_id for row in tables.stock})
    wrong += [f"Approved orders took {taken[book]} of book {book}, which is not in the catalogue." for book in unknown]
    return [Violation(STOCK_CONSERVED, sentence) for sentence in wrong]


def money_matches(_: Sequence[TraceEvent], tables: Tables) -> list[Violation]:
    """What was captured for each order is its amount where it is approved, and nothing where it is not."""
    captured: Counter[str] = Counter()
    for payment in tables.payments:
        captured[payment.order_id] += payment.amount_cents
    due = {row.order_id: row.amount_cents for row in _approved(tables)}
    return [
        Violation(
            MONEY_MATCHES,
            f"Order {order_id}: {captured[order_id]} cents were captured, {due.get(order_id, 0)} are due.",
        )
        for order_id in sorted(captured.keys() | due)
        if captured[order_id] != due.get(order_id, 0)
    ]


def _approved(tables: Tables) -> list[OrderRow]:
    return [row for row in tables.orders if row.status is OrderStatus.APPROVED]
