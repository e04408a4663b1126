"""A backlog of orders, and a leader that is killed again and again until the last one is done."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, NamedTuple

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.shop_client import ShopClient
from bookstore_lib.lab.verify.plan import TTL
from bookstore_lib.lab.verify.schedule import EXECUTORS

_CUSTOMERS = 8
_KILL_EVERY = 2.0
_POLL = 0.1
# Without any progress for this long it is not a slow machine any more.
_STUCK_SECONDS = 60.0


class Backlog(NamedTuple):
    """How a backlog was worked off.

    Attributes:
        orders: How many orders the shop had accepted before anybody worked on them.
        finished: How many of them have ended.
        kills: How often the leader was killed meanwhile.
        seconds: How long it took.
        verdict: Which guarantees held.
    """

    orders: int
    finished: int
    kills: int
    seconds: float
    verdict: Verdict

    @property
    def good(self) -> bool:
        """Whether nothing was lost and every guarantee held."""
        return self.finished == self.orders and self.verdict.holds

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        violations = [violation.sentence for violation in self.verdict.violations]
        counts = {"orders": self.orders, "finished": self.finished, "kills": self.kills}
        return {**counts, "seconds": round(self.seconds, 1), "violations": violations}

    def __str__(self) -> str:
        violations = [f"  {violation.sentence}" for violation in self.verdict.violations]
        summary = (
            f"{self.finished} of {self.orders} orders ended in {self.seconds:.0f} s, while the leader was killed "
            f"{self.kills} times; {len(violations)} violations."
        )
        return "\n".join([summary, *violations])


def run_backlog(orders: int, on_progress: Callable[[int], None] = lambda _finished: None) -> Backlog:
    """Let orders pile up while no executor runs, then start all and kill whoever leads every two seconds.

    Args:
        orders: How many.
        on_progress: Called with the number of orders that have ended.

    Raises:
        BookstoreError: The bookstore cannot be started, or does not work on the orders any more.
    """
    with Bookstore(EXECUTORS, lease_ttl=TTL) as shop:
        executors = [f"executor-{number}" for number in range(1, EXECUTORS + 1)]
        for name in executors:
            shop.kill(name)
        _pile_up(shop, orders)
        began = time.monotonic()
        for name in executors:
            shop.start(name)
        kills = _work_off(shop, orders, on_progress)
        seconds = time.monotonic() - began
        tables = shop.tables()
        finished = sum(row.status.terminal for row in tables.orders) if tables else 0
        return Backlog(orders, finished, kills, seconds, shop.history().check())


def _pile_up(shop: Bookstore, orders: int) -> None:
    pages = (shop.client.books(limit=100, page=page) for page in range(1, 4))
    titles = [book["title"] for page in pages for book in page]

    def place(first: int) -> None:
        with closing(ShopClient(shop.url)) as client:
            for number in range(first, orders, _CUSTOMERS):
                client.submit({titles[number % len(titles)]: 1})

    with ThreadPoolExecutor(_CUSTOMERS) as customers:
        list(customers.map(place, range(_CUSTOMERS)))


def _work_off(shop: Bookstore, orders: int, on_progress: Callable[[int], None]) -> int:
    kills = finished = 0
    next_kill = time.monotonic() + _KILL_EVERY
    stuck_at = time.monotonic() + _STUCK_SECONDS
    while finished < orders:
        if time.monotonic() >= next_kill:
            leader = shop.leader
            shop.kill(leader)
            next_kill = time.monotonic() + _KILL_EVERY
            shop.start(leader)
            kills += 1
        before, finished = finished, orders - shop.open_orders()
        on_progress(finished)
        if finished > before:
            stuck_at = time.monotonic() + _STUCK_SECONDS
        elif time.monotonic() > stuck_at:
            raise BookstoreError(f"{orders - finished} orders are stuck; see {shop.run_dir}.")
        time.sleep(_POLL)
    return kills
