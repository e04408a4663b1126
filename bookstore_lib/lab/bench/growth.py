"""Measures how the cost of an order, and what the processes take, grow with the backlog.

Topic `growth`, for backlogs of 100, 1,000, ... orders, one after the other, on one bookstore whose processes all live
through them: `orders a second` and `CPU ms an order` (`... of <process>`) while the middle four fifths of it are worked
off, `threads of <process>` and `sockets of <process>` the most seen meanwhile, `memory MB` (`... of <process>`)
afterwards.
"""

import time
from collections.abc import Callable, Iterator

from bookstore_lib.lab.bench.drain import Way, pile_up, settled
from bookstore_lib.lab.bench.resources import Resources, resources
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.told import told
from bookstore_lib.lab.bench.watch import look_on
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.settings import variable

LEAST = 100
WAY = Way("stream", 0.01, 32)
_POLL = 0.1


def measure(most_orders: int, say: Callable[[str], None]) -> list[Row]:
    """Measure on this machine; everything runs on real processes.

    Args:
        most_orders: Of the longest backlog.
        say: Told what happens, a line each.

    Raises:
        BookstoreError: A backlog is not worked off.
    """
    rows, first = list[Row](), 0
    with Bookstore(1, transport=WAY.transport, trace_sample=WAY.sample, max_in_flight=WAY.in_flight) as shop:
        env = told(shop)
        database = Database(env[variable("postgres_url")])
        # A book that sells out on the way would make the orders after that others.
        database.query(
            "UPDATE books SET stock = stock + %s, initial_stock = initial_stock + %s", (2 * most_orders,) * 2
        )
        store = PostgresOrderStore(database, CardSeal(env[variable("card_key")]))
        try:
            for orders in decades(most_orders):
                say(f"A backlog of {orders:,} orders...")
                rows += _backlog(shop, store, database, orders, first)
                first += orders
        finally:
            database.close()
    return rows


def decades(most: int) -> Iterator[int]:
    """100, 1,000, ... up to `most`."""
    orders = LEAST
    while orders <= most:
        yield orders
        orders *= 10


def _backlog(shop: Bookstore, store: PostgresOrderStore, database: Database, orders: int, first: int) -> list[Row]:
    """Pile orders up while the executor is frozen, and look on while it works them off."""
    seen = list[dict[str, Resources]]()

    def cpu() -> dict[str, float]:
        seen.append(resources(shop))
        return {name: each.cpu for name, each in seen[-1].items()}

    shop.pause("executor-1")
    pile_up(store, orders, first)
    shop.resume("executor-1")
    drain = look_on(orders, lambda: settled(database) - first, cpu)
    while shop.queue_length():  # cleared and acknowledged, too
        time.sleep(_POLL)
    return [
        Row("growth", "bookstore", f"{orders:,} orders, {WAY}", figure, value)
        for figure, value in _figures(drain.rate, drain.cpu, seen, resources(shop))
    ]


def _figures(
    rate: float, cpu: dict[str, float], seen: list[dict[str, Resources]], after: dict[str, Resources]
) -> Iterator[tuple[str, float]]:
    yield "orders a second", rate
    yield "CPU ms an order", sum(cpu.values())
    yield "memory MB", sum(each.memory for each in after.values()) / 1e6
    for name, taken in after.items():
        yield f"CPU ms an order of {name}", cpu[name]
        yield f"memory MB of {name}", taken.memory / 1e6
        yield f"threads of {name}", max(each[name].threads for each in seen)
        yield f"sockets of {name}", max(each[name].sockets for each in seen)
