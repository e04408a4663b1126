"""How often a customer has ordered lately."""

import threading
import time
from collections import deque
from collections.abc import Callable

_WINDOW_SECONDS = 60.0


class Velocity:
    """Counts orders by contact over the last minute. Thread-safe; the same order counts once.

    Args:
        now: A monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: deque[tuple[float, str, str]] = deque()
        self._orders: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def count(self, contact: str, order_id: str) -> int:
        """Note an order; returns how many different ones this contact has placed in the last minute."""
        with self._lock:
            self._drop_old()
            orders = self._orders.setdefault(contact, set())
            if order_id not in orders:
                orders.add(order_id)
                self._seen.append((self._now(), contact, order_id))
            return len(orders)

    def _drop_old(self) -> None:
        while self._seen and self._seen[0][0] <= self._now() - _WINDOW_SECONDS:
            _, contact, order_id = self._seen.popleft()
            self._orders[contact].discard(order_id)
            if not self._orders[contact]:
                del self._orders[contact]
