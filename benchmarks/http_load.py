"""Measure orders over HTTP, end to end, and write benchmarks/HTTP_LOAD.md: `python benchmarks/http_load.py`.

Each customer is a connection that orders again once it has its outcome, so the number of customers is the number of
orders under way. They run in one thread of this process, on the same cores as the shop.
"""

import os
import platform
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

from bookstore_lib.lab.bench.http import Measured, order_request, run
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.runtime.settings import variable

CUSTOMERS, SECONDS, ROUNDS = (1, 16, 64), 5.0, 3
READ = b"GET /books?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = """# Orders over HTTP

{day:%Y-%m-%d}; {cores} cores, {system}, Python {python}; load {load:.0f} before it began: above 0, others worked there.
`python benchmarks/http_load.py` repeats it anywhere.

Medians of {rounds} rounds of {seconds:g} s on a bookstore with three executors; customers and all processes share the
cores. *finished* are orders a second that were accepted, checked, settled and answered on one request each; *accepted*
are orders a second taken with `Prefer: respond-async`; *read* are answers to `GET /books?limit=1` a second: what HTTP
alone costs here. The ratios say what share of that an order reaches.

| customers | read/s | accepted/s | of read | finished/s | of read | median ms | p99 ms |
|---|---|---|---|---|---|---|---|
"""


COST = """
Processor time for one order, in milliseconds, with {customers} customers; other work on the machine moves it less.
{orders} orders; `lab` is the customers themselves.

| {names} | all |
|{lines}|
| {costs} | {all:.1f} |

So {cores} cores can finish {most:.0f} orders a second at most, once nothing waits for anything.
"""


def processor_seconds(shop: Bookstore) -> dict[str, float]:
    """The processor time that each process and its children have had, by name; `lab` is this one."""
    found = {"lab": time.process_time()}
    for status in shop.processes():
        whole = psutil.Process(status.pid)
        times = [process.cpu_times() for process in (whole, *whole.children(recursive=True))]
        found[status.name] = sum(each.user + each.system for each in times)
    return found


def cost(shop: Bookstore, customers: int) -> str:
    """What an order costs each process, as text."""
    requests = [order_request(book["title"]) for book in shop.client.books(limit=customers)]
    before = processor_seconds(shop)
    orders = run(shop.url, requests, SECONDS).answers
    after = processor_seconds(shop)
    costs = {name: 1000 * (after[name] - before[name]) / orders for name in after}
    return COST.format(
        customers=customers,
        orders=orders,
        names=" | ".join(costs),
        lines="---|" * len(costs) + "---",
        costs=" | ".join(f"{each:.1f}" for each in costs.values()),
        all=sum(costs.values()),
        cores=os.cpu_count(),
        most=1000 * (os.cpu_count() or 1) / sum(costs.values()),
    )


def measure(shop: Bookstore, customers: int) -> tuple[Measured, Measured, Measured]:
    """One round: reading, accepting, and orders to their end."""
    titles = [book["title"] for book in shop.client.books(limit=customers)]

    def pressed(requests: list[bytes], expected: Collection[int] = (200,)) -> Measured:
        measured = run(shop.url, requests, SECONDS, expected)
        while shop.open_orders():
            time.sleep(0.1)
        return measured

    read = pressed([READ] * customers)
    # 200: by the time of the answer it had ended already.
    accepted = pressed([order_request(title, "Prefer: respond-async") for title in titles], (202, 200))
    return read, accepted, pressed([order_request(title) for title in titles])


def row(customers: int, rounds: list[tuple[Measured, Measured, Measured]]) -> str:
    """A line of the table: medians of the rounds; each ratio is one of a round."""
    reads, accepts, ends = zip(*rounds, strict=True)
    cells = [
        f"{median(m.rate for m in reads):.0f}",
        f"{median(m.rate for m in accepts):.0f}",
        f"{median(a.rate / r.rate for r, a, _ in rounds):.2f}",
        f"{median(m.rate for m in ends):.0f}",
        f"{median(e.rate / r.rate for r, _, e in rounds):.2f}",
        f"{median(m.median for m in ends):.0f}",
        f"{median(m.p99 for m in ends):.0f}",
    ]
    return f"| {customers} | {' | '.join(cells)} |\n"


def main() -> None:
    """Measure and write."""
    text = HEAD.format(
        day=datetime.now(UTC),
        cores=os.cpu_count(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load=os.getloadavg()[0],
        rounds=ROUNDS,
        seconds=SECONDS,
    )
    os.environ[variable("rate_limit")] = "1000000"  # all customers have one address
    with Bookstore() as shop:
        for customers in CUSTOMERS:
            text += row(customers, [measure(shop, customers) for _ in range(ROUNDS)])
        text += cost(shop, CUSTOMERS[1])
        violations = len(shop.history().check().violations)
    text += f"\nAll guarantees were checked afterwards, over all events and the record: {violations} violations.\n"
    Path(__file__).with_name("HTTP_LOAD.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
