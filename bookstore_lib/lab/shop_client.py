"""The bookstore as a customer's program sees it: over HTTP."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from bookstore_lib.core.errors import BookstoreError, StillRunningError, UnavailableError
from bookstore_lib.core.order import Book, Reason
from bookstore_lib.lab.customers import checkout_body

_ANSWER_SECONDS = 30.0
_LOOKS = 1
# Between two looks whether a request under the same idempotency key has been answered.
_REPEAT_PAUSE = 0.2


@dataclass(frozen=True)
class Receipt:
    """What the shop said about an order.

    Attributes:
        order_id: Names the order everywhere.
        status: `Order Approved`, `Order Rejected`, `Order Failed`, or `Order Received` while it has no outcome.
        reasons: Why it was rejected or failed.
        suggestions: Related books, when approved.
    """

    order_id: str
    status: str
    reasons: tuple[Reason, ...] = ()
    suggestions: tuple[Book, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the order has its outcome."""
        return self.status != "Order Received"


class ShopClient:
    """Places orders and asks about them.

    Args:
        url: The orchestrator's address.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        # The shop is on this machine; no proxy of the environment is between.
        self._session.trust_env = False

    def another(self) -> "ShopClient":
        """A client of the same shop, for another thread."""
        return ShopClient(self._url)

    def checkout(self, items: Mapping[str, int], customer: str = "good", *, key: str = "") -> Receipt:
        """Place an order and wait for its outcome, 40 seconds at most: after that its status is `Order Received`.

        Args:
            items: Copies by title.
            customer: One of `customers.CUSTOMERS`.
            key: An idempotency key: the same key and order again give the same answer.

        Raises:
            BookstoreError: The shop refused the order or does not answer; the sentence says why.
        """
        headers = {"Idempotency-Key": key} if key else {}
        receipt = self._place(items, customer, headers)
        looks = _LOOKS
        while not receipt.finished and looks:
            receipt, looks = self.order(receipt.order_id, wait=_ANSWER_SECONDS - 1), looks - 1
        return receipt

    def submit(self, items: Mapping[str, int], customer: str = "good", *, key: str = "") -> Receipt:
        """Place an order without waiting for its outcome; arguments and errors as `checkout`."""
        headers = {"Prefer": "respond-async"} | ({"Idempotency-Key": key} if key else {})
        return self._place(items, customer, headers)

    def order(self, order_id: str, wait: float = 0) -> Receipt:
        """What has become of an order; waits up to `wait` seconds for its outcome."""
        return _receipt(self._call("GET", f"/orders/{order_id}", params={"wait": wait}))

    def books(self, **query: str | int) -> list[dict[str, Any]]:
        """A page of the catalogue; `query` as in `GET /books`: page, limit, genre, author, q."""
        found: list[dict[str, Any]] = self._call("GET", "/books", params=query)["books"]
        return found

    def leader(self) -> tuple[str | None, int]:
        """Who holds the leader's lock, and the present epoch."""
        answer = self._call("GET", "/api/leader")
        return answer["leader"], answer["epoch"]

    def healthy(self) -> bool:
        """Whether every part of the shop answers."""
        try:
            return bool(self._call("GET", "/api/health")["status"] == "ok")
        except BookstoreError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _place(self, items: Mapping[str, int], customer: str, headers: dict[str, str]) -> Receipt:
        """Post an order; while somebody else is being answered under its key, ask again."""
        until = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                return _receipt(self._call("POST", "/checkout", json=checkout_body(items, customer), headers=headers))
            except StillRunningError:
                if time.monotonic() > until:
                    raise
                time.sleep(_REPEAT_PAUSE)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._session.request(method, self._url + path, timeout=_ANSWER_SECONDS, **options)
            answer = response.json()
        except requests.RequestException as error:
            raise UnavailableError(f"The shop at {self._url} does not answer; is its orchestrator running?") from error
        if "error" in answer and "orderId" not in answer:
            kind = StillRunningError if answer["error"]["code"] == StillRunningError.code else BookstoreError
            raise kind(answer["error"]["message"])
        return answer


def _receipt(answer: dict[str, Any]) -> Receipt:
    return Receipt(
        answer["orderId"],
        answer["status"],
        tuple(Reason(reason["code"], reason["message"]) for reason in answer["reasons"]),
        tuple(Book(book["bookId"], book["title"], book["author"]) for book in answer["suggestedBooks"]),
    )
