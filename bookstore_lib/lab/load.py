"""Load: orders that arrive at a rate, whether or not the shop keeps up; and many at the same moment."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.customers import CUSTOMERS
from bookstore_lib.lab.shop_client import Receipt

if TYPE_CHECKING:
    import pandas as pd

_CUSTOMERS_AT_ONCE = 64
_BOOKS = 100
GOOD_ONLY: Mapping[str, float] = {"good": 1.0}


class Placed(NamedTuple):
    """An order of a load.

    Attributes:
        due: When it was to be placed, in seconds since the load began.
        seconds: How long after that moment its outcome was there; waiting for a free customer counts.
        status: As in the receipt, or `Refused` where the shop did not take it.
        customer: Who ordered.
        order_id: Empty where it was refused.
    """

    due: float
    seconds: float
    status: str
    customer: str
    order_id: str


class Summary(NamedTuple):
    """What a load came to; times are in seconds.

    Attributes:
        orders: How many were placed.
        offered: Orders that arrived each second.
        throughput: Orders that had their outcome each second, from the first arrival to the last outcome.
        median: Half of the orders had their outcome sooner.
        p95: 19 of 20 orders had it sooner.
        slowest: The longest that one took.
        by_status: How many ended how.
    """

    orders: int
    offered: float
    throughput: float
    median: float
    p95: float
    slowest: float
    by_status: dict[str, int]

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {status}" for status, count in sorted(self.by_status.items()))
        return (
            f"{self.orders} orders at {self.offered:.1f}/s, done {self.throughput:.1f}/s; median "
            f"{1000 * self.median:.0f} ms, 95 % below {1000 * self.p95:.0f} ms, slowest {1000 * self.slowest:.0f} ms; "
            f"{ends or 'none'}."
        )


class Load:
    """Orders at a constant rate until it is stopped: they arrive when they are due, not when the shop is ready.

    Args:
        shop: A running bookstore.
        rate: Orders a second.
        mix: The share of each customer, such as `{"good": 0.9, "bad_card": 0.1}`; all good where not given.
        seed: The same seed gives the same customers and books.

    Attributes:
        placed: The orders that have their outcome, as they came.

    Raises:
        BookstoreError: The rate or the mix makes no sense, or the bookstore was stopped.
    """

    def __init__(self, shop: Bookstore, rate: float, mix: Mapping[str, float] = GOOD_ONLY, *, seed: int = 1) -> None:
        _check(rate, mix)
        self._shop, self._client, self._rate, self._mix = shop, shop.client, rate, dict(mix)
        self._random = random.Random(seed)  # noqa: S311 - no secret; the same again
        self._titles = [book["title"] for book in self._client.books(limit=_BOOKS)]
        self._mine = threading.local()
        self._ending = threading.Event()
        self._began = 0.0
        self.placed: list[Placed] = []

    def run(self, seconds: float) -> None:
        """Place orders for a time, until `stop`, or until the bookstore ends, and wait for their outcomes."""
        self._began = time.monotonic()
        with ThreadPoolExecutor(_CUSTOMERS_AT_ONCE, "customer") as customers:
            try:
                self._arrive(customers, max(1, round(seconds * self._rate)))
            except KeyboardInterrupt:  # an interrupted cell does not wait for those that wait
                self.stop()
                raise

    def run_closed(self, customers: int, each: int) -> None:
        """Have some customers place orders, each the next one when the last has its outcome."""
        self._began = time.monotonic()
        with ThreadPoolExecutor(customers, "customer") as at_once:
            for _ in range(customers):
                at_once.submit(self._place_again, [self._random.choice(self._titles) for _ in range(each)])

    def stop(self) -> None:
        """Place no more, those that wait for a free customer neither; `run` ends when the outcomes are there."""
        self._ending.set()

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began if self._began else 0.0

    def summary(self) -> Summary:
        """What it has come to so far."""
        return summarise(self.placed, self._rate)

    def by_second(self, seconds: float, width: float = 1.0) -> list[tuple[float, list[float]]]:
        """The last seconds in bins: the end of each, and how long the orders took that got their outcome in it."""
        first = max(0, int((self.elapsed - seconds) / width))
        bins: dict[int, list[float]] = {number: [] for number in range(first, int(self.elapsed / width))}
        for order in reversed(self.placed):  # nearly by the time of their outcomes
            number = int((order.due + order.seconds) / width)
            if number < first - 1:
                break
            bins.get(number, []).append(order.seconds)
        return [((number + 1) * width, times) for number, times in sorted(bins.items())]

    def frame(self) -> "pd.DataFrame":
        """A row for each order, by when it was due; the columns are those of `Placed`."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and panels do not need it

        return pd.DataFrame(sorted(self.placed), columns=list(Placed._fields))

    def _arrive(self, customers: ThreadPoolExecutor, orders: int) -> None:
        for number in range(orders):
            due = number / self._rate
            if self._ending.wait(max(0.0, self._began + due - time.monotonic())) or not self._shop.close.alive:
                self.stop()
                break
            (customer,) = self._random.choices(list(self._mix), list(self._mix.values()))
            customers.submit(self._place, due, customer, self._random.choice(self._titles))

    def _place_again(self, titles: list[str]) -> None:
        for title in titles:
            self._place(self.elapsed, "good", title)

    def _place(self, due: float, customer: str, title: str) -> None:
        if self._ending.is_set():
            return
        if not hasattr(self._mine, "client"):
            self._mine.client = self._client.another()
        try:
            receipt = self._mine.client.checkout({title: 1}, customer)
            status, order_id = receipt.status, receipt.order_id
        except BookstoreError:
            status, order_id = "Refused", ""
        self.placed.append(Placed(due, self.elapsed - due, status, customer, order_id))


