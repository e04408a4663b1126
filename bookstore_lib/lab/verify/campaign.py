"""Runs many schedules on a few bookstores at the same time."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.verify.report import Failure, Report, merge
from bookstore_lib.lab.verify.schedule import Schedule
from bookstore_lib.lab.verify.stage import Stage

_STAGES = min(2, os.cpu_count() or 1)


def run_schedules(
    schedules: Iterable[Schedule],
    out: Path,
    on_round: Callable[[Report], None] = lambda _report: None,
    stages: int = _STAGES,
) -> Report:
    """Run schedules and check every guarantee after each.

    Args:
        schedules: Those that want the same kind of bookstore best come one after the other: they share it.
        out: Folder for the schedules that fail.
        on_round: Called after each round with the report so far of its bookstore; from several threads.
        stages: Bookstores at the same time.

    Raises:
        SetupError: A bookstore cannot be started here.
    """
    began = time.monotonic()
    source = _Shared(iter(schedules))
    with ThreadPoolExecutor(stages) as pool:
        running = [pool.submit(_run_on_one, source, out, on_round) for _ in range(stages)]
    total = merge(work.result() for work in running)
    total.seconds = time.monotonic() - began
    return total


def _run_on_one(source: "_Shared", out: Path, on_round: Callable[[Report], None]) -> Report:
    report = Report()
    left: Schedule | None = next(source, None)
    while left is not None:
        left = _run_until_trouble(left, source, out, report, on_round)
    return report


def _run_until_trouble(
    schedule: Schedule, source: "_Shared", out: Path, report: Report, on_round: Callable[[Report], None]
) -> Schedule | None:
    """Run schedules on a new bookstore; returns the next one when another bookstore is needed for it."""
    current: Schedule | None = schedule
    with Stage(*schedule.bookstore) as stage:
        start = _memory_mb(stage)
        while current is not None and current.bookstore == schedule.bookstore and stage.shop.close.alive:
            try:
                report.add(stage.run(current), out)
            except BookstoreError as error:
                report.schedules += 1
                sentence = f"The bookstore did not recover: {error}"
                report.failures.append(Failure(current.name, (sentence,), stage.shop.run_dir))
                stage.shop.close()
            else:
                report.memory_mb = (report.memory_mb[0] or start, _memory_mb(stage))
            on_round(report)
            current = next(source, None)
    return current


class _Shared:
    """An iterator that several threads take from."""

    def __init__(self, schedules: Iterator[Schedule]) -> None:
        self._schedules, self._lock = schedules, threading.Lock()

    def __iter__(self) -> "_Shared":
        return self

    def __next__(self) -> Schedule:
        with self._lock:
            return next(self._schedules)


def _memory_mb(stage: Stage) -> float:
    pids = [status.pid for status in stage.shop.processes() if status.pid is not None]
    return round(sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 1e6, 1)
