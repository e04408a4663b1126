"""Logs for people and for audit: one JSON object a line on standard error.

A line has `time` (UTC), `level`, `process` and `message`, and where it is about one: `order_id`, `request_id`. An audit
line says which `step` was carried out for an order and its `outcome`. Nothing of a card is ever in a line.
"""

import logging
import sys
from datetime import UTC, datetime

from pythonjsonlogger.json import JsonFormatter

from bookstore_lib.runtime.log_context import log_fields

_audit = logging.getLogger("bookstore.audit")


def set_up_logs(process: str) -> None:
    """Send every log record of this process to standard error, one JSON object a line, with the process's name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(add_log_fields)
    handler.setFormatter(
        _Formatter(
            "%(asctime)s %(levelname)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level"},
            static_fields={"process": process},
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
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


class _Formatter(JsonFormatter):
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - as it is called
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
