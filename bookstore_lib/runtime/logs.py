"""Logs for people and for audit: one JSON object a line on standard error.

A line has `time` (UTC), `level`, `process` and `message`, and where it is about one: `order_id`, `request_id`. An audit
line says which `step` was carried out for an order and its `outcome`. Nothing of a card is ever in a line.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from bookstore_lib.runtime.log_context import log_fields

_audit = logging.getLogger("bookstore.audit")
_FIELDS = ("order_id", "request_id", "epoch", "step", "outcome")


def set_up_logs(process: str) -> None:
    """Send every log record of this process to standard error, one JSON object a line, with the process's name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(add_log_fields)
    handler.setFormatter(_JsonFormatter(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # None of this is in a line, and finding it out costs as much as the line (Python's Logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the HOWTO says so: who logs is not looked for
    # One line a request or a lost connection is noise at INFO.
    for noisy in ("waitress", "psycopg.pool", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def audit(step: str, outcome: str, order_id: str = "") -> None:
    """Log that a step was carried out for an order, and how that went.

    Args:
        step: Such as `CheckCard`.
        outcome: Such as `passed`.
        order_id: Where the context of the log does not name it already.
    """
    about = {"order_id": order_id} if order_id else {}
    _audit.info("%s: %s", step, outcome, extra={"step": step, "outcome": outcome, **about})


def add_log_fields(record: logging.LogRecord) -> bool:
    """Add to a record what the thread's present work is about; what the record says itself counts more."""
    for name, value in log_fields().items():
        record.__dict__.setdefault(name, value)
    return True


class _JsonFormatter(logging.Formatter):
    """What a line may hold is a closed list; and an order has a dozen of them, so this is kept short."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields = record.__dict__
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": f"{time[:-6]}Z", "level": record.levelname, "message": record.getMessage()}
        line.update((name, fields[name]) for name in _FIELDS if name in fields)
        line["process"] = self._process
        if record.exc_info:
            line["exc_info"] = self.formatException(record.exc_info)
        return json.dumps(line)