def run_load(
    shop: Bookstore, rate: float, seconds: float, mix: Mapping[str, float] = GOOD_ONLY, *, seed: int = 1
) -> tuple["pd.DataFrame", Summary]:
    """Place orders at a rate for a time and wait for all outcomes.

    Args:
        shop: A running bookstore.
        rate: Orders a second.
        seconds: For how long they arrive.
        mix: The share of each customer, such as `{"good": 0.9, "bad_card": 0.1}`.
        seed: The same seed gives the same customers and books.

    Returns:
        A row for each order (see `Placed`), and the summary.

    Raises:
        BookstoreError: The rate or the mix makes no sense, or the shop does not answer at all.
    """
    load = Load(shop, rate, mix, seed=seed)
    load.run(seconds)
    return load.frame(), load.summary()


def run_customers(shop: Bookstore, customers: int, each: int = 5, *, seed: int = 1) -> tuple["pd.DataFrame", Summary]:
    """Let some customers order again and again: each places the next order when the last one has its outcome.

    Such a load is *closed*: it slows down with the shop. That of `run_load` is *open*: it does not wait for the shop.
    See B. Schroeder, A. Wierman, M. Harchol-Balter, "Open Versus Closed: A Cautionary Tale" (2006).

    Args:
        shop: A running bookstore.
        customers: How many there are; so many orders are under way at most.
        each: How many orders each of them places, one after the other.
        seed: The same seed gives the same books.

    Returns:
        A row for each order (see `Placed`), and the summary: what is offered is what was done.

    Raises:
        BookstoreError: There are no customers or more than 64, or the shop does not answer at all.
    """
    if not 1 <= customers <= _CUSTOMERS_AT_ONCE:
        raise BookstoreError(f"From 1 to {_CUSTOMERS_AT_ONCE} customers can order at once, not {customers!r}.")
    load = Load(shop, 1, seed=seed)
    load.run_closed(customers, each)
    summary = load.summary()
    return load.frame(), summary._replace(offered=summary.throughput)


def place_at_once(shop: Bookstore, items: Mapping[str, int], customer: str = "good", count: int = 10) -> list[Receipt]:
    """Place the same order many times at the same moment; the outcomes, in the order in which they were begun.

    Raises:
        BookstoreError: The shop refused one of them, does not answer, or was stopped.
    """
    client, start = shop.client, threading.Barrier(count)

    def place() -> Receipt:
        with closing(client.another()) as own:
            start.wait()
            return own.checkout(items, customer)

    with ThreadPoolExecutor(count, "customer") as customers:
        return [future.result() for future in [customers.submit(place) for _ in range(count)]]


def summarise(placed: list[Placed], rate: float) -> Summary:
    """What the orders of a load come to; `rate`: how many arrived each second."""
    times = sorted(order.seconds for order in placed)
    if not times:
        return Summary(0, rate, 0.0, 0.0, 0.0, 0.0, {})
    last = max(order.due + order.seconds for order in placed)
    return Summary(
        orders=len(times),
        offered=rate,
        throughput=len(times) / max(last, 1e-9),
        median=times[len(times) // 2],
        p95=times[min(len(times) - 1, int(0.95 * len(times)))],
        slowest=times[-1],
        by_status=dict(Counter(order.status for order in placed)),
    )


def _check(rate: float, mix: Mapping[str, float]) -> None:
    if not 0 < rate <= 1000:
        raise BookstoreError(f"A rate is from above 0 to 1000 orders a second, not {rate!r}.")
    strange = [name for name in mix if name not in CUSTOMERS]
    if strange:
        raise BookstoreError(f"There is no customer {strange[0]!r}; there are {', '.join(CUSTOMERS)}.")
    if not mix or min(mix.values()) < 0 or sum(mix.values()) <= 0:
        raise BookstoreError("A mix needs shares that are not below 0, at least one of them above.")
