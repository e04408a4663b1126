"""The record of a running bookstore, as those see it who look after it."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.supervisor.plan import ADDRESSES
from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore


@contextmanager
def open_record(postgres_url: str) -> Iterator[PostgresOrderStore]:
    """The record at a URL, for the time of the block; it cannot read cards.

    Raises:
        SetupError: PostgreSQL does not answer.
    """
    database = Database(postgres_url, connections=1, wait=0)
    try:
        yield PostgresOrderStore(database, CardSeal(new_key()))
    finally:
        database.close()


def runs_folder() -> Path:
    """Where runs go that were not told where."""
    return Path(tempfile.gettempdir()) / f"bookstore-lab-{os.getuid()}"


def find_record(run_dir: Path | None) -> str:
    """The URL of the record of a running bookstore.

    Args:
        run_dir: Its folder; `None` for the one that was started last.

    Raises:
        SetupError: There is none.
    """
    folders = [run_dir] if run_dir else runs_folder().glob("*")
    running = [file for folder in folders if (file := folder / ADDRESSES).is_file()]
    if not running:
        where = f"in {run_dir}" if run_dir else "that was started without a folder of its own"
        raise SetupError(f"No bookstore {where} is running; start one with `bookstore up`, or give its --run-dir.")
    newest = max(running, key=lambda file: file.stat().st_mtime)
    return str(json.loads(newest.read_text())["postgres_url"])


def find_traces(run_dir: Path | None) -> Path:
    """The folder of the traces of a bookstore, which need not be running any more.

    Args:
        run_dir: Its folder; `None` for the one that was started last.

    Raises:
        SetupError: There is none.
    """
    if run_dir:
        return run_dir / "traces" if (run_dir / "traces").is_dir() else run_dir
    traces = [folder for folder in runs_folder().glob("*/traces") if folder.is_dir()]
    if not traces:
        raise SetupError("No bookstore has left traces here; start one with `bookstore up`, or give its --run-dir.")
    return max(traces, key=lambda folder: folder.stat().st_mtime)


def empty_orders(postgres_url: str) -> None:
    """Forget all orders of a bookstore at rest, and fill its shelves again: what was counted begins anew.

    Raises:
        SetupError: PostgreSQL does not answer.
    """
    try:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("TRUNCATE orders, order_items, payments, bought_together")
            connection.execute("UPDATE books SET stock = initial_stock")
    except psycopg.OperationalError as error:
        raise SetupError("PostgreSQL does not answer; start it with shop.start('postgres').") from error
