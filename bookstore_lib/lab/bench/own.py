"""Measures what the README promises of a bookstore at rest.

Topic `start`: `first ready seconds` (before anything is cached), `ready seconds`, `stop seconds`. Topic `idle`:
`idle order ms p50`, orders through HTTP one after the other. Topic `memory`: `memory MB` and
`memory MB of <process>`, after these orders; in the way `shared pages once` each page counts once (Linux), in the way
`resident` once for each process that has it.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bookstore_lib.lab.bench.resources import resources
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.spread import share_of
from bookstore_lib.lab.cluster import Bookstore

_WARM_UP = 5


def measure(orders: int, say: Callable[[str], None]) -> list[Row]:
    """Measure on this machine; everything runs on real processes.

    Args:
        orders: Orders placed one after the other for the latency.
        say: Told what happens, a line each.
    """
    say("First start, without the cached template...")
    with _empty_cache(), Bookstore() as shop:
        first = shop.ready_seconds
    say("Start from the cache, latency and memory...")
    with Bookstore() as shop:
        cached, idle = shop.ready_seconds, _order_times(shop, orders)
        memory = _memory(shop)
        began = time.perf_counter()
        shop.close()
        stop = time.perf_counter() - began
    return [
        _row("start", "3 executors", "first ready seconds", first),
        _row("start", "3 executors", "ready seconds", cached),
        _row("start", "3 executors", "stop seconds", stop),
        _row("idle", "HTTP, one by one", "idle order ms p50", 1000 * share_of(idle, 0.5)),
        *memory,
    ]


def _row(topic: str, way: str, figure: str, value: float) -> Row:
    return Row(topic, "bookstore", way, figure, value)


@contextmanager
def _empty_cache() -> Iterator[None]:
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            del os.environ["XDG_CACHE_HOME"]
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before


def _order_times(shop: Bookstore, orders: int) -> list[float]:
    times = []
    for _ in range(_WARM_UP + orders):
        began = time.perf_counter()
        shop.checkout({"Frankenstein": 1})
        times.append(time.perf_counter() - began)
    return times[_WARM_UP:]


def _memory(shop: Bookstore) -> list[Row]:
    taken = resources(shop)
    return [
        _row("memory", "resident", "memory MB", sum(each.resident for each in taken.values()) / 1e6),
        _row("memory", "shared pages once", "memory MB", sum(each.memory for each in taken.values()) / 1e6),
        *(
            _row("memory", "shared pages once", f"memory MB of {name}", each.memory / 1e6)
            for name, each in taken.items()
        ),
    ]
