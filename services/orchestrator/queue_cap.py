"""No more orders are taken while too many wait."""

import threading
import time
from collections.abc import Callable

import redis

from bookstore_lib.core.errors import TooManyRequestsError

# So long a look is good for; asking for each order would cost Redis more than the order does.
_LOOK_SECONDS = 0.2
_RETRY_AFTER = 5


class QueueCap:
    """Refuses orders while the queue is long. Thread-safe.

    Args:
        length: How many orders wait.
        limit: From this number on no more are taken.
        now: A monotonic clock, in seconds.
    """

    def __init__(self, length: Callable[[], int], limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._length, self._limit, self._now = length, limit, now
        self._seen, self._look_at = 0, now()
        self._lock = threading.Lock()

    def require_room(self) -> None:
        """Look whether there is room for one more.

        Raises:
            TooManyRequestsError: There is none. Without Redis there always is: the record takes orders all the same.
        """
        if self._waiting() >= self._limit:
            raise TooManyRequestsError("Too many orders wait already; try again in a few seconds.", _RETRY_AFTER)

    def _waiting(self) -> int:
        with self._lock:
            if self._now() < self._look_at:
                return self._seen
            self._look_at = self._now() + _LOOK_SECONDS
        try:
            self._seen = self._length()
        except redis.RedisError:
            self._seen = 0
        return self._seen
