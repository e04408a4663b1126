"""Token buckets: so many requests a second for each client, and as many again at once after a pause."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

# Of clients that were seen last; one that is forgotten begins with a full bucket.
_MOST_CLIENTS = 10_000


class _Bucket(NamedTuple):
    tokens: float
    at: float


class RateLimit:
    """One bucket for each client. Thread-safe.

    Args:
        rate: Requests a second; a bucket holds those of one second, and at least one.
        now: A monotonic clock, in seconds.
    """

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._size, self._now = rate, max(1.0, rate), now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str) -> float:
        """Take a token from the client's bucket; returns 0, or the seconds until there is one again."""
        with self._lock:
            now = self._now()
            bucket = self._buckets.pop(client, _Bucket(self._size, now))
            tokens = min(self._size, bucket.tokens + (now - bucket.at) * self._rate)
            taken = tokens >= 1
            self._buckets[client] = _Bucket(tokens - taken, now)
            if len(self._buckets) > _MOST_CLIENTS:
                self._buckets.popitem(last=False)
            return 0.0 if taken else (1 - tokens) / self._rate
