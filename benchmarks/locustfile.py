"""Customers for Locust: `locust -f benchmarks/locustfile.py --host http://127.0.0.1:8081`, then http://localhost:8089.

Without its page: `--headless --users 100 --spawn-rate 50 --run-time 1m`. Most customers order and wait for the outcome;
some only look around; a few have a bad card, which is a rejection and no failure. An order whose outcome takes long is
asked for until it is there, so what Locust counts as a failure was refused or lost.
"""

import itertools
import random
from typing import Any

from locust import FastHttpUser, constant

GOOD, BAD = "4111111111111111", "4111111111111112"
_contacts = itertools.count(1)


class Customer(FastHttpUser):  # type: ignore[misc]  # locust is not installed where types are checked
    """Orders, looks around, and never pauses: how many there are says how hard the shop is pressed."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """See what there is."""
        self.contact = f"customer-{next(_contacts)}@example.org"
        self.titles = [book["title"] for book in self.client.get("/books?limit=100", name="/books").json()["books"]]

    def order(self) -> None:
        """Order one or two titles."""
        self._check_out(GOOD, "Order Approved")

    def order_with_a_bad_card(self) -> None:
        """Order with a card whose check digit is wrong."""
        self._check_out(BAD, "Order Rejected")

    def look_around(self) -> None:
        """Search the catalogue."""
        self.client.get(f"/books?q={random.choice('aeiou')}", name="/books")  # noqa: S311 - no secret

    # How often each, of 20.
    tasks = {order: 17, order_with_a_bad_card: 1, look_around: 2}  # noqa: RUF012 - Locust's own way to say it

    def _check_out(self, card: str, expected: str) -> None:
        body = _order(random.sample(self.titles, random.randint(1, 2)), self.contact, card)  # noqa: S311 - no secret
        with self.client.post("/checkout", json=body, catch_response=True) as answer:
            if answer.status_code not in (200, 202):
                answer.failure(f"{answer.status_code}: {answer.text}")
                return
            order = answer.json()
        while order["status"] == "Order Received":
            order = self.client.get(f"/orders/{order['orderId']}?wait=10", name="/orders/[id]").json()
        if order["status"] != expected:
            self.environment.events.user_error.fire(
                user_instance=self, exception=AssertionError(f"{expected} became {order['status']}"), tb=None
            )


def _order(titles: list[str], contact: str, card: str) -> dict[str, Any]:
    return {
        "user": {"name": "Ada Reader", "contact": contact},
        "creditCard": {"number": card, "expirationDate": "12/99", "cvv": "123"},
        "items": [{"name": title, "quantity": 1} for title in titles],
        "billingAddress": {"city": "Tartu", "zip": "50090", "country": "Estonia"},
        "termsAccepted": True,
    }
