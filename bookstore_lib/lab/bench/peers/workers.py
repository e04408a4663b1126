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

import psutil

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.servers.guard import guard


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
