"""The main job without a browser: varied orders, a killed leader in the middle, outcomes, verdict and figures."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.figures import save_figure
from bookstore_lib.lab.history import History
from bookstore_lib.lab.shop_client import Receipt


class Wish(NamedTuple):
    """An order of the demo: what it shows, the books, and who orders."""

    what: str
    items: dict[str, int]
    customer: str = "good"


# Orders of one round are placed at the same moment.
BEFORE: tuple[tuple[Wish, ...], ...] = (
    (Wish("one book", {"Frankenstein": 1}),),
    (Wish("bad card", {"Dracula": 1}, "bad_card"),),
    (Wish("several books", {"Jane Eyre": 1, "Moby-Dick": 2, "The Time Machine": 1}),),
    (Wish("missing city", {"Frankenstein": 1}, "missing_city"),),
    (Wish("at the same moment", {"Dracula": 1}), Wish("at the same moment", {"Dracula": 2})),
)
DURING = (Wish("leader killed", {"The War of the Worlds": 1}), Wish("leader killed", {"Pride and Prejudice": 1}))
AFTER: tuple[tuple[Wish, ...], ...] = (
    (Wish("suspicious", {"Frankenstein": 1}, "suspicious"),),
    (Wish("expired card", {"Frankenstein": 1}, "expired_card"),),
    (Wish("too few copies left", {"Tamerlane and Other Poems": 4}),),
    (Wish("after the failover", {"Frankenstein": 2}),),
)


class DemoResult(NamedTuple):
    """What the demo saw.

    Attributes:
        orders: Each order and its receipt.
        failovers: How often another leader took over.
        ready_seconds: Until every health check passed.
        verdict: Which guarantees held.
        figures: The files that were written.
    """

    orders: list[tuple[Wish, Receipt]]
    failovers: int
    ready_seconds: float
    verdict: Verdict
    figures: list[Path]

    @property
    def unfinished(self) -> int:
        """Orders without an outcome."""
        return sum(not receipt.finished for _, receipt in self.orders)

    @property
    def good(self) -> bool:
        """Whether all went as promised: all finished, the leader was replaced, every guarantee held."""
        return not self.unfinished and self.failovers >= 1 and self.verdict.holds

    def to_json(self) -> dict[str, Any]:
        """The figures as one JSON object."""
        statuses = [receipt.status for _, receipt in self.orders]
        return {
            "orders": len(self.orders),
            "approved": statuses.count("Order Approved"),
            "rejected": statuses.count("Order Rejected"),
            "unfinished": self.unfinished,
            "failovers": self.failovers,
            "violations": len(self.verdict.violations),
            "ready_seconds": round(self.ready_seconds, 3),
            "figures": [str(path) for path in self.figures],
        }


def run_demo(out: Path, executors: int = 3, say: Callable[[str], None] = lambda _line: None) -> DemoResult:
    """Run the demo.

    Args:
        out: Folder for the figures.
        executors: Number of order executors, 2 or more.
        say: Told what happens, a line each.

    Raises:
        BookstoreError: The bookstore cannot run here.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"{out} cannot be a folder for the figures: {error.strerror}. Choose another.") from error
    say("Starting the bookstore...")
    with Bookstore(executors) as shop, ThreadPoolExecutor(4) as customers:
        say(f"Ready after {shop.ready_seconds:.1f} s. {shop.leader} leads.")
        orders: list[tuple[Wish, Receipt]] = []
        for wishes in BEFORE:
            orders += _collect(_place(shop, customers, wishes))
        orders += _with_killed_leader(shop, customers, say)
        for wishes in AFTER:
            orders += _collect(_place(shop, customers, wishes))
        history = shop.history()
        figures = _draw(history, orders, out)
        return DemoResult(orders, _failovers(history), shop.ready_seconds, history.check(), figures)


Pending = list[tuple[Wish, Future[Receipt]]]


def _place(shop: Bookstore, customers: ThreadPoolExecutor, wishes: tuple[Wish, ...]) -> Pending:
    return [(wish, customers.submit(shop.checkout, wish.items, wish.customer)) for wish in wishes]


def _collect(pending: Pending) -> list[tuple[Wish, Receipt]]:
    return [(wish, future.result()) for wish, future in pending]


def _with_killed_leader(
    shop: Bookstore, customers: ThreadPoolExecutor, say: Callable[[str], None]
) -> list[tuple[Wish, Receipt]]:
    leader = shop.leader
    pending = _place(shop, customers, DURING)
    shop.kill(leader)
    say(f"Killed {leader} while it worked.")
    finished = _collect(pending)
    say(f"{shop.leader} took over.")
    return finished


def _failovers(history: History) -> int:
    return max(0, sum(event.name == "elected" for event in history.events) - 1)


def _draw(history: History, orders: list[tuple[Wish, Receipt]], out: Path) -> list[Path]:
    approved = next((r for _, r in orders if r.status == "Order Approved"), orders[0][1])
    rejected = next((r for _, r in orders if r.status == "Order Rejected"), orders[0][1])
    figures = {
        "clock-diagram": history.order(approved.order_id).draw(),
        "election-timeline": history.draw_election(),
        "checkout-graph": history.order(rejected.order_id).draw_checkout(),
    }
    return [save_figure(figure, out / f"{name}.{kind}") for name, figure in figures.items() for kind in ("svg", "pdf")]
