"""How many orders are under way, and how many more may be."""

import threading


class Places:
    """A place for each order in flight. Thread-safe.

    Args:
        most: Orders at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._changed = threading.Condition()

    def free(self, timeout: float, *, alone: bool = False) -> int:
        """How many more orders may begin; where none may, waits up to `timeout` seconds until one may.

        Args:
            timeout: In seconds.
            alone: Whether the next order may have no other beside it.
        """
        with self._changed:
            most = 1 if alone else self._most
            self._changed.wait_for(lambda: self._taken < most, timeout)
            return max(most - self._taken, 0)

    def take(self) -> None:
        """An order begins."""
        with self._changed:
            self._taken += 1

    def leave(self) -> None:
        """An order has ended."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    def wait_until_all_left(self) -> None:
        """Return when no order is under way; each has a deadline."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken)
