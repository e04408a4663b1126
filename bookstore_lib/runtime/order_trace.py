"""The events of one order, out of the ends of the traces that the processes write."""

import os
from pathlib import Path

from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent

# Whoever asks means an order of these seconds; a trace may have grown for days.
_END_BYTES = 2 * 1024 * 1024
_MOST_FILES = 32


def events_of(folder: Path, order_id: str) -> list[TraceEvent]:
    """What the processes that write to a folder noted of an order lately; nothing is known of others.

    Args:
        folder: Where the traces are.
        order_id: Which order.
    """
    mark = order_id.encode()
    lines = [line for file in _latest(folder) for line in _end_of(file).split(b"\n") if mark in line]
    events = [event for line in lines if (event := _event(line)) is not None]
    return [event for event in events if event.order_id == order_id]


def _latest(folder: Path) -> list[Path]:
    try:
        files = [(file.stat().st_mtime, file.path) for file in os.scandir(folder) if file.name.endswith(".jsonl")]
    except OSError:
        return []
    return [Path(path) for _, path in sorted(files)[-_MOST_FILES:]]


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _END_BYTES))
            return file.read(_END_BYTES)
    except OSError:
        return b""


def _event(line: bytes) -> TraceEvent | None:
    try:
        return TraceEvent.from_json(line.decode("utf-8", "replace"))
    except DamagedEventError:  # its first half was too far back, or is being written just now
        return None
