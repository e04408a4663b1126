"""Helpers that tests of several folders share."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil

from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.lab.servers.postgres_server import PostgresServer, find_postgres_bin
from bookstore_lib.lab.servers.redis_server import RedisServer, find_redis_server


def eventually(predicate: Callable[[], object], seconds: float = 10) -> None:
    """Waits until the predicate holds.

    Raises:
        AssertionError: It did not within the given seconds.
    """
    deadline = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < deadline, f"{predicate} did not come true within {seconds} s"
        time.sleep(0.01)


def still_running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended; a zombie has."""
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def redis_programs() -> list[Path]:
    """The packaged Redis-protocol server and, where it is installed, the machine's own."""
    stock = shutil.which("redis-server")
    return [find_redis_server(), *([Path(stock)] if stock else [])]


def postgres_programs() -> list[Path]:
    """The packaged PostgreSQL's folder of programs and, where they are installed, the machine's own."""
    return [find_postgres_bin(), *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]


def start(server: RedisServer | PostgresServer, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts a prepared server, in the way a lab run does."""
    options: dict[str, Any] = getattr(server, "popen_options", {})
    return subprocess.Popen(
        server.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
    )


@contextmanager
def serving(server: RedisServer | PostgresServer, log: Path = Path(os.devnull)) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a prepared server for the time of the block."""
    with log.open("ab") as output:
        process = start(server, output)
    watch = guard(process.pid, server.stop_signal)  # a killed test run leaves nothing behind either
    try:
        eventually(lambda: server.ready() or process.poll() is not None)
        assert process.poll() is None, f"the server ended at once: {log.read_text()}"
        yield process
    finally:
        process.send_signal(server.stop_signal)
        process.wait(timeout=30)
        watch.kill()
        watch.communicate()
