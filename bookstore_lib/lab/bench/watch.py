"""Looking on while a backlog is worked off: how fast, and at what cost."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import psutil

from bookstore_lib.core.errors import BookstoreError

PROCESSES = (
    "order_executor",
    "transaction_verification",
    "fraud_detection",
    "suggestions",
    "orchestrator",
    "postgres",
)
WORKERS = "workers"
_PAUSE = 0.02
# Nothing has been done for so long: nothing will be.
_PATIENCE = 30.0


class Drain(NamedTuple):
    """How a backlog was worked off: orders a second, and milliseconds of CPU an order by process."""

    rate: float
    cpu: dict[str, float]


class _Look(NamedTuple):
    at: float
    done: int
    cpu: dict[str, float]


def look_on(orders: int, done: Callable[[], int], cpu: Callable[[], dict[str, float]]) -> Drain:
    """Wait until a backlog is worked off.

    Args:
        orders: How many there are.
        done: How many are done now.
        cpu: Seconds of CPU that each process has used so far.

    Returns:
        What was seen while the middle four fifths were done, so that starting and ending do not count.

    Raises:
        BookstoreError: It is not worked off any more.
    """
    first = _at_least(orders / 10, done, cpu)
    last = _at_least(orders * 9 / 10, done, cpu)
    if last.done == first.done:
        raise BookstoreError(f"{orders} orders are too few: they were done before anybody could look twice.")
    _at_least(orders, done, cpu)
    count = last.done - first.done
    spent = {name: 1000 * (last.cpu[name] - first.cpu.get(name, 0)) / count for name in last.cpu}
    return Drain(count / (last.at - first.at), spent)


def _at_least(wanted: float, done: Callable[[], int], cpu: Callable[[], dict[str, float]]) -> _Look:
    seen, moved = -1, time.monotonic()
    while True:
        began = time.monotonic()
        now = done()
        looked = time.monotonic()
        if now >= wanted:
            return _Look(looked, now, cpu())
        if now > seen:
            seen, moved = now, looked
        if looked - moved > _PATIENCE:
            raise BookstoreError(f"Only {now} orders were done, and none for {_PATIENCE:.0f} s.")
        time.sleep(max(_PAUSE, 30 * (looked - began)))  # looking shall not be work itself


def cpu_of(supervisor: int, workers: Iterable[psutil.Process] = ()) -> dict[str, float]:
    """Seconds of CPU that the processes of a bookstore have used, by service, and all workers of a peer together."""
    used = defaultdict[str, float](float)
    for process in psutil.Process(supervisor).children(recursive=True):
        _add(used, process, "")
    for worker in workers:
        for process in (worker, *worker.children(recursive=True)):
            _add(used, process, WORKERS)
    return dict(used)


def _add(used: dict[str, float], process: psutil.Process, name: str) -> None:
    try:
        command = " ".join(process.cmdline())
        own = next((each for each in PROCESSES if each in command), "redis")
        used[name or own] += sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        pass  # it has ended meanwhile
