"""From what a customer asks for to an order with prices."""

import secrets
from collections.abc import Mapping

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.core.order import Item, Order
from bookstore_lib.runtime.catalogue import CatalogueBook
from services.orchestrator.rules import CheckoutRequest


def priced(request: CheckoutRequest, books: Mapping[str, CatalogueBook], request_id: str) -> Order:
    """The order, with a new id that cannot be guessed.

    Args:
        request: What the customer asks for.
        books: Those of the catalogue that it asks for, by title.
        request_id: Of the HTTP request.

    Raises:
        InvalidOrderError: A title is not in the catalogue.
    """
    for number, item in enumerate(request.items):
        if item.name not in books:
            raise InvalidOrderError(
                f'There is no book "{item.name}" in the catalogue; GET /books lists them.',
                f"items.{number}.name",
                "unknown_book",
            )
    return Order(
        order_id=secrets.token_hex(16),
        name=request.user.name,
        contact=request.user.contact,
        card=request.credit_card.to_card(),
        address=request.billing_address.to_address(),
        items=tuple(
            Item(title, quantity, books[title].price_cents, books[title].book_id)
            for title, quantity in request.quantities().items()
        ),
        device_language=request.device_language,
        request_id=request_id,
    )
