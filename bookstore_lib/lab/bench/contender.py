"""A process that contends for a lock of a peer: `python -m bookstore_lib.lab.bench.contender <peer>`.

It is told in lines on standard input, and ends when that does: first to acquire the lock, then to release it, and so
on. It says what happened, and when, in lines on standard output:

    out: ready 0.0    in: (a line)    out: waiting 0.0   acquired 1700000000.25    in: (a line)    out: released ...
"""

import importlib
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

import redis

from bookstore_lib.runtime.settings import variable

LIFE = 1  # of a lock, in seconds; python-redis-lock takes whole ones


class Lock(Protocol):
    """What the locks have in common."""

    def acquire(self) -> Any:
        """Wait for the lock and take it."""

    def release(self) -> None:
        """End it."""


class Peer(NamedTuple):
    """A lock that people would use instead.

    Attributes:
        who: Its name in the results.
        module: What has to be installed.
        key: Of its lock on the server.
        make: Makes the lock, at its documented settings, with a client of the server.
        held: For how long it is held while others wait, in seconds, at least and at most: at any moment between two of
            their polls. A lock that is not renewed has to be ended within its life.
    """

    who: str
    module: str
    key: str
    make: Callable[[redis.Redis], Lock]
    held: tuple[float, float]


def _redis_py(client: redis.Redis) -> Lock:
    lock: Lock = client.lock("leader", timeout=LIFE)
    return lock


def _python_redis_lock(client: redis.Redis) -> Lock:
    lock: Lock = importlib.import_module("redis_lock").Lock(client, "leader", expire=LIFE, auto_renewal=True)
    return lock


def _pottery(client: redis.Redis) -> Lock:
    lock: Lock = importlib.import_module("pottery").Redlock(key="leader", masters={client}, auto_release_time=LIFE)
    return lock


PEERS = [
    Peer("redis-py Lock", "redis", "leader", _redis_py, (0.1, 0.4)),
    Peer("python-redis-lock", "redis_lock", "lock:leader", _python_redis_lock, (0.1, 2.1)),
    Peer("pottery Redlock", "pottery", "redlock:leader", _pottery, (0.1, 0.4)),
]


def contend(peer: Peer, client: redis.Redis) -> None:
    """Acquire and release the lock as standard input says, until this process is ended."""
    told = SimpleQueue[str]()
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    _say("ready", 0.0)
    while True:
        told.get()
        lock = peer.make(client)
        _say("waiting", 0.0)
        lock.acquire()
        _say("acquired", time.time())
        told.get()
        with suppress(Exception):  # each has its own for a lock that has ended meanwhile, on a machine that is too busy
            lock.release()
        _say("released", time.time())


def _listen(told: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        told.put(line)
    os._exit(0)  # the main thread may wait for a lock


def _say(what: str, when: float) -> None:
    sys.stdout.write(f"{what} {when}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    named = next(peer for peer in PEERS if peer.module == sys.argv[1])
    contend(named, redis.Redis.from_url(os.environ[variable("redis_url")]))
