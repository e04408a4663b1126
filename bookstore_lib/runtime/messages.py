"""Between the paper's words and the wire's: orders to requests, replies to what the checkout graph understands."""

from typing import Any

from bookstore_lib.core.checkout_graph import STEPS, Passed, Rejected, Reply
from bookstore_lib.core.order import Book, Order, Reason
from bookstore_lib.pb import common_pb2, fraud_detection_pb2, suggestions_pb2, transaction_verification_pb2


def request_for(step: str, order: Order) -> Any:
    """The request that starts a step of the checkout; a service is told only what its checks need.

    Raises:
        KeyError: There is no such step.
    """
    if STEPS[step].procedure != "InitializeOrder":
        return common_pb2.OrderRequest(order_id=order.order_id)
    return _INITIALIZE[STEPS[step].service](order)


def reply_of(step: str, message: Any) -> Reply:
    """What the reply of a service means for the checkout."""
    if isinstance(message, suggestions_pb2.SuggestionsReply):
        return Passed(tuple(Book(book.book_id, book.title, book.author) for book in message.books))
    if isinstance(message, common_pb2.InitializeReply) or message.passed:
        return Passed()
    return Rejected(tuple(Reason(reason.code, reason.message, STEPS[step].service) for reason in message.reasons))


def _initialize_verification(order: Order) -> transaction_verification_pb2.InitializeVerification:
    if order.card is None:
        raise ValueError(f"The card of order {order.order_id} is gone; it cannot be checked.")
    return transaction_verification_pb2.InitializeVerification(
        order_id=order.order_id,
        address=common_pb2.Address(**order.address._asdict()),
        card=common_pb2.Card(**order.card._asdict()),
    )


def _initialize_fraud(order: Order) -> fraud_detection_pb2.InitializeFraud:
    return fraud_detection_pb2.InitializeFraud(
        order_id=order.order_id,
        name=order.name,
        contact=order.contact,
        card_number=order.card.number if order.card else "",
        country=order.address.country,
        device_language=order.device_language,
        amount_cents=order.amount_cents,
        quantity=order.quantity,
    )


def _initialize_suggestions(order: Order) -> suggestions_pb2.InitializeSuggestions:
    items = [
        common_pb2.Item(book_id=i.book_id, title=i.title, quantity=i.quantity, price_cents=i.price_cents)
        for i in order.items
    ]
    return suggestions_pb2.InitializeSuggestions(order_id=order.order_id, items=items)


_INITIALIZE = {
    "transaction_verification": _initialize_verification,
    "fraud_detection": _initialize_fraud,
    "suggestions": _initialize_suggestions,
}
