"""What the front door says: orders, books and errors as JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from bookstore_lib.core.checkout_graph import STEPS, StepState
from bookstore_lib.core.errors import CODES, BookstoreError, InvalidOrderError, TooManyRequestsError
from bookstore_lib.core.order import OrderStatus, Outcome
from bookstore_lib.runtime.catalogue import CatalogueBook
from bookstore_lib.runtime.log_context import request_id
from bookstore_lib.runtime.order_store import StoredOrder
from services.orchestrator.models import (
    RECEIVED,
    BookAnswer,
    BooksPage,
    ErrorAnswer,
    ErrorDetails,
    FailedOrder,
    OrderAnswer,
    OrderDetails,
    OrderLine,
    ReasonAnswer,
    Status,
    SuggestedBook,
)

Json = dict[str, Any]

STATUS: dict[OrderStatus, Status] = {
    OrderStatus.ACCEPTED: RECEIVED,
    OrderStatus.APPROVED: "Order Approved",
    OrderStatus.REJECTED: "Order Rejected",
    OrderStatus.FAILED: "Order Failed",
}
_NOT_CHECKED = "The order could not be checked, because a service does not answer. Nothing was charged."
# Seconds after which it may be worth to ask again.
_RETRY_AFTER = {"request_still_running": 1, "unavailable": 2}


def to_json(answer: BaseModel) -> Json:
    """An answer as it goes out."""
    return answer.model_dump(by_alias=True, mode="json")


def order_answer(stored: StoredOrder) -> Json:
    """An order, with its outcome as far as there is one; a failed one is an error too."""
    order = _order_fields(stored)
    if stored.outcome is not None and stored.outcome.status is OrderStatus.FAILED:
        error = ErrorDetails(code="could_not_be_checked", message=_NOT_CHECKED, request_id=request_id())
        return FailedOrder(**order, error=error).model_dump(by_alias=True, exclude_none=True)
    return to_json(OrderAnswer(**order))


def order_details(stored: StoredOrder, progress: Callable[[str], Mapping[str, str]]) -> Json:
    """An order, with what was bought, its steps so far, and its clock when it was settled.

    Args:
        stored: The order.
        progress: The steps of an open order so far, by its id.
    """
    steps = stored.outcome.steps if stored.outcome else progress(stored.order.order_id)
    return to_json(
        OrderDetails(
            **_order_fields(stored),
            items=[OrderLine(name=item.title, quantity=item.quantity) for item in stored.order.items],
            amount=stored.order.amount_cents / 100,
            steps={step: StepState(steps[step]) for step in STEPS if step in steps},
            clock=dict(stored.final_clock),
        )
    )


def books_page(books: list[CatalogueBook], page: int, limit: int, total: int) -> Json:
    """A page of the catalogue."""
    return to_json(BooksPage(books=[_book(book) for book in books], page=page, limit=limit, total=total))


def error_answer(code: str, message: str, field: str = "") -> Json:
    """An error; `field` names the part of the input to mend."""
    error = ErrorDetails(code=code, message=message, field=field or None, request_id=request_id())
    return ErrorAnswer(error=error).model_dump(by_alias=True, exclude_none=True)


def from_error(error: BookstoreError) -> tuple[Json, int, dict[str, str]]:
    """An error of ours as an answer, its HTTP status, and the headers that belong to it."""
    if isinstance(error, InvalidOrderError):
        return error_answer(error.code, str(error), error.field), 400, {}
    status = CODES[error.code].http if error.code in CODES else 500
    retry_after = error.retry_after if isinstance(error, TooManyRequestsError) else _RETRY_AFTER.get(error.code)
    return error_answer(error.code, str(error)), status, {"Retry-After": str(retry_after)} if retry_after else {}


def _order_fields(stored: StoredOrder) -> Json:
    outcome = stored.outcome
    return {
        "order_id": stored.order.order_id,
        "status": STATUS[outcome.status] if outcome else RECEIVED,
        "suggested_books": _suggestions(outcome),
        "reasons": [ReasonAnswer(code=r.code, message=r.message) for r in outcome.reasons] if outcome else [],
    }


def _suggestions(outcome: Outcome | None) -> list[SuggestedBook]:
    if outcome is None:
        return []
    return [SuggestedBook(book_id=b.book_id, title=b.title, author=b.author) for b in outcome.suggestions]


def _book(book: CatalogueBook) -> BookAnswer:
    return BookAnswer(
        book_id=str(book.book_id),
        title=book.title,
        author=book.author,
        genre=book.genre,
        price=book.price_cents / 100,
        stock=book.stock,
    )
