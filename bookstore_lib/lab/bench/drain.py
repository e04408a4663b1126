"""How fast this system works a backlog off, in different ways."""

from typing import NamedTuple

from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.bench.peers.work import order_of
from bookstore_lib.lab.bench.told import told
from bookstore_lib.lab.bench.watch import Drain, cpu_of, look_on
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.supervisor.plan import Fsync
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.order_store import Acceptance
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.settings import variable
from bookstore_lib.runtime.tracker import Stamp

_TOGETHER = 64


class Way(NamedTuple):
    """How the bookstore works.

    Attributes:
        transport: `unary` or `stream`.
        sample: Share of the orders that are traced.
        in_flight: Orders under way at the same time.
        fsync: When Redis writes to disk.
    """

    transport: str
    sample: float
    in_flight: int
    fsync: Fsync = "always"

    def __str__(self) -> str:
        traced = "all traced" if self.sample == 1 else f"{self.sample:.0%} traced"
        written = "" if self.fsync == "always" else f", appendfsync {self.fsync}"
        return f"{self.transport}, {self.in_flight} in flight, {traced}{written}"


def drain(orders: int, way: Way) -> Drain:
    """Pile orders up while no executor runs, and look on while one works them off.

    The rate is that of the settlements in the record; CPU is that of all processes of the bookstore.

    Raises:
        BookstoreError: They are not worked off.
    """
    with _bookstore(way) as shop:
        env = told(shop)
        database = Database(env[variable("postgres_url")])
        shop.stop("executor-1")
        pile_up(PostgresOrderStore(database, CardSeal(env[variable("card_key")])), orders)
        shop.start("executor-1")
        try:
            return look_on(orders, lambda: settled(database), lambda: cpu_of(shop.supervisor_pid))
        finally:
            database.close()


def _bookstore(way: Way) -> Bookstore:
    return Bookstore(1, transport=way.transport, trace_sample=way.sample, max_in_flight=way.in_flight, fsync=way.fsync)


def settled(database: Database) -> int:
    """How many orders have ended."""
    (row,) = database.query("SELECT count(*) AS settled FROM orders WHERE status <> 'accepted'")
    return int(row.settled)


def pile_up(store: PostgresOrderStore, orders: int, first: int = 0) -> None:
    """Accept so many orders, numbered from `first`; no list in Redis holds them, so the next leader finds them."""
    end = first + orders
    for start in range(first, end, _TOGETHER):
        store.accept_many([_acceptance(number) for number in range(start, min(start + _TOGETHER, end))])


def _acceptance(number: int) -> Acceptance:
    stamp = Stamp("orchestrator", f"orchestrator#{number}", VectorClock({"orchestrator": 1}))
    return Acceptance(order_of(f"order-{number}"), stamp)
