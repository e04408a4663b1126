"""Measure how fast histories are read and checked, and write benchmarks/HISTORY.md: `python benchmarks/history.py`."""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bookstore_lib.core.causality import check_clocks
from bookstore_lib.lab.bench.made_up import AT_ONCE, write_trace
from bookstore_lib.lab.history import History

SIZES, ROUNDS = (10_000, 30_000, 100_000), 5
GOAL_SECONDS = 3.0


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
