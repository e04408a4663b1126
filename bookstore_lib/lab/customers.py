"""Customers to order as: one that is fine, and one for each thing that can be wrong."""

from collections.abc import Mapping
from typing import Any

# Numbers that payment providers publish for tests; nobody's real cards.
GOOD_CARD = "4111111111111111"
_GOOD: dict[str, Any] = {
    "user": {"name": "Ada Reader", "contact": "ada@example.org"},
    "creditCard": {"number": GOOD_CARD, "expirationDate": "12/30", "cvv": "123"},
    "billingAddress": {
        "street": "12 Library Lane",
        "city": "Springfield",
        "state": "IL",
        "zip": "62701",
        "country": "USA",
    },
    "shippingMethod": "Standard",
    "termsAccepted": True,
}

_DIFFERENCES: dict[str, dict[str, Any]] = {
    "good": {},
    "bad_card": {"creditCard": {"number": "4111111111111112"}},
    "expired_card": {"creditCard": {"expirationDate": "01/20"}},
    "missing_city": {"billingAddress": {"city": ""}},
    "suspicious": {"user": {"name": "Mallory Fraudster", "contact": "mallory@example.org"}},
}
CUSTOMERS = tuple(_DIFFERENCES)


def checkout_body(items: Mapping[str, int], customer: str = "good") -> dict[str, Any]:
    """The body of `POST /checkout`.

    Args:
        items: Copies by title.
        customer: One of `CUSTOMERS`.

    Raises:
        ValueError: There is no such customer.
    """
    customer = customer.replace(" ", "_")  # as the panels show it
    if customer not in _DIFFERENCES:
        raise ValueError(f"There is no customer {customer!r}; there are {', '.join(CUSTOMERS)}.")
    difference = _DIFFERENCES[customer]
    body = {
        key: {**value, **difference.get(key, {})} if isinstance(value, dict) else value for key, value in _GOOD.items()
    }
    return body | {"items": [{"name": title, "quantity": quantity} for title, quantity in items.items()]}
