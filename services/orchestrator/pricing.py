"""From what a customer asks for to an order with prices."""

import secrets
from collections.abc import Mapping, Sequence
from itertools import chain

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.core.order import Item, Order
from bookstore_lib.runtime.catalogue import Catalogue, CatalogueBook
from bookstore_lib.runtime.group import Group
from services.orchestrator.rules import CheckoutRequest

# Requests that come at the same time share a look at the catalogue; so many at most.
_TOGETHER = 64


class Pricing:
    """Prices orders. Thread-safe.

    Args:
        catalogue: Where the prices are.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._looking = Group("price", self._look, _TOGETHER)

    def price(self, request: CheckoutRequest, request_id: str) -> Order:
        """The order, with a new id that cannot be guessed.

        Args:
            request: What the customer asks for.
            request_id: Of the HTTP request.

        Raises:
            InvalidOrderError: A title is not in the catalogue.
            UnavailableError: The record does not answer.
        """
        quantities = request.quantities()
        books = self._looking.ask(tuple(quantities))
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

    def _look(self, orders: Sequence[Sequence[str]]) -> Sequence[Mapping[str, CatalogueBook]]:
        books = self._catalogue.by_titles(list(chain.from_iterable(orders)))
        return [books] * len(orders)
