"""What was done to the processes, as trace events of the `lab`: the diagrams show them beside what followed."""

from pathlib import Path
from typing import Any

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.runtime.trace_log import TraceLog


class Diary:
    """The trace of the `lab` itself.

    Args:
        folder: Where the traces of the run are.

    Raises:
        SetupError: The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._trace = TraceLog(folder, "lab")
        self._events = 0

    def note(self, name: str, **detail: Any) -> None:
        """Something was done; `name` says what, as in `killed` with `process="executor-2"`."""
        self._events += 1
        event_id = f"{self._trace.process}#{self._events}"
        wall = self._trace.now()
        self._trace.write(TraceEvent(event_id, self._trace.process, "", "local", name, wall=wall, detail=detail))

    def close(self) -> None:
        """Close the file."""
        self._trace.close()
