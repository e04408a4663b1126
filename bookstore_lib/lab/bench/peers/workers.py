"""Worker processes of a peer: they end when the block ends, and when this process dies."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.bench.peers.work import ANSWERS, CONCURRENCY
from bookstore_lib.lab.bench.told import told
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.runtime.settings import variable
from bookstore_lib.runtime.starter import WATCH_STDIN

# Of Redis, so that a peer's keys are by themselves.
_DATABASE = "/1"
# Seconds: where a call is late a job would fail, and the peer not do all of the work.
_DEADLINE = "30"


class Place(NamedTuple):
    """Where a peer works.

    Attributes:
        env: What its processes are told, the addresses of the services among it.
        log: Where they write.
        redis_url: Redis, with a database for peers.
    """

    env: dict[str, str]
    log: Path
    redis_url: str


def place(shop: Bookstore, transport: str = "unary", concurrency: int = 0, *, answers: bool = False) -> Place:
    """Where a peer works on the services of a bookstore: it is told what the orchestrator is.

    Args:
        shop: A running bookstore.
        transport: How jobs call the services.
        concurrency: Jobs that an event loop has under way.
        answers: Whether jobs tell a customer who waits.
    """
    env = told(shop)
    redis_url = urlsplit(shop.redis_url)._replace(path=_DATABASE).geturl()
    own = {"process": "peer", "transport": transport, "redis_url": redis_url, "call_deadline": _DEADLINE}
    env |= {variable(name): value for name, value in own.items()}
    env |= {"RQ_REDIS_URL": redis_url, CONCURRENCY: str(concurrency), ANSWERS: "1" if answers else ""}
    del env[WATCH_STDIN]
    return Place(env, shop.run_dir / "logs" / "peers.log", redis_url)


@contextlib.contextmanager
def running(commands: Sequence[Sequence[str]], where: Place) -> Iterator[list[psutil.Process]]:
    """Processes for the time of the block, each with those that it starts itself.

    Args:
        commands: Arguments of `python -m`.
        where: What they are told.
    """
    with ExitStack() as parts:
        yield [psutil.Process(_start(command, where, parts)) for command in commands]


def run(command: Sequence[str], where: Place) -> None:
    """Run a process to its end; errors as `subprocess.run`, in a sentence."""
    with where.log.open("ab") as log:
        done = subprocess.run([sys.executable, "-m", *command], env=where.env, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise BookstoreError(f"{command[0]} failed: {last_line(where.log)}")


def last_line(log: Path) -> str:
    """The last line of a log, or where it is."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), f"see {log}")


def _start(command: Sequence[str], where: Place, parts: ExitStack) -> int:
    with where.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=where.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that its group is its own, and its children's
        )
    parts.callback(_end, process)
    watcher = guard(-process.pid, signal.SIGKILL)
    parts.callback(_release, watcher)
    return process.pid


def _end(process: subprocess.Popen[bytes]) -> None:
    # All has been measured; an orderly end would take each of them seconds.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _release(watcher: subprocess.Popen[bytes]) -> None:
    watcher.kill()
    watcher.wait()
    if watcher.stdin is not None:
        watcher.stdin.close()
