"""The traces of a bookstore that runs schedule after schedule: each time only what is new."""

import os
from collections import defaultdict, deque
from pathlib import Path

from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent
from bookstore_lib.lab.history import History

# What a process said last of its leadership stays true in the next round.
_LEADERSHIP = ("elected", "renewed", "demoted")
_KEPT = 5


class TraceReader:
    """Reads what was added to the traces since the last time.

    Args:
        folder: Where the traces are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._leadership: dict[str, deque[TraceEvent]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def read(self, tables: Tables | None, alive: set[str]) -> History:
        """The history since the last time; the traces of processes that are not `alive` make room on the disk.

        Events of orders that were placed before are left out: a frozen process may write them late.
        """
        new = [event for file in sorted(self._folder.glob("*.jsonl")) for event in self._new_events(file, alive)]
        placed = {event.order_id for event in new if event.name == "accepted"}
        placed |= {row.order_id for row in tables.orders} if tables else set()
        known = [event for event in new if not event.order_id or event.order_id in placed]
        events = [*(event for said in self._leadership.values() for event in said), *known]
        for event in new:
            if event.name in _LEADERSHIP:
                self._leadership[event.process].append(event)
        return History(events, tables)

    def _new_events(self, file: Path, alive: set[str]) -> list[TraceEvent]:
        with file.open("rb") as trace:
            trace.seek(self._read.get(file, 0))
            *lines, _cut = trace.read().split(b"\n")
        self._read[file] = self._read.get(file, 0) + sum(len(line) + 1 for line in lines)
        if file.stem not in (*alive, "lab"):
            os.truncate(file, 0)
            self._read[file] = 0
        return [event for line in lines if (event := _whole(line)) is not None]


def _whole(line: bytes) -> TraceEvent | None:
    try:
        return TraceEvent.from_json(line.decode())
    except (DamagedEventError, UnicodeDecodeError):
        return None  # a full disk cut it short
