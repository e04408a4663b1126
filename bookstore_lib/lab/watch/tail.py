"""Traces read while they are written: each time only what is new."""

import os
from pathlib import Path

from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent


class TraceTail:
    """Reads a folder of traces from where it stopped last.

    Args:
        folder: Where a run writes its traces; may not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, int] = {}

    def read(self) -> list[TraceEvent]:
        """The events written since the last time, by their wall clocks; a line that is not whole yet waits."""
        try:
            files = [entry for entry in os.scandir(self._folder) if entry.name.endswith(".jsonl")]
        except OSError:
            return []
        new = [event for file in files for event in self._new_in(file.path)]
        return sorted(new, key=lambda event: event.wall)

    def _new_in(self, path: str) -> list[TraceEvent]:
        start = self._read.get(path, 0)
        try:
            if os.stat(path).st_size <= start:  # noqa: PTH116 - ten times a second for each file
                return []
            with open(path, "rb") as file:  # noqa: PTH123 - the same
                file.seek(start)
                lines, _, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:  # somebody clears the run away
            return []
        self._read[path] = start + len(lines) + (1 if lines else 0)
        return [event for line in lines.splitlines() if (event := _event(line)) is not None]


def _event(line: bytes) -> TraceEvent | None:
    try:
        return TraceEvent.from_json(line.decode("utf-8", "replace"))
    except DamagedEventError:  # `History.load` complains; who only looks goes on
        return None
