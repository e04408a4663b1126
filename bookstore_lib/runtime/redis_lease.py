"""The leader's lock: `SET leader_lock <holder> NX PX ttl`, and its twin in memory.

Follows the Redis documentation on distributed locks, for one server. It does **not** promise mutual exclusion: a holder
that freezes past its time still believes in itself when it wakes. `core/lease.py` shortens that moment, and the epoch
in the record makes it harmless.
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import redis

LOCK_KEY = "leader_lock"
WAKE_CHANNEL = "leader_released"

# KEYS[1] the lock; ARGV[1] who asks, ARGV[2] life in ms. Renewing by GET and then PEXPIRE would renew a lock that
# another has won in between.
_RENEW = """
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return 0
"""
# KEYS[1] the lock; ARGV[1] who asks, ARGV[2] the channel that followers listen on.
_RELEASE = """
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("DEL", KEYS[1])
redis.call("PUBLISH", ARGV[2], ARGV[1])
return 1
"""


class Acquisition(NamedTuple):
    """How a try to win the lock went.

    Attributes:
        won: Whether the lock is ours now.
        holder: Who holds it; `None` when it ended just now.
        remaining: Seconds that the lock still lives.
    """

    won: bool
    holder: str | None
    remaining: float


class Lease(Protocol):
    """A lock that ends by itself unless its holder renews it."""

    def acquire(self, holder: str, ttl: float) -> Acquisition:
        """Try to win the lock for `ttl` seconds."""

    def renew(self, holder: str, ttl: float) -> bool:
        """Give the lock `ttl` seconds more if `holder` still holds it; says whether it does."""

    def release(self, holder: str) -> bool:
        """End the lock if `holder` still holds it, and wake those who wait; says whether it did."""

    def holder(self) -> str | None:
        """Who holds the lock now."""


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

    def acquire(self, holder: str, ttl: float) -> Acquisition:
        """Try to win the lock for `ttl` seconds."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.set(LOCK_KEY, holder, nx=True, px=_milliseconds(ttl))
            pipe.get(LOCK_KEY)
            pipe.pttl(LOCK_KEY)
            won, held_by, remaining = pipe.execute()
        return Acquisition(bool(won), held_by, max(remaining, 0) / 1000)

    def renew(self, holder: str, ttl: float) -> bool:
        """Give the lock `ttl` seconds more if `holder` still holds it."""
        return bool(self._renew(keys=[LOCK_KEY], args=[holder, _milliseconds(ttl)]))

    def release(self, holder: str) -> bool:
        """End the lock if `holder` still holds it, and wake those who wait."""
        return bool(self._release(keys=[LOCK_KEY], args=[holder, WAKE_CHANNEL]))

    def holder(self) -> str | None:
        """Who holds the lock now."""
        held_by = self._client.get(LOCK_KEY)
        return None if held_by is None else str(held_by)


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
        self._holder: str | None = None
        self._until = 0.0
        self._lock = threading.Lock()

    def acquire(self, holder: str, ttl: float) -> Acquisition:
        """Try to win the lock for `ttl` seconds."""
        with self._lock:
            won = self.holder() is None
            if won:
                self._holder, self._until = holder, self._now() + ttl
            return Acquisition(won, self._holder, self._until - self._now())

    def renew(self, holder: str, ttl: float) -> bool:
        """Give the lock `ttl` seconds more if `holder` still holds it."""
        with self._lock:
            if self.holder() != holder:
                return False
            self._until = self._now() + ttl
            return True

    def release(self, holder: str) -> bool:
        """End the lock if `holder` still holds it, and wake those who wait."""
        with self._lock:
            if self.holder() != holder:
                return False
            self._holder = None
        self._on_release()
        return True

    def holder(self) -> str | None:
        """Who holds the lock now."""
        return self._holder if self._now() < self._until else None


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
