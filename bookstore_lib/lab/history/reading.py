"""Reads traces: a folder with a file for each process, one file, or lines from anywhere."""

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent

_BATCH = 500


class Trace(NamedTuple):
    """What was read: the events, and how many last lines were cut short by a kill and left out."""

    events: list[TraceEvent]
    cut_lines: int


def read_trace(source: str | Path | Iterable[str | bytes]) -> Trace:
    """Read the events of a run.

    Args:
        source: A folder, of which every `*.jsonl` is read; one such file; or lines of JSON, as of an open file.

    Raises:
        HistoryError: There is nothing to read, or a line in the middle is damaged.
    """
    if isinstance(source, str | Path):
        read = [_read_file(file) for file in _trace_files(Path(source))]
    else:
        read = [_read_lines("the stream", list(_lines_of(source)))]
    trace = Trace([event for each in read for event in each.events], sum(each.cut_lines for each in read))
    if not trace.events:
        where = source if isinstance(source, str | Path) else "the stream"
        raise HistoryError(f"There are no events in {where} yet: let something happen first.")
    return trace


@contextmanager
def collector_paused() -> Iterator[None]:
    """Work without the garbage collector, which would look through all events of a long history again and again.

    Reading makes objects that all stay, and a check leaves none behind; a quarter of their time went into that search.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _trace_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.jsonl"))
    if not files:
        what = "has no traces (*.jsonl)" if path.is_dir() else "does not exist"
        raise HistoryError(f"{path} {what}: give the folder that a run writes its traces to.")
    return files


def _read_file(file: Path) -> Trace:
    try:
        # Lines end where the writer ended them: text in a line may hold other signs that end lines.
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            return _read_lines(str(file), lines.readlines())
    except OSError as error:
        raise HistoryError(f"{file} cannot be read: {error.strerror}.") from error


def _lines_of(source: Iterable[str | bytes]) -> Iterator[str]:
    try:
        lines = iter(source)
    except TypeError as error:
        raise HistoryError(f"A trace is a folder, a file or lines of JSON, not {source!r}.") from error
    for line in lines:
        if not isinstance(line, str | bytes):
            raise HistoryError(f"A line of a trace is text, not {line!r}.")
        yield line if isinstance(line, str) else line.decode("utf-8", "replace")


def _read_lines(name: str, lines: list[str]) -> Trace:
    cut = _is_cut(lines)
    events: list[TraceEvent] = []
    for start in range(0, len(lines) - cut, _BATCH):
        batch = lines[start : min(start + _BATCH, len(lines) - cut)]
        try:
            events += _events_of(batch)
        except (ValueError, RecursionError):
            events += [_event(line, number, name) for number, line in enumerate(batch, start + 1)]
    return Trace(events, int(cut))


def _is_cut(lines: list[str]) -> bool:
    """Whether the last line stops in the middle, because its writer was killed."""
    try:
        return bool(lines) and not lines[-1].endswith("\n") and not TraceEvent.from_json(lines[-1])
    except DamagedEventError:
        return True


def _events_of(batch: list[str]) -> list[TraceEvent]:
    """Read whole lines at once, which takes two thirds of the time; ValueError where one of them is no event."""
    found = json.loads(f"[{','.join(batch)}]")
    if len(found) != len(batch):
        raise DamagedEventError("Some line is not exactly one event.")
    return [TraceEvent.from_fields(fields) for fields in found]


def _event(line: str, number: int, name: str) -> TraceEvent:
    try:
        return TraceEvent.from_json(line)
    except DamagedEventError as error:
        raise HistoryError(f"Line {number} of {name} is damaged; remove it to read the rest. {error}") from error
