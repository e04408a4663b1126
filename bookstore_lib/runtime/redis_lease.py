"""The leader's lock: `SET leader_lock <lock> NX PX ttl`, and its twin in memory.

What is set there says whose it is, which of its locks, and where to watch it: `executor-2 3 127.0.0.1:20007`. Each try
to win has a number of its own, so whoever ends a lock never ends a later one of the same process.

Follows the Redis documentation on distributed locks, for one server. It does **not** promise mutual exclusion: a holder
that freezes past its time still believes in itself when it wakes. `core/lease.py` shortens that moment, and the epoch
in the record makes it harmless.
"""

import re
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import redis

LOCK_KEY = "leader_lock"
WAKE_CHANNEL = "leader_released"
_CLAIM = re.compile(r"(.+?) (\d+)(?: (\S+))?")

# KEYS[1] the lock; ARGV[1] what it has to say, ARGV[2] life in ms. Renewing by GET and then PEXPIRE would renew a lock
# that another has won in between.
_RENEW = """
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return 0
"""
# KEYS[1] the lock; ARGV[1] what it has to say, ARGV[2] the channel that executors listen on.
_RELEASE = """
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("DEL", KEYS[1])
redis.call("PUBLISH", ARGV[2], ARGV[1])
return 1
"""


class Claim(NamedTuple):
    """What a lock says.

    Attributes:
        holder: The process whose it is.
        number: Of its tries to win.
        address: `host:port` at which it can be watched; empty: nowhere.
    """

    holder: str
    number: int
    address: str = ""

    def __str__(self) -> str:
        return f"{self.holder} {self.number} {self.address}".rstrip()


def read_claim(lock: str) -> Claim:
    """Read what a lock says. Of a lock that is none of ours, all of it is the holder."""
    match = _CLAIM.fullmatch(lock)
    return Claim(match[1], int(match[2]), match[3] or "") if match else Claim(lock, 0)


class Acquisition(NamedTuple):
    """How a try to win the lock went.

    Attributes:
        won: Whether the lock is ours now.
        lock: The lock as it is now; `None` when it ended just now.
        remaining: Seconds that it still lives.
    """

    won: bool
    lock: str | None
    remaining: float


class Lease(Protocol):
    """A lock that ends by itself unless its holder renews it. A lock is what its holder sets: see `Claim`."""

    def acquire(self, lock: str, ttl: float, instead_of: str = "") -> Acquisition:
        """Try to win the lock for `ttl` seconds; if it is `instead_of`, end that first and wake those who wait.

        Nothing comes between the two.
        """

    def renew(self, lock: str, ttl: float) -> bool:
        """Give the lock `ttl` seconds more if it still is this one; says whether it is."""

    def release(self, lock: str) -> bool:
        """End the lock if it still is this one, and wake those who wait; says whether it was."""

    def holder(self) -> str | None:
        """The process that holds the lock now."""


class RedisLease:
    """The lock on a Redis server.

    Every method raises `redis.RedisError` when the server does not answer; whether the command was carried out is then
    unknown, and the lock's life bounds the doubt.

    Args:
        client: A client that does not retry.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)

    def acquire(self, lock: str, ttl: float, instead_of: str = "") -> Acquisition:
        """Try to win the lock for `ttl` seconds; if it is `instead_of`, end that first and wake those who wait."""
        with self._client.pipeline(transaction=True) as pipe:
            if instead_of:  # by EVAL: a pipeline would ask first whether the server knows the script
                pipe.eval(_RELEASE, 1, LOCK_KEY, instead_of, WAKE_CHANNEL)
            pipe.set(LOCK_KEY, lock, nx=True, px=_milliseconds(ttl))
            pipe.get(LOCK_KEY)
            pipe.pttl(LOCK_KEY)
            *_, won, found, remaining = pipe.execute()
        return Acquisition(bool(won), found, max(remaining, 0) / 1000)

    def renew(self, lock: str, ttl: float) -> bool:
        """Give the lock `ttl` seconds more if it still is this one."""
        return bool(self._renew(keys=[LOCK_KEY], args=[lock, _milliseconds(ttl)]))

    def release(self, lock: str) -> bool:
        """End the lock if it still is this one, and wake those who wait."""
        return bool(self._release(keys=[LOCK_KEY], args=[lock, WAKE_CHANNEL]))

    def holder(self) -> str | None:
        """The process that holds the lock now."""
        found = self._client.get(LOCK_KEY)
        return None if found is None else read_claim(str(found)).holder


class MemoryLease:
    """The same in memory, for one process: tests and simulations.

    Args:
        now: The clock that its life is counted by, in seconds.
        on_release: Called when the lock is released.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, on_release: Callable[[], None] = lambda: None
    ) -> None:
        self._now, self._on_release = now, on_release
        self._set: str | None = None
        self._until = 0.0
        self._mutex = threading.Lock()

    def acquire(self, lock: str, ttl: float, instead_of: str = "") -> Acquisition:
        """Try to win the lock for `ttl` seconds; if it is `instead_of`, end that first and wake those who wait."""
        with self._mutex:
            ended = self._end(instead_of)
            won = self._lock() is None
            if won:
                self._set, self._until = lock, self._now() + ttl
            acquisition = Acquisition(won, self._set, self._until - self._now())
        if ended:
            self._on_release()
        return acquisition

    def renew(self, lock: str, ttl: float) -> bool:
        """Give the lock `ttl` seconds more if it still is this one."""
        with self._mutex:
            if self._lock() != lock:
                return False
            self._until = self._now() + ttl
            return True

    def release(self, lock: str) -> bool:
        """End the lock if it still is this one, and wake those who wait."""
        with self._mutex:
            ended = self._end(lock)
        if ended:
            self._on_release()
        return ended

    def holder(self) -> str | None:
        """The process that holds the lock now."""
        lock = self._lock()
        return None if lock is None else read_claim(lock).holder

    def _lock(self) -> str | None:
        return self._set if self._now() < self._until else None

    def _end(self, lock: str) -> bool:
        if self._lock() != lock:
            return False
        self._set = None
        return True


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
