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

    def free(self, timeout: float) -> int:
        """How many places are free; where none is, waits up to `timeout` seconds for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken < self._most, timeout)
            return self._most - self._taken

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
