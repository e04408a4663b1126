"""From what a customer asks for to an order with prices."""

import secrets

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.core.order import Item, Order
from bookstore_lib.runtime.catalogue import Catalogue
from services.orchestrator.rules import CheckoutRequest


def priced(request: CheckoutRequest, catalogue: Catalogue, request_id: str) -> Order:
    """The order, with a new id that cannot be guessed.

    Args:
        request: What the customer asks for.
        catalogue: For prices.
        request_id: Of the HTTP request.

    Raises:
        InvalidOrderError: A title is not in the catalogue.
        UnavailableError: The record does not answer.
    """
    quantities = request.quantities()
    books = catalogue.by_titles(list(quantities))
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
            for title, quantity in quantities.items()
        ),
        device_language=request.device_language,
        request_id=request_id,
    )
