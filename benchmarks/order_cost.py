"""Measure where the processor time of an order goes, for docs/order-cost.svg.

`python benchmarks/order_cost.py <name> [orders] [traced share]` notes the result as `<name>` in docs/order-cost.json;
`python benchmarks/order_cost_figure.py` draws what is noted there. Started in a checkout of another version of this
repository, with `PYTHONPATH=.`, it measures that one.

The orders come over HTTP and are accepted while the only executor is frozen; then it works them off, and the processor
time of that is counted, by process. Where it goes inside the executor and a service is sampled by py-spy, which has to
be on the PATH and may have to be root (https://github.com/benfred/py-spy). What a process has used beyond the threads
that were seen to run Python is what gRPC does in threads of its own.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import requests

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.customers import checkout_body
from bookstore_lib.runtime.settings import variable

NOTES = Path(__file__).parents[1] / "docs" / "order-cost.json"
ORDERS, WARM_UP, CUSTOMERS = 1000, 50, 8
SAMPLED = ("executor-1", "fraud_detection")
RECORD = ("py-spy", "record", "--nonblocking", "--gil", "-t", "-f", "raw", "-r", "200")
CORE = "gRPC's own threads"
OTHER = "other"
THREADS = "handing over between threads"
# The innermost frame whose file has one of these in its path says what it is about.
KINDS = {
    "gRPC and protobuf": (
        "grpc/",
        "grpc_",
        "google/protobuf",
        "bookstore_lib/pb",
        "exchange_",
        "stream_client",
        "rpc_",
        "messages.py",
        "service_clients",
    ),
    "clocks and trace": ("vector_clock", "tracker", "trace_", "order_trace"),
    "log lines": ("logging/", "logs.py", "log_context", "pythonjsonlogger"),
    "record and queue": ("psycopg", "postgres", "order_rows", "redis", "card_seal", "cryptography"),
    "the checkout itself": ("services/", "bookstore_lib/core", "bookstore_lib/runtime"),
}
_HANDING_OVER = ("(threading.py", "(concurrent/futures", "(queue.py", "(selectors.py")


def kind_of(frames: list[str]) -> str:
    """What a stack is about: frames from the outermost to the innermost, as `function (path/file.py:12)`."""
    if any(name in frames[-1] for name in _HANDING_OVER):
        return THREADS
    for frame in reversed(frames):
        for kind, names in KINDS.items():
            if any(name in frame for name in names):
                return kind
    return OTHER


def split(lines: Iterable[str], threads: dict[int, float], whole: float) -> dict[str, float]:
    """The share of a process's time that goes into each kind.

    Args:
        lines: Of py-spy: `thread (123): name;frame;frame 7`, each with how often it was seen.
        threads: Seconds of processor time by thread, of all that were seen and others.
        whole: Seconds of processor time of the process.
    """
    seen = defaultdict[int, Counter[str]](Counter)
    for line in lines:
        stack, _, times = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if frames:
            seen[int(thread.partition("(")[2].partition(")")[0])][kind_of(frames)] += int(times)
    shares = defaultdict[str, float](float)
    for thread_id, kinds in seen.items():
        for kind, times_seen in kinds.items():
            shares[kind] += threads.get(thread_id, 0.0) / whole * times_seen / kinds.total()
    rest = max(0.0, 1 - sum(shares.values()))
    return {kind: shares[kind] for kind in (*KINDS, THREADS, OTHER)} | {CORE: rest}


class Clock(NamedTuple):
    """Seconds of processor time: of each process, and of each thread of those that are sampled."""

    processes: dict[str, float]
    threads: dict[str, dict[int, float]]

    def since(self, earlier: "Clock") -> "Clock":
        """What was used since."""
        threads = {
            name: {thread: used - earlier.threads[name].get(thread, 0.0) for thread, used in each.items()}
            for name, each in self.threads.items()
        }
        return Clock({name: used - earlier.processes[name] for name, used in self.processes.items()}, threads)


def clock(shop: Bookstore) -> Clock:
    """What each process and its children have used so far."""
    processes, threads = {}, {}
    for status in shop.processes():
        whole = psutil.Process(status.pid)
        times = [process.cpu_times() for process in (whole, *whole.children(recursive=True))]
        processes[status.name] = sum(each.user + each.system for each in times)
        if status.name in SAMPLED:
            threads[status.name] = {each.id: each.user_time + each.system_time for each in whole.threads()}
    return Clock(processes, threads)


@contextmanager
def sampled(shop: Bookstore, folder: Path) -> Iterator[None]:
    """Sample for the time of the block; a file named after each process is there afterwards."""
    spies = [
        subprocess.Popen(
            [*RECORD, "-p", str(shop.process(name).pid), "-o", str(folder / name)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for name in SAMPLED
    ]
    try:
        yield
    finally:
        for spy in spies:
            spy.send_signal(signal.SIGINT)
        for spy in spies:
            spy.wait()


def accept(shop: Bookstore, orders: int) -> None:
    """Place so many orders, and do not wait for their outcomes.

    Raises:
        requests.HTTPError: An order was refused.
    """
    titles = [book["title"] for book in shop.client.books(limit=16)]

    def place(number: int) -> None:
        body = checkout_body({titles[number % len(titles)]: 1})
        answer = requests.post(f"{shop.url}/checkout", json=body, headers={"Prefer": "respond-async"}, timeout=30)
        answer.raise_for_status()

    with ThreadPoolExecutor(CUSTOMERS) as customers:
        list(customers.map(place, range(orders)))


def await_rest(shop: Bookstore) -> None:
    """Wait until every order has its outcome and is forgotten by the queue."""
    while shop.open_orders() or shop.queue_length():
        time.sleep(0.1)


def measure(shop: Bookstore, orders: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Milliseconds of processor time an order, by process; and of those sampled, by kind."""
    accept(shop, WARM_UP)
    await_rest(shop)
    shop.pause("executor-1")
    accept(shop, orders)
    begin = clock(shop)
    shop.resume("executor-1")
    with tempfile.TemporaryDirectory() as folder:
        with sampled(shop, Path(folder)):
            await_rest(shop)
            used = clock(shop).since(begin)
        lines = {name: Path(folder, name).read_text(encoding="utf-8").splitlines() for name in SAMPLED}
    ms = {name: 1000 * seconds / orders for name, seconds in used.processes.items()}
    kinds = {name: split(lines[name], used.threads[name], used.processes[name]) for name in SAMPLED}
    return ms, {name: {kind: share * ms[name] for kind, share in each.items()} for name, each in kinds.items()}


def main(name: str, orders: int, traced: str) -> None:
    """Measure and note."""
    if not shutil.which("py-spy"):
        sys.exit("py-spy is not on the PATH; install it in an environment of its own.")
    os.environ[variable("rate_limit")] = "1000000"  # all customers have one address
    options: dict[str, Any] = {"trace_sample": float(traced)} if traced else {}  # earlier versions know of none
    with Bookstore(1, **options) as shop:
        used, kinds = measure(shop, orders)
    version = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    notes = json.loads(NOTES.read_text(encoding="utf-8")) if NOTES.exists() else {}
    notes[name] = {
        "version": version.stdout.strip(),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "orders": orders,
        "ms": {process: round(ms, 3) for process, ms in used.items()},
        "kinds": {process: {kind: round(ms, 3) for kind, ms in each.items()} for process, each in kinds.items()},
    }
    NOTES.write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(notes[name], indent=1))


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "", ""]
    if not arguments[0]:
        sys.exit("usage: python benchmarks/order_cost.py <name> [orders] [traced share]")
    main(arguments[0], int(arguments[1] or ORDERS), arguments[2])
