"""What `bookstore verify` runs, with a progress bar on standard error."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol, get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.supervisor.plan import Fsync
from bookstore_lib.lab.verify.backlog import Backlog, run_backlog
from bookstore_lib.lab.verify.campaign import run_schedules
from bookstore_lib.lab.verify.crash_matrix import crash_schedules
from bookstore_lib.lab.verify.full import Campaign
from bookstore_lib.lab.verify.mutants import Caught, catch_mutants
from bookstore_lib.lab.verify.plan import plan
from bookstore_lib.lab.verify.report import Report
from bookstore_lib.lab.verify.schedule import Schedule

_FULL_SCHEDULES, _FULL_STORES, _FULL_BACKLOG = 1000, 200, 10_000


class Result(Protocol):
    """What a command found; its text is for people."""

    @property
    def good(self) -> bool:
        """Whether it proves something, and every guarantee held."""

    def to_json(self) -> dict[str, Any]:
        """All of it as one JSON object."""


def run_random(count: int, seed: int, out: Path) -> Report:
    """Run schedules with faults of all kinds; failing ones are written below `out`.

    In the last quarter of them, each call of a service goes by itself; in the others, many share a stream.

    Raises:
        BookstoreError: There are none to run, or the bookstore cannot be started.
    """
    if count < 1:
        raise BookstoreError("--schedules has to be a number from 1.")
    streams = count - count // 4
    return _run("Random schedules", [plan(seed, number, unary=number >= streams) for number in range(count)], out)


def run_crash_points(out: Path) -> Report:
    """Kill and freeze at every step, before and after its effect."""
    return _run("Crash points", list(crash_schedules()), out)


def run_stores(count: int, seed: int, out: Path) -> Report:
    """Run schedules with faults of Redis and PostgreSQL, a third in each way of writing to disk."""
    ways: Sequence[Fsync] = get_args(Fsync)
    drawn = [plan(seed, number, way) for number, way in zip(range(count), cycle(ways), strict=False)]
    # Those of one bookstore together.
    return _run("Redis and PostgreSQL", sorted(drawn, key=lambda schedule: ways.index(schedule.fsync)), out)


def run_one(schedule: Schedule, out: Path) -> Report:
    """Run a schedule by itself."""
    return _run(schedule.name, [schedule], out)


def run_mutants() -> Caught:
    """Let each seeded mistake be caught."""
    return catch_mutants()


def run_full(seed: int, out: Path) -> Campaign:
    """The whole campaign; its result is also written to `out`."""
    campaign = Campaign(
        seed,
        run_random(_FULL_SCHEDULES, seed, out),
        run_crash_points(out),
        run_stores(_FULL_STORES, seed, out),
        _run_backlog(_FULL_BACKLOG),
        run_mutants(),
    )
    campaign.write(out)
    return campaign


def _run(what: str, schedules: Sequence[Schedule], out: Path) -> Report:
    done: dict[int, Report] = {}

    with _progress(what, len(schedules)) as advance:

        def on_round(report: Report) -> None:
            done[id(report)] = report
            failed = sum(len(each.failures) for each in done.values())
            advance(sum(each.schedules for each in done.values()), failed)

        return run_schedules(schedules, out, on_round)


def _run_backlog(orders: int) -> Backlog:
    with _progress("Backlog", orders) as advance:
        return run_backlog(orders, lambda finished: advance(finished, 0))


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar that is advanced with how much is done and how much of it failed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int, failed: int) -> None:
            bar.update(task, completed=done, description=f"{what}, [red]{failed} failed[/]" if failed else what)

        yield advance
