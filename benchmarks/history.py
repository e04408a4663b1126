"""Measure how fast histories are read and checked, and write benchmarks/HISTORY.md: `python benchmarks/history.py`."""

import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bookstore_lib.core.causality import check_clocks
from bookstore_lib.core.trace_event import Kind, TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.history import History

SIZES, ROUNDS = (10_000, 30_000, 100_000), 5
GOAL_SECONDS = 3.0
CHECKERS = ("transaction_verification", "fraud_detection", "suggestions")
CALLS = [("InitializeOrder", name) for name in CHECKERS]
CALLS += [("CheckBilling", CHECKERS[0]), ("CheckFraud", CHECKERS[1]), ("CheckCard", CHECKERS[0])]
CALLS += [("GetSuggestions", CHECKERS[2]), *(("ClearOrder", name) for name in CHECKERS)]
AT_ONCE = 4


class Shop:
    """Writes the trace of orders as the system does, a list of lines for each process."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.events = 0
        self._clocks: dict[tuple[str, str], VectorClock] = defaultdict(VectorClock)

    def order(self, order_id: str, executor: str) -> Iterator[None]:
        """The events of one order; stops after each message, so that several can be under way at once."""
        self._write(order_id, "orchestrator", "local", "accepted")
        yield from self._message(order_id, "orchestrator", executor, "order_queued")
        for procedure, service in CALLS:
            yield from self._message(order_id, executor, service, procedure)
            self._write(order_id, service, "local", "session cleared" if procedure == "ClearOrder" else "worked")
            yield from self._message(order_id, service, executor, f"{procedure} reply")
        self._write(order_id, executor, "local", "settled", epoch=1, detail={"status": "approved", "refused": False})
        yield from self._message(order_id, executor, "orchestrator", "outcome")

    def _message(self, order_id: str, sender: str, receiver: str, name: str) -> Iterator[None]:
        send = self._write(order_id, sender, "send", name, peer=receiver)
        yield
        clock = self._clocks[order_id, receiver].merge(send.clock)
        self._clocks[order_id, receiver] = clock
        self._write(order_id, receiver, "receive", name, message_id=send.id, peer=sender)

    def _write(self, order_id: str, process: str, kind: Kind, name: str, **fields: Any) -> TraceEvent:
        clock = self._clocks[order_id, process] = self._clocks[order_id, process].tick(process)
        event_id = f"{process}#{len(self.lines[process]) + 1}"
        if kind == "send":
            fields["message_id"] = event_id
        wall = round(1_700_000_000 + 0.001 * self.events, 6)
        event = TraceEvent(event_id, process, order_id, kind, name, clock, wall=wall, **fields)
        self.lines[process].append(event.to_json() + "\n")
        self.events += 1
        return event


def write_trace(folder: Path, events: int) -> None:
    """A run of about `events` events: orders of 74 events, four at once, three executors in turn."""
    shop, orders, running = Shop(), 0, list[Iterator[None]]()
    while shop.events < events:
        while len(running) < AT_ONCE:
            running.append(shop.order(f"{orders:032x}", f"executor-{orders % 3 + 1}"))
            orders += 1
        running = [order for order in running if next(order, running) is None]
    for process, lines in shop.lines.items():
        (folder / f"{process}.jsonl").write_text("".join(lines), encoding="utf-8")


def measure(events: int) -> list[str]:
    """One row of the table: medians over `ROUNDS` rounds, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        write_trace(Path(folder), events)
        loads, clocks, checks = [], [], []
        for _ in range(ROUNDS):
            history, seconds = timed(lambda: History.load(folder))
            loads.append(seconds)
            clocks.append(timed(partial(check_clocks, history.events))[1])
            checks.append(timed(history.check)[1])
    load, clock, check = median(loads), median(clocks), median(checks)
    per_event = 1e6 * (load + check) / len(history.events)
    figures = [f"{value:.2f}" for value in (load, clock, check, load + check)]
    return [f"{len(history.events):,}", *figures, f"{per_event:.0f}"]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gave, and the seconds of processor time that it took."""
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


def main() -> None:
    """Measure and write."""
    rows = []
    for events in SIZES:
        print(f"{events} events...", file=sys.stderr)
        rows.append(f"| {' | '.join(measure(events))} |")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    text = "\n".join(
        [
            "# Reading and checking histories",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}; {machine}; load {os.getloadavg()[0]:.0f}: others worked there, too.",
            "`python benchmarks/history.py` repeats it anywhere.",
            "",
            f"Seconds of processor time, medians of {ROUNDS}, on the traces of seven processes that work on {AT_ONCE}",
            "orders at once. *load* reads the files and puts the events in causal order; *check* is `history.check()`",
            f"without tables, the clocks among it. The goal: {GOAL_SECONDS:.0f} s for 100,000 events, both together.",
            "",
            "| events | load | clocks | check | load + check | microseconds an event |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
    Path(__file__).with_name("HISTORY.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
