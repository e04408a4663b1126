"""Measures what the README promises: start-up, latency of an order, memory, failover and handover."""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.history import History

Say = Callable[[str], None]
_WARM_UP = 5
_WATCH_SECONDS, _POLL = 10.0, 0.02


def run_bench(orders: int, rounds: int, say: Say = lambda _line: None) -> dict[str, Any]:
    """Measure on this machine; everything runs on real processes.

    Args:
        orders: Orders placed one after the other for the latency.
        rounds: Leaders killed, and leaders stopped in order.
        say: Told what happens, a line each.

    Returns:
        Medians by name; the unit ends the name (`_seconds`, `_ms`, `_mb`).
    """
    say("First start, without the cached template...")
    with _empty_cache(), Bookstore() as shop:
        first = shop.ready_seconds
    say("Start from the cache, latency and memory...")
    with Bookstore() as shop:
        cached, idle = shop.ready_seconds, _order_times(shop, orders)
        resident, own = _memory(shop)
    say(f"{rounds} leaders killed in sight of the others...")
    killed = failover_times(rounds)
    say(f"{rounds} leaders killed, and nobody watches...")
    beyond = times_beyond_lease(rounds, lease_ttl=1.0)
    say(f"{rounds} leaders stopped in order...")
    handover = handover_times(rounds)
    system = f"{platform.system()} {platform.machine()}"
    return {
        "machine": f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}",
        "ready_first_seconds": round(first, 2),
        "ready_seconds": round(cached, 2),
        "order_idle_ms_p50": _ms(statistics.median(idle)),
        "memory_mb": round(resident / 1e6),
        "memory_without_sharing_twice_mb": round(own / 1e6),
        "failover_killed_ms_p50": _ms(statistics.median(killed)),
        "failover_beyond_lease_ms_p50": _ms(statistics.median(beyond)),
        "failover_beyond_lease_ms_max": _ms(max(beyond)),
        "handover_ms_p50": _ms(statistics.median(handover)),
    }


def failover_times(rounds: int, lease_ttl: float = 30.0) -> list[float]:
    """Seconds from a leader's death (SIGKILL) to the election of the next, while the others watch it."""
    with Bookstore(lease_ttl=lease_ttl) as shop:
        history = _replace_leaders(shop, rounds, shop.kill)
    return [elected.wall - killed.wall for killed, elected in _terms(history, ("killed",))]


def times_beyond_lease(rounds: int, lease_ttl: float) -> list[float]:
    """Seconds from the end of a killed leader's lock to the election of the next, while nobody watches."""
    with Bookstore(lease_ttl=lease_ttl, watch=False) as shop:
        history = _replace_leaders(shop, rounds, shop.kill)
    return [
        elected.wall - last.detail["key_until"]
        for last, elected in _terms(history, ("elected", "renewed"))
        if elected.wall > last.detail["key_until"]
    ]


def handover_times(rounds: int) -> list[float]:
    """Seconds from a leader's release of the lock (SIGTERM) to the election of the next."""
    with Bookstore() as shop:
        history = _replace_leaders(shop, rounds, shop.stop)
    return [elected.wall - last.wall for last, elected in _terms(history, ("released",))]


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


def _memory(shop: Bookstore) -> tuple[int, int]:
    """Resident bytes of all processes; and the same with shared pages divided among who shares them (Linux: PSS)."""
    supervisor = psutil.Process(shop.supervisor_pid)
    full = [process.memory_full_info() for process in [supervisor, *supervisor.children(recursive=True)]]
    return sum(info.rss for info in full), sum(getattr(info, "pss", info.rss) for info in full)


def _replace_leaders(shop: Bookstore, rounds: int, end: Callable[[str], None]) -> History:
    for _ in range(rounds):
        leader = shop.leader
        if shop.settings.watch:
            _await_watchers(shop, leader)
        end(leader)
        shop.await_leader(other_than=leader)
        shop.start(leader)
    return shop.history()


def _await_watchers(shop: Bookstore, leader: str) -> None:
    """Wait until every other executor watches the leader, but not for ever."""
    holder = shop.process(leader).host
    hosts = {status.host for status in shop.processes() if status.name.startswith("executor-")} - {holder}
    until = time.monotonic() + _WATCH_SECONDS
    while time.monotonic() < until:
        events = History.load(shop.run_dir / "traces").events
        if hosts <= {e.process for e in events if e.name == "watching" and e.detail["holder"] == holder}:
            return
        time.sleep(_POLL)


def _terms(history: History, names: tuple[str, ...]) -> Iterator[tuple[TraceEvent, TraceEvent]]:
    """Each election but the first, with the last event of one of these names before it."""
    events = sorted((e for e in history.events if not e.order_id), key=lambda event: event.wall)
    last: TraceEvent | None = None
    for event in events:
        if event.name == "elected" and last is not None:
            yield last, event
        if event.name in names:
            last = event


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
