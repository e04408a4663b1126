"""Real servers for the whole session, emptied for each test; the twins in memory need none.

What a test asks for by `kind` is `memory`, the `packaged` server, or a `stock` redis-server where the machine has one.
CI always tests that too.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import psycopg
import pytest
import redis

from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer
from bookstore_lib.lab.supervisor.managed import Managed
from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.redis_client import connect
from tests.contract.orders import PRICE, STOCK, Shop, memory_shop

REDIS_KINDS = ["packaged", *(["stock"] if os.environ.get("CI") or shutil.which("redis-server") else [])]

_EMPTY_RECORD = """
    TRUNCATE books, orders, order_items, payments, bought_together, epochs;
    UPDATE leadership SET epoch = 0;
    ALTER SEQUENCE effects RESTART
"""


@pytest.fixture(params=["memory", *REDIS_KINDS])
def kind(request) -> str:
    """Where the lease or the queue lives."""
    kind: str = request.param
    return kind


@pytest.fixture(params=REDIS_KINDS)
def redis_kind(request) -> str:
    """Which server, for promises that only a server can keep."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory) -> Iterator[Callable[[str], str]]:
    """Starts a server of a kind when it is first wanted, and says where it is."""
    with ExitStack() as running:

        @cache
        def start(kind: str) -> str:
            folder = tmp_path_factory.mktemp(kind)
            port = reserve_port()
            running.callback(port.release)
            program = _stock_program() if kind == "stock" else None
            server = RedisServer(folder / "redis", port.number, "open-Sesame_1", "no", program)
            return _start(server, folder / "log", running)

        yield start


@pytest.fixture
def redis_client(redis_url) -> Iterator[Callable[..., redis.Redis]]:
    """Makes clients of the server of a kind, which is empty when the test begins."""
    with ExitStack() as clients:

        @cache
        def empty(kind: str) -> None:
            with connect(redis_url(kind)) as client:
                client.flushall()

        def new_client(kind: str, timeout: float = 5.0) -> redis.Redis:
            empty(kind)
            client = connect(redis_url(kind), timeout)
            clients.callback(client.close)
            return client

        yield new_client


@pytest.fixture(scope="session")
def record_url(tmp_path_factory) -> Iterator[str]:
    """A PostgreSQL with the schema."""
    folder = tmp_path_factory.mktemp("record")
    with ExitStack() as running:
        port = reserve_port()
        running.callback(port.release)
        yield _start(PostgresServer(folder / "postgres", port.number), folder / "log", running)


@pytest.fixture(scope="session")
def pool(record_url) -> Iterator[Database]:
    """Connections to the record, enough for many threads at once."""
    database = Database(record_url, connections=10)
    yield database
    database.close()


@pytest.fixture
def empty_record(record_url) -> Iterator[Callable[[], None]]:
    """Empties the record, which is empty when the test begins, once more."""
    with psycopg.connect(record_url, autocommit=True) as connection:

        def empty() -> None:
            connection.execute(_EMPTY_RECORD)

        empty()
        yield empty


@pytest.fixture
def postgres_shop(pool, empty_record) -> Callable[..., Shop]:
    """Makes a shop on an empty record."""

    def make(*, fenced: bool = True) -> Shop:
        empty_record()
        for book, copies in STOCK.items():
            pool.query(
                "INSERT INTO books (book_id, title, author, genre, price_cents, stock, initial_stock)"
                " OVERRIDING SYSTEM VALUE VALUES (%s, %s, 'Ann Author', 'Novel', %s, %s, %s)",
                (book, str(book), PRICE, copies, copies),
            )
        return Shop(PostgresOrderStore(pool, CardSeal(new_key()), fenced=fenced), pass_time)

    def pass_time(seconds: float) -> None:
        pool.query("UPDATE orders SET accepted_at = accepted_at - make_interval(secs => %s)", (seconds,))

    return make


@pytest.fixture(params=["memory", "postgres"])
def make_shop(request) -> Callable[..., Shop]:
    """Makes shops on each kind of record."""
    make: Callable[..., Shop] = memory_shop if request.param == "memory" else request.getfixturevalue("postgres_shop")
    return make


@pytest.fixture
def shop(make_shop) -> Shop:
    """A shop on each kind of record."""
    shop: Shop = make_shop()
    return shop


def _stock_program() -> Path:
    found = shutil.which("redis-server")
    assert found, "CI tests the stock redis-server too; install it."
    return Path(found)


def _start(server: RedisServer | PostgresServer, log: Path, running: ExitStack) -> str:
    """Starts a server as the supervisor of a lab run does; it ends with the stack, or when this process dies."""
    server.prepare()
    process = Managed(
        log.parent.name,
        server.command,
        log,
        options=getattr(server, "popen_options", {}),
        probe=server.ready,
        explain=server.explain,
        stop_signal=server.stop_signal,
        watches=False,
    )
    running.callback(lambda: process.finish_stop(time.monotonic() + 10))
    running.callback(process.begin_stop)
    process.start()
    process.await_ready(time.monotonic() + 60)
    return server.url
