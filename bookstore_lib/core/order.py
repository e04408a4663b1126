"""An order: what is bought, by whom, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class OrderStatus(StrEnum):
    """Where an order stands; every accepted order ends in exactly one of the terminal states."""

    ACCEPTED = "accepted"
    APPROVED = "approved"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """Whether it has ended. A failed order is a dead letter: people, and nobody else, can open it again."""
        return self is not OrderStatus.ACCEPTED


class Reason(NamedTuple):
    """Why an order was rejected or failed: a stable code, a sentence for people, and who said so."""

    code: str
    message: str
    source: str = ""


class Book(NamedTuple):
    """A book as it is suggested."""

    book_id: str
    title: str
    author: str


class Item(NamedTuple):
    """A line of an order. `price_cents` is the price of one copy, in cents, when the order was accepted."""

    title: str
    quantity: int
    price_cents: int = 0
    book_id: int = 0


class Card(NamedTuple):
    """A credit card as the customer typed it. Never printed: its text shows the last four digits only."""

    number: str
    expiration: str
    cvv: str

    @property
    def last_four(self) -> str:
        """The last four digits: all that may be stored or shown in the open."""
        return "".join(c for c in self.number if c.isdigit())[-4:]

    def without_cvv(self) -> "Card":
        """The same with zeros for the digits of the CVV: it tells nothing, and a check finds what it found before."""
        return self._replace(cvv="".join("0" if c in "0123456789" else "x" for c in self.cvv))

    def __repr__(self) -> str:
        return f"Card(…{self.last_four})"


class Address(NamedTuple):
    """A billing address."""

    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer wants.

    Attributes:
        order_id: Cannot be guessed; names the order everywhere.
        name: The customer's name.
        contact: The customer's mail address or telephone number.
        card: The card to charge; `None` once the order is settled.
        address: The billing address.
        items: At least one; prices are those of the catalogue at the time of acceptance.
        device_language: The browser's language, such as `en-US`; empty when not sent.
        request_id: Of the request that placed it, to find it in the logs.
    """

    order_id: str
    name: str
    contact: str
    card: Card | None
    address: Address
    items: tuple[Item, ...]
    device_language: str = ""
    request_id: str = ""

    @property
    def amount_cents(self) -> int:
        """Price times quantity over all items, in cents."""
        return sum(item.price_cents * item.quantity for item in self.items)

    @property
    def quantity(self) -> int:
        """Number of copies over all items."""
        return sum(item.quantity for item in self.items)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order ended, or what the checks say it should end as.

    Attributes:
        status: One of the terminal states.
        reasons: All that were found; empty when approved.
        suggestions: Related books; empty unless approved.
        steps: What became of each step of the checkout; empty when no check was begun. Two outcomes that say the same
            are equal, whatever led to them.
    """

    status: OrderStatus
    reasons: tuple[Reason, ...] = ()
    suggestions: tuple[Book, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict, compare=False)
