"""What the front door says: orders, books and errors as JSON, in the words of the public contract."""

from typing import Any

from bookstore_lib.core.errors import CODES, BookstoreError, InvalidOrderError
from bookstore_lib.core.order import OrderStatus, Outcome
from bookstore_lib.runtime.catalogue import CatalogueBook
from bookstore_lib.runtime.order_store import StoredOrder

_STATUS = {
    OrderStatus.APPROVED: "Order Approved",
    OrderStatus.REJECTED: "Order Rejected",
    OrderStatus.FAILED: "Order Failed",
}
RECEIVED = "Order Received"


def order_answer(stored: StoredOrder) -> dict[str, Any]:
    """An order, with its outcome as far as there is one."""
    outcome = stored.outcome
    return {
        "orderId": stored.order.order_id,
        "status": _STATUS[outcome.status] if outcome else RECEIVED,
        "suggestedBooks": _suggestions(outcome),
        "reasons": [{"code": reason.code, "message": reason.message} for reason in outcome.reasons] if outcome else [],
    }


def order_details(stored: StoredOrder) -> dict[str, Any]:
    """An order, with what was bought and its clock when it was settled."""
    return order_answer(stored) | {
        "items": [{"name": item.title, "quantity": item.quantity} for item in stored.order.items],
        "amount": stored.order.amount_cents / 100,
        "clock": dict(stored.final_clock),
    }


def book_answer(book: CatalogueBook) -> dict[str, Any]:
    """A book of the catalogue."""
    return {
        "bookId": str(book.book_id),
        "title": book.title,
        "author": book.author,
        "genre": book.genre,
        "price": book.price_cents / 100,
        "stock": book.stock,
    }


def error_answer(code: str, message: str, field: str = "") -> dict[str, Any]:
    """An error; `field` names the part of the input to mend."""
    return {"error": {"code": code, "message": message} | ({"field": field} if field else {})}


def from_error(error: BookstoreError) -> tuple[dict[str, Any], int]:
    """An error of ours as an answer and its HTTP status."""
    if isinstance(error, InvalidOrderError):
        return error_answer(error.code, str(error), error.field), 400
    status = CODES[error.code].http if error.code in CODES else 500
    return error_answer(error.code, str(error)), status


def _suggestions(outcome: Outcome | None) -> list[dict[str, str]]:
    if outcome is None:
        return []
    return [{"bookId": b.book_id, "title": b.title, "author": b.author} for b in outcome.suggestions]
