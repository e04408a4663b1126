"""Measure how long nobody leads, and write benchmarks/FAILOVER.md: `python benchmarks/failover.py [rounds]`."""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bookstore_lib.lab.bench.locks import failover_times, handover_times, times_beyond_lease

ROUNDS = 30
LIVES = (1.0, 3.0, 30.0)


def row(what: str, goal: int, seconds: Sequence[float]) -> str:
    """A row of the table; it is printed at once, too."""
    times = sorted(1000 * each for each in seconds)
    p90 = times[int(0.9 * (len(times) - 1))]
    text = f"| {what} | {len(times)} | {statistics.median(times):.1f} | {p90:.1f} | {times[-1]:.1f} | {goal} |"
    print(text, flush=True)
    return text


def main(rounds: int) -> None:
    """Measure and write."""
    before = os.getloadavg()[0]
    rows = [
        *(row(f"killed, watched, TTL {life:g} s", 20, failover_times(rounds, life)) for life in LIVES),
        row("killed, not watched: beyond the lock's end, TTL 1 s", 10, times_beyond_lease(rounds, 1.0)),
        row("stopped in order: from the release", 5, handover_times(rounds)),
    ]
    system = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    load = f"load average {before:.1f} before and {os.getloadavg()[0]:.1f} after"
    head = (
        "| what ends the leader | times | median ms | 90 % ms | longest ms | goal (median) |\n|---|---|---|---|---|---|"
    )
    text = f"# How long nobody leads\n\n{datetime.now(UTC):%Y-%m-%d}; {system}; {load}.\n\n{head}\n" + "\n".join(rows)
    Path(__file__).with_name("FAILOVER.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
