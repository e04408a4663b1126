"""Logs for people and for audit: one JSON object a line on standard error.

A line has `time` (UTC), `level`, `process` and `message`, and where it is about one: `order_id`, `request_id`. An audit
line says which `step` was carried out for an order and its `outcome`. Nothing of a card is ever in a line.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii

from bookstore_lib.runtime.log_context import log_fields

_FIELDS = ("order_id", "request_id", "epoch", "step", "outcome")
_STANDARD_ERROR = 2


def set_up_logs(process: str) -> None:
    """Send every log record of this process to standard error, one JSON object a line, with the process's name."""
    global _formatter  # noqa: PLW0603 - a process has one, as it has one standard error
    _formatter = JsonFormatter(process)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_add_log_fields)
    handler.setFormatter(_formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # None of this is in a line, and finding it out costs as much as the line (Python's Logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the HOWTO says so: who logs is not looked for
    # One line a request or a lost connection is noise at INFO.
    for noisy in ("waitress", "psycopg.pool", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def audit(step: str, outcome: str, order_id: str = "") -> None:
    """Log that a step was carried out for an order, and how that went; nothing where logs are not set up.

    Args:
        step: Such as `CheckCard`.
        outcome: Such as `passed`.
        order_id: Where the context of the log does not name it already.
    """
    # An order has a dozen of these, and logging's own machinery would cost three times the line.
    if _formatter is not None:
        about = {"order_id": order_id} if order_id else {}
        fields = {**log_fields(), **about, "step": step, "outcome": outcome}
        line = _formatter.line(time.time(), "INFO", f"{step}: {outcome}", fields).encode() + b"\n"
        if _kept.lines is None:
            _write(line)
        else:
            _kept.lines.append(line)


@contextmanager
def audits_together() -> Iterator[None]:
    """Write the audit lines of this thread's block at its end, all in one go: a write lets another thread go first."""
    lines = list[bytes]()
    _kept.lines = lines
    try:
        yield
    finally:
        _kept.lines = None
        if lines:
            _write(b"".join(lines))


def _write(lines: bytes) -> None:
    with suppress(OSError):  # a full disk does not stop orders
        os.write(_STANDARD_ERROR, lines)


def _add_log_fields(record: logging.LogRecord) -> bool:
    """Add to a record what the thread's present work is about; what the record says itself counts more."""
    for name, value in log_fields().items():
        record.__dict__.setdefault(name, value)
    return True


class JsonFormatter(logging.Formatter):
    """Writes records and audit lines as JSON; what a line may hold is a closed list.

    Args:
        process: The name of this process.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        fields = {name: value for name, value in record.__dict__.items() if name in _FIELDS}
        if record.exc_info:
            fields["exc_info"] = self.formatException(record.exc_info)
        return self.line(record.created, record.levelname, record.getMessage(), fields)

    def line(self, at: float, level: str, message: str, fields: Mapping[str, object]) -> str:
        """A line of its own.

        Args:
            at: Seconds since 1970.
            level: Such as `INFO`.
            message: For people.
            fields: What else is said, by name.
        """
        moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        # Put together from texts: json.dumps takes twice as long.
        said = "".join([f', "{name}": {_quoted(value)}' for name, value in fields.items()])
        head = f'{{"time": "{moment[:-6]}Z", "level": "{level}", "message": {_quoted(message)}'
        return f'{head}{said}, "process": {_quoted(self._process)}}}'


class _Kept(threading.local):
    """The audit lines that a thread keeps back, in a block of `audits_together`."""

    lines: list[bytes] | None = None


_kept = _Kept()


def _quoted(value: object) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else json.dumps(value)


_formatter: JsonFormatter | None = None
