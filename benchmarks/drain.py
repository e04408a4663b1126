"""Let a backlog be worked off in different ways, and write benchmarks/DRAIN.md: `python benchmarks/drain.py [orders]`.

The rate is that of the settlements in the record. CPU is that of all processes of the bookstore while the middle four
fifths of the orders were settled, by process, so that starting them does not count.
"""

import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

from bookstore_lib.core.order import Address, Card, Item, Order
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.record import find_record
from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.order_store import Acceptance
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.tracker import Stamp

ORDERS = 2000
_TOGETHER = 64
_POLL = 0.1
_PATIENCE = 600.0
_PROCESSES = (
    "order_executor",
    "transaction_verification",
    "fraud_detection",
    "suggestions",
    "orchestrator",
    "postgres",
)


class Way(NamedTuple):
    """How the bookstore works."""

    transport: str
    sample: float
    in_flight: int

    def __str__(self) -> str:
        traced = "all traced" if self.sample == 1 else f"{self.sample:.0%} traced"
        return f"{self.transport}, {self.in_flight} in flight, {traced}"


WAYS = [
    Way("unary", 1, 32),
    Way("stream", 1, 1),
    Way("stream", 1, 32),
    Way("stream", 0.01, 32),
    Way("stream", 0.01, 128),
]


class Drain(NamedTuple):
    """How a backlog was worked off: orders a second, and milliseconds of CPU an order by process."""

    rate: float
    cpu: dict[str, float]


def drain(orders: int, way: Way) -> Drain:
    """Pile orders up while no executor runs, and look on while one works them off."""
    os.environ["BOOKSTORE_CARD_KEY"] = new_key()
    with Bookstore(1, transport=way.transport, trace_sample=way.sample, max_in_flight=way.in_flight) as shop:
        database = Database(find_record(shop.run_dir))
        shop.stop("executor-1")
        _pile_up(PostgresOrderStore(database, CardSeal(os.environ["BOOKSTORE_CARD_KEY"])), orders)
        shop.start("executor-1")
        looks = list(_looks(database, orders, psutil.Process(shop.supervisor_pid)))
        database.close()
    first = next(look for look in looks if look[1] >= orders / 10)
    last = next(look for look in looks if look[1] >= orders * 9 / 10)
    settled = last[1] - first[1]
    cpu = {name: 1000 * (last[2][name] - first[2][name]) / settled for name in last[2]}
    return Drain(settled / (last[0] - first[0]), cpu)


def _pile_up(store: PostgresOrderStore, orders: int) -> None:
    for start in range(0, orders, _TOGETHER):
        store.accept_many([_acceptance(number) for number in range(start, min(start + _TOGETHER, orders))])


def _acceptance(number: int) -> Acceptance:
    order = Order(
        f"order-{number}",
        f"Reader {number}",
        f"reader-{number}@example.org",
        Card("4111111111111111", "12/30", "123"),
        Address("12 Library Lane", "Springfield", "IL", "62701", "USA"),
        (Item("Frankenstein", 1, 1075, 3),),
    )
    return Acceptance(order, Stamp("orchestrator", f"orchestrator#{number}", VectorClock({"orchestrator": 1})))


def _looks(
    database: Database, orders: int, supervisor: psutil.Process
) -> Iterator[tuple[float, int, dict[str, float]]]:
    """The time, the orders settled, and the CPU used so far by process, until all are settled."""
    patience = time.monotonic() + _PATIENCE
    settled = 0
    while settled < orders:
        if time.monotonic() > patience:
            raise RuntimeError(f"Only {settled} of {orders} orders were settled in {_PATIENCE:.0f} s.")
        time.sleep(_POLL)
        (row,) = database.query("SELECT count(*) AS settled FROM orders WHERE status <> 'accepted'")
        settled = row.settled
        yield time.monotonic(), settled, _cpu(supervisor)


def _cpu(supervisor: psutil.Process) -> dict[str, float]:
    used = defaultdict[str, float](float)
    for process in supervisor.children(recursive=True):
        try:
            command = " ".join(process.cmdline())
            name = next((name for name in _PROCESSES if name in command), "redis")
            used[name] += sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            pass  # it has ended meanwhile
    return used


def main(orders: int) -> None:
    """Measure and write."""
    names = (*_PROCESSES, "redis")
    lines = [f"| way | orders/s | CPU ms an order | {' | '.join(names)} |", "|---" * (len(names) + 3) + "|"]
    print("\n".join(lines), flush=True)
    for way in WAYS:
        done = drain(orders, way)
        parts = " | ".join(f"{done.cpu[name]:.2f}" for name in names)
        lines.append(f"| {way} | {done.rate:.0f} | {sum(done.cpu.values()):.1f} | {parts} |")
        print(lines[-1], flush=True)
    system = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = f"# A backlog of {orders} orders\n\n{datetime.now(UTC):%Y-%m-%d}; {system}.\n\n"
    Path(__file__).with_name("DRAIN.md").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS)
