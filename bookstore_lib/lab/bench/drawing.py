"""Measures how long a history takes to be read and checked, and to be drawn, by its number of events.

Topic `history`: `load seconds`, `check seconds`, `load and check seconds`. Topic `diagram`: `draw seconds`, of a
space-time diagram down to its SVG. All in seconds of processor time, the least of two.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bookstore_lib.lab.bench.made_up import write_trace
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.figures.save import svg_of
from bookstore_lib.lab.history import History

READ = (1_000, 10_000, 100_000)
DRAWN = (74, 148, 350)  # beyond 400 it refuses: nobody could read that
_TIMES = 2

Result = TypeVar("Result")


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure on this machine; nothing runs for it.

    Args:
        say: Told what happens, a line each.
    """
    rows = list[Row]()
    for events in READ:
        say(f"A history of {events:,} events is read and checked...")
        rows += _read(events)
    for events in DRAWN:
        say(f"A history of {events:,} events is drawn...")
        rows += _drawn(events)
    return rows


def _read(events: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        write_trace(Path(folder), events)
        history, load = _least(lambda: History.load(folder))
        _, check = _least(history.check)
    figures = {"load seconds": load, "check seconds": check, "load and check seconds": load + check}
    way = f"{len(history.events):,} events"
    return [Row("history", "bookstore", way, figure, seconds) for figure, seconds in figures.items()]


def _drawn(events: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        write_trace(Path(folder), events)
        history = History.load(folder)
    _, seconds = _least(lambda: svg_of(history.draw()))
    return [Row("diagram", "bookstore", f"{len(history.events):,} events", "draw seconds", seconds)]


def _least(work: Callable[[], Result]) -> tuple[Result, float]:
    """What the work gave, and the least seconds of processor time that it took."""
    times = []
    for _ in range(_TIMES):
        began = time.process_time()
        result = work()
        times.append(time.process_time() - began)
    return result, min(times)
