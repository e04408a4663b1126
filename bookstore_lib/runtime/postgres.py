"""A pool of connections to the record, its migrations, and one way to run a statement."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bookstore_lib.core.errors import SetupError, UnavailableError
from bookstore_lib.runtime.settings import variable, without_password

log = logging.getLogger(__name__)

_NO_ANSWER = "PostgreSQL at {} does not answer or does not let us in; start it or mend the URL."

_CONNECT_SECONDS = 20.0
_RETRY_SECONDS = 3.0
# One try's share of that. The pool's own pauses between tries grow to minutes, so it is to give up soon: when the
# server is back, the next try opens a connection at once.
_TRY_SECONDS = 0.5
_OPTIONS = "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=5000"
# Any number, the same for all: two processes must not migrate at the same time.
_MIGRATION_LOCK = 7_304_221

Row = Any


def require_answer(url: str, wait: float = 0) -> None:
    """Ask the server whether it is there.

    Args:
        url: `postgresql://user:password@host:port/database`.
        wait: Seconds to go on asking; 0 asks once.

    Raises:
        SetupError: There is no URL, nobody answers, or the server does not let us in.
    """
    if not url:
        raise SetupError(
            f"Set {variable('postgres_url')} to where PostgreSQL is: postgresql://user:password@host/name."
        )
    attempts = Retrying(
        stop=stop_after_delay(wait),
        wait=wait_random_exponential(multiplier=0.02, max=0.5),
        retry=retry_if_exception_type(psycopg.OperationalError),
        reraise=True,
    )
    try:
        attempts(psycopg.connect, url, connect_timeout=3).close()
    except psycopg.Error as error:
        raise SetupError(_NO_ANSWER.format(without_password(url))) from error


def open_record(url: str, parts: ExitStack, connections: int = 4) -> "Database":
    """Connect to the record and bring its schema up to date; it is closed with the stack.

    Raises:
        SetupError: The server cannot be reached, or refuses the user.
    """
    database = Database(url, connections)
    parts.callback(database.close)
    database.migrate()
    return database


class Database:
    """PostgreSQL, through a pool of connections in autocommit: each statement is a transaction.

    Every statement of this project may be run twice with the effect of once (see 0001_schema.sql), so a lost connection
    is answered by running it again, for 3 seconds at most.

    Args:
        url: `postgresql://user:password@host:port/database`.
        connections: Most connections at a time.
        wait: Seconds to wait for the server at the start.

    Raises:
        SetupError: The server cannot be reached, or refuses the user.
    """

    def __init__(self, url: str, connections: int = 4, wait: float = _CONNECT_SECONDS) -> None:
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=_TRY_SECONDS,
            kwargs={"autocommit": True, "row_factory": namedtuple_row, "options": _OPTIONS, "connect_timeout": 3},
            open=False,
            reconnect_timeout=_TRY_SECONDS / 2,
        )
        self._url, self._wait = url, wait
        require_answer(url, wait)
        self._pool.open()

    def query(self, statement: LiteralString, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """Run one statement and return its rows, as named tuples.

        Raises:
            UnavailableError: The record did not answer for 3 seconds.
        """
        try:
            return self._attempts(_RETRY_SECONDS)(self._run, statement, parameters)
        except psycopg.OperationalError as error:
            raise UnavailableError("The record (PostgreSQL) does not answer; try again later.") from error

    def _run(self, statement: LiteralString, parameters: Sequence[Any] | dict[str, Any]) -> list[Row]:
        with self._pool.connection() as connection:
            cursor = connection.execute(statement, _holdable(parameters))
            return cursor.fetchall() if cursor.description else []

    def migrate(self) -> None:
        """Bring the schema up to date; nothing happens when it is, and two at once do it one after the other.

        Raises:
            SetupError: The server stopped to answer.
        """
        try:
            self._attempts(self._wait)(self._migrate)
        except psycopg.OperationalError as error:
            raise SetupError(_NO_ANSWER.format(without_password(self._url))) from error

    def _migrate(self) -> None:
        with self._pool.connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations"
                " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            applied = {row[0] for row in connection.execute("SELECT name FROM schema_migrations").fetchall()}
            for migration in sorted(files(__package__).joinpath("migrations").iterdir(), key=lambda path: path.name):
                if migration.name.endswith(".sql") and migration.name not in applied:
                    log.info("Migrating: %s", migration.name)
                    connection.execute(migration.read_bytes())
                    connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (migration.name,))

    def _attempts(self, seconds: float) -> Retrying:
        """Runs something until the server answers, for so long."""
        return Retrying(
            stop=stop_after_delay(seconds),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            retry=retry_if_exception_type(psycopg.OperationalError),
            after=lambda _state: self._pool.check(),
            reraise=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _holdable(value: Any) -> Any:
    """PostgreSQL's text cannot hold NUL; what is asked for with one is not there, rather than an error."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list | tuple):
        return [_holdable(part) for part in value]
    if isinstance(value, dict):
        return {name: _holdable(part) for name, part in value.items()}
    if isinstance(value, Jsonb):
        return Jsonb(_holdable(value.obj))
    return value
