"""Logs for people and for audit: one JSON object a line on standard error."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter


def set_up_logs(process: str) -> None:
    """Send every log record of this process to standard error, one JSON object a line, with the process's name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level"},
            static_fields={"process": process},
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # One line a request or a lost connection is noise at INFO.
    for noisy in ("waitress", "psycopg.pool", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
