"""A contest for a lock of a peer: two processes wait for it while a third one holds it and dies or releases it."""

import contextlib
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.bench import contender
from bookstore_lib.lab.bench.contender import Peer
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.redis_server import RedisServer
from bookstore_lib.lab.supervisor.managed import Managed
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.settings import variable

_CONTENDERS = 3
_PATIENCE = 60.0


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis-protocol server like a bookstore's own, in a temporary folder; gives its URL."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        port = reserve_port()
        running.callback(port.release)
        server = RedisServer(Path(folder, "redis"), port.number, "only-for-a-moment")
        server.prepare()
        process = Managed(
            "redis",
            server.command,
            Path(folder, "log"),
            probe=server.ready,
            explain=server.explain,
            stop_signal=server.stop_signal,
            watches=False,
        )
        running.callback(lambda: process.finish_stop(time.monotonic() + 10))
        running.callback(process.begin_stop)
        process.start()
        process.await_ready(time.monotonic() + _PATIENCE)
        yield server.url


class News(NamedTuple):
    """What a contender said: who, what (`ready`, `waiting`, `acquired`, `released`), and when on the clock."""

    who: int
    what: str
    when: float


class Contest:
    """Three contenders in processes of their own; all end with the `with` block.

    Args:
        peer: Whose lock.
        url: Of the Redis-protocol server.
    """

    def __init__(self, peer: Peer, url: str) -> None:
        self._peer, self._url = peer, url
        self._processes: list[subprocess.Popen[str]] = []
        self._said = queue.SimpleQueue[News]()
        self._unread: list[News] = []

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.callback(self._end)
            for _ in range(_CONTENDERS):
                self._start()
            for _ in range(_CONTENDERS):
                self._await("ready")
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def failover(self) -> float:
        """Kill the holder; seconds from the end of its lock's life until another one has the lock."""
        holder = self._hold()
        self._processes[holder].kill()
        self._processes[holder].wait()
        with connect(self._url) as client:
            end = time.time() + float(client.pttl(self._peer.key)) / 1000
        acquired = self._await("acquired")
        self._release(acquired.who, waiting=1)
        self._start()
        self._await("ready")
        return acquired.when - end

    def handover(self) -> float:
        """Have the holder release the lock; seconds from when it has until another one has the lock."""
        self._tell(self._hold())
        released, acquired = self._await("released"), self._await("acquired")
        self._release(acquired.who, waiting=1)
        return acquired.when - released.when

    def _hold(self) -> int:
        """One contender takes the lock, and the others wait for it; returns the number of the one, at some moment."""
        holder, *others = [number for number, process in enumerate(self._processes) if process.poll() is None]
        self._tell(holder)
        self._await("waiting")
        self._await("acquired")
        for other in others:
            self._tell(other)
            self._await("waiting")
        time.sleep(random.uniform(*self._peer.held))  # noqa: S311 - no secret
        return holder

    def _release(self, holder: int, waiting: int) -> None:
        """All who wait take the lock in turn and release it, so that nobody waits any more."""
        for more in reversed(range(waiting + 1)):
            self._tell(holder)
            self._await("released")
            holder = self._await("acquired").who if more else holder

    def _start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", contender.__name__, self._peer.module],
            env=os.environ | {variable("redis_url"): self._url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(len(self._processes), process), daemon=True).start()
        self._processes.append(process)

    def _listen(self, who: int, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            what, when = line.split()
            self._said.put(News(who, what, float(when)))

    def _tell(self, who: int) -> None:
        pipe = self._processes[who].stdin
        if pipe is not None:
            pipe.write("\n")
            pipe.flush()

    def _await(self, what: str) -> News:
        """The next that anybody says of this kind; keeps the rest."""
        while not (fits := [news for news in self._unread if news.what == what]):
            try:
                self._unread.append(self._said.get(timeout=_PATIENCE))
            except queue.Empty:
                raise BookstoreError(f"Nobody {what} the lock of {self._peer.who} within {_PATIENCE:.0f} s.") from None
        self._unread.remove(fits[0])
        return fits[0]

    def _end(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
