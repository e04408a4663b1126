"""The trace: a file per process, one event a line, written before anybody can see what comes of it.

An event is written at once, so that it survives SIGKILL. Where many messages leave together, their events are written
together too, just before.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.trace_event import TraceEvent

log = logging.getLogger(__name__)


class TraceLog:
    """An append-only file of events.

    A restarted process must not continue the clock entry of its former life, so it takes the next free name:
    `executor-2`, then `executor-2~1`, `executor-2~2`, ... The file claims the name.

    Args:
        folder: Where the traces of the run are; made if missing.
        name: The process's name, the same in each of its lives.
        now: Wall clock, in seconds since 1970.

    Attributes:
        process: The name of this life of the process.

    Raises:
        SetupError: The folder cannot be written.
    """

    def __init__(self, folder: Path, name: str, now: Callable[[], float] = time.time) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.process, self._file = _claim(folder, name)
        except OSError as error:
            raise SetupError(
                f"Traces cannot be written to {folder}: {error.strerror}. Choose another folder."
            ) from error
        self._now = now
        self._failed = self._torn = False
        self._lines: list[bytes] = []
        self._lock = threading.Lock()
        self._thread = threading.local()

    def now(self) -> float:
        """The wall clock that the events carry, in seconds since 1970."""
        return self._now()

    def write(self, event: TraceEvent) -> None:
        """Append one event, after those that came before it.

        A full disk must not stop orders: the first failure is logged, and the trace goes on when there is room again.
        """
        line = event.to_json().encode() + b"\n"
        with self._lock:
            self._lines.append(line)
            if not getattr(self._thread, "together", False):
                self._flush()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what this thread appends in the block at its end: nothing of it may have left the process by then."""
        self._thread.together = True
        try:
            yield
        finally:
            self._thread.together = False
            self.flush()

    def flush(self) -> None:
        """Write what is kept back: a message leaves now."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        """A single write, so that lines of a killed process are whole but for the last."""
        # A line that a full disk cut short must not swallow the next one.
        lines = b"\n" * self._torn + b"".join(self._lines)
        self._lines.clear()
        if not lines:
            return
        try:
            self._torn = os.write(self._file, lines) < len(lines)
        except OSError as error:
            if not self._failed:
                log.error("The trace cannot be written: %s. Make room on the disk.", error.strerror)  # noqa: TRY400
            self._failed = True

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, -1  # a thread that comes late must not write into whatever gets this number next
        os.close(file)


def _claim(folder: Path, name: str) -> tuple[str, int]:
    life = 0
    while True:
        process = f"{name}~{life}" if life else name
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
            return process, os.open(folder / f"{process}.jsonl", flags, 0o644)
        except FileExistsError:
            life += 1
