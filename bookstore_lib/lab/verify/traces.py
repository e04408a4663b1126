"""The traces of a bookstore that runs round after round: each time only what is new."""

import os
import time
from collections import defaultdict, deque
from pathlib import Path

from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent
from bookstore_lib.lab.history import History

# What a process said last of its leadership stays true in the next round.
_LEADERSHIP = ("elected", "renewed")
_KEPT = 5
_SILENT_SECONDS = 5.0


class TraceReader:
    """Reads what a round adds to the traces.

    Args:
        folder: Where the traces are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._round: list[TraceEvent] = []

    def begin_round(self, alive: set[str]) -> None:
        """Forget the last round, but for what the processes that are `alive` said of their leadership."""
        said: dict[str, deque[TraceEvent]] = defaultdict(lambda: deque(maxlen=_KEPT))
        for event in self._round:
            if event.name in _LEADERSHIP and event.process in alive:
                said[event.process].append(event)
        self._round = [event for events in said.values() for event in events]

    def read(self, alive: set[str]) -> bool:
        """Read what is new; returns whether something new is about an order.

        The traces of processes that are not `alive` make room on the disk.
        """
        new = [event for file in sorted(self._folder.glob("*.jsonl")) for event in self._new_events(file, alive)]
        self._round += new
        return any(event.order_id for event in new)

    def history(self, tables: Tables | None) -> History:
        """The round so far. Orders of former rounds are left out: a frozen process may write their events late."""
        placed = {event.order_id for event in self._round if event.name == "accepted"}
        placed |= {row.order_id for row in tables.orders} if tables else set()
        return History((event for event in self._round if not event.order_id or event.order_id in placed), tables)

    def _new_events(self, file: Path, alive: set[str]) -> list[TraceEvent]:
        with file.open("rb") as trace:
            trace.seek(self._read.get(file, 0))
            *lines, _cut = trace.read().split(b"\n")
        self._read[file] = self._read.get(file, 0) + sum(len(line) + 1 for line in lines)
        if file.stem not in (*alive, "lab") and file.stat().st_mtime < time.time() - _SILENT_SECONDS:
            os.truncate(file, 0)
            self._read[file] = 0
        return [event for line in lines if (event := _whole(line)) is not None]


def _whole(line: bytes) -> TraceEvent | None:
    try:
        return TraceEvent.from_json(line.decode())
    except (DamagedEventError, UnicodeDecodeError):
        return None  # a full disk cut it short
