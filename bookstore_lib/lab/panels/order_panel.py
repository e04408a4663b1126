"""A counter where orders are placed."""

from collections.abc import Mapping
from html import escape

import ipywidgets

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.customers import CUSTOMERS
from bookstore_lib.lab.load import place_at_once
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.shop_client import Receipt

_TITLES = 100
_MOST_AT_ONCE = 50
_SHOWN = 12


class OrderPanel(Panel):
    """Fill a basket, choose a customer, place the order, and see its outcome and its vector clocks.

    An empty basket orders the chosen book. The last orders stay in a table.

    Args:
        shop: A running bookstore.
        diagram: Whether the vector clocks are drawn after each order.
    """

    def __init__(self, shop: Bookstore, *, diagram: bool = True) -> None:
        super().__init__(shop, "Orders")
        titles = [book["title"] for book in shop.client.books(limit=_TITLES)]
        self.title = ipywidgets.Dropdown(options=titles, value="Frankenstein", description="Book")
        self.quantity = ipywidgets.BoundedIntText(value=1, min=1, max=1000, description="Copies")
        customers = [(name.replace("_", " "), name) for name in CUSTOMERS]
        self.customer = ipywidgets.Dropdown(options=customers, description="Customer")
        self.at_once = ipywidgets.BoundedIntText(value=1, min=1, max=_MOST_AT_ONCE, description="At once")
        self.at_once.tooltip = "How many times the order is placed at the same moment"
        self.add_button = self._button("Add to basket", "Put the chosen copies into the basket", self._add, doing="")
        self.empty_button = self._button("Empty basket", "Take everything out", self._empty, doing="")
        self.place_button = self._button(
            "Place order", "Send the order to the shop", self._place, "primary", doing="Waiting for the outcome..."
        )
        self._basket: dict[str, int] = {}
        self._shown_basket, self._diagram, self._history = (ipywidgets.HTML() for _ in range(3))
        self._orders: list[tuple[str, ...]] = []
        self._placed = 0
        self._draws = diagram
        self._compose(
            row(self.title, self.quantity, self.add_button, self.empty_button),
            self._shown_basket,
            row(self.customer, self.at_once, self.place_button),
            self._message,
            self._history,
            self._diagram,
        )
        self._show_basket()
        self._follow()

    def order(self, title: str, quantity: int = 1, customer: str = "good") -> Receipt:
        """What the button does, for a cell: place the order, and show its outcome and diagram in the panel."""
        (receipt,) = self.order_many({title: quantity}, customer, 1)
        return receipt

    def order_many(self, items: Mapping[str, int], customer: str = "good", at_once: int = 1) -> list[Receipt]:
        """What the button does, for a cell: place an order, some times at the same moment, and show what became of it.

        Args:
            items: Copies by title.
            customer: One of `customers.CUSTOMERS`.
            at_once: How many times.

        Raises:
            BookstoreError: The shop refused an order or does not answer.
        """
        if at_once > 1:
            receipts = place_at_once(self._shop, items, customer, at_once)
        else:
            receipts = [self._shop.checkout(items, customer)]
        self._note(items, customer, receipts)
        if self._draws:
            order = self._shop.history().order(receipts[-1].order_id)
            self._diagram.value = html.picture(order.draw(title=f"The order of {', '.join(items)}"))
        return receipts

    @property
    def basket(self) -> dict[str, int]:
        """Copies by title."""
        return dict(self._basket)

    @property
    def history(self) -> str:
        """The table of the last orders, as HTML."""
        return str(self._history.value)

    def _add(self) -> None:
        self._basket[self.title.value] = self._basket.get(self.title.value, 0) + self.quantity.value
        self._show_basket()
        self._say(f"{self.title.value} is in the basket.")

    def _empty(self) -> None:
        self._basket.clear()
        self._show_basket()
        self._say("The basket is empty.")

    def _show_basket(self) -> None:
        content = _listed(self._basket) or "empty; the chosen book is ordered"
        self._shown_basket.value = f'<div style="color: {html.TEXT}">Basket: {escape(content)}</div>'

    def _place(self) -> None:
        items = self._basket or {self.title.value: self.quantity.value}
        self.order_many(dict(items), self.customer.value, self.at_once.value)

    def _note(self, items: Mapping[str, int], customer: str, receipts: list[Receipt]) -> None:
        self._say(_outcome(receipts[-1]) if len(receipts) == 1 else _outcomes(receipts))
        for receipt in receipts:
            self._placed += 1
            reasons = " ".join(reason.message for reason in receipt.reasons)
            who = customer.replace("_", " ")
            self._orders.insert(0, (str(self._placed), who, _listed(items), receipt.status, reasons))
        del self._orders[_SHOWN:]
        self._history.value = html.table(
            "Last orders", ("No.", "Customer", "Books", "Outcome", "Reasons"), self._orders
        )


def _listed(items: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {title}" for title, count in items.items())


def _outcomes(receipts: list[Receipt]) -> str:
    statuses = [receipt.status for receipt in receipts]
    return ", ".join(f"{statuses.count(status)} x {status}" for status in sorted(set(statuses))) + "."


def _outcome(receipt: Receipt) -> str:
    reasons = " ".join(reason.message for reason in receipt.reasons)
    books = "; ".join(f"{book.title} ({book.author})" for book in receipt.suggestions)
    return f"{receipt.status}. {reasons}{'You may also like: ' + books + '.' if books else ''}"
