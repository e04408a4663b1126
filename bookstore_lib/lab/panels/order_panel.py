"""A counter where orders are placed."""

from base64 import b64encode
from html import escape
from io import BytesIO

import ipywidgets
from matplotlib.figure import Figure

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.customers import CUSTOMERS
from bookstore_lib.lab.figures import alt_text
from bookstore_lib.lab.panels.panel import Panel
from bookstore_lib.lab.shop_client import Receipt

_TITLES = 50


class OrderPanel(Panel):
    """Choose a book, a number and a customer, place the order, and see its outcome and its vector clocks.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__()
        self._shop = shop
        titles = [book["title"] for book in shop.client.books(limit=_TITLES)]
        self._title = _labelled(ipywidgets.Dropdown(options=titles, value="Frankenstein"), "Book")
        self._quantity = _labelled(ipywidgets.BoundedIntText(value=1, min=1, max=1000), "Copies")
        customers = [(name.replace("_", " "), name) for name in CUSTOMERS]
        self._customer = _labelled(ipywidgets.Dropdown(options=customers), "Customer")
        self._diagram = ipywidgets.HTML()
        self.place_button = self._button("Place order", "Send the order to the shop", self._place, "primary")
        self.widget.children = [
            ipywidgets.HBox(
                [self._title, self._quantity, self._customer], layout=ipywidgets.Layout(flex_flow="row wrap")
            ),
            self.place_button,
            self._message,
            self._diagram,
        ]

    def order(self, title: str, quantity: int = 1, customer: str = "good") -> Receipt:
        """What the button does, for a cell: place the order, and show its outcome and diagram in the panel."""
        receipt = self._shop.checkout({title: quantity}, customer)
        self._say(_outcome(receipt))
        self._diagram.value = _as_html(self._shop.history().order(receipt.order_id).draw(title=f"The order of {title}"))
        return receipt

    def _place(self) -> None:
        self.order(self._title.value, self._quantity.value, self._customer.value)


def _labelled(widget: ipywidgets.DOMWidget, label: str) -> ipywidgets.DOMWidget:
    widget.description = label
    return widget


def _outcome(receipt: Receipt) -> str:
    reasons = " ".join(reason.message for reason in receipt.reasons)
    books = "; ".join(f"{book.title} ({book.author})" for book in receipt.suggestions)
    return f"{receipt.status}. {reasons}{'You may also like: ' + books + '.' if books else ''}"


def _as_html(figure: Figure) -> str:
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=150)
    data = b64encode(stream.getvalue()).decode()
    return f'<img alt="{escape(alt_text(figure))}" src="data:image/png;base64,{data}" style="max-width: 100%">'
