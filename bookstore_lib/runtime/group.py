"""Group commit: requests that come while others are carried out are then carried out together.

An idle system waits for nothing, and a busy one pays one round trip and one commit for many (DeWitt et al. 1984).
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class Group(Generic[Request, Answer]):
    """A thread that carries out whatever requests there are, in one go. Thread-safe.

    Args:
        name: Of the thread.
        perform: Carries out requests; returns an answer for each, or the error with which that one failed. What it
            raises is the answer to all.
        most: Requests in one go.
    """

    def __init__(
        self, name: str, perform: Callable[[Sequence[Request]], Sequence[Answer | Exception]], most: int
    ) -> None:
        self._name, self._perform, self._most = name, perform, most
        self._pending: list[tuple[Request, Callable[[Answer | Exception], None]]] = []
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """How many requests wait."""
        return len(self._pending)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def put(self, request: Request, on_done: Callable[[Answer | Exception], None]) -> None:
        """Have a request carried out; `on_done` is then told its answer, from a thread that must not be kept."""
        with self._changed:
            self._pending.append((request, on_done))
            self._changed.notify()

    def turn(self) -> None:
        """Carry out what waits now; the thread does nothing else, and a simulation calls it instead."""
        with self._changed:
            taken, self._pending = self._pending[: self._most], self._pending[self._most :]
        if not taken:
            return
        try:
            answers = self._perform([request for request, _ in taken])
        except Exception as error:  # noqa: BLE001 - each of those who asked decides
            answers = [error] * len(taken)
        for (_, on_done), answer in zip(taken, answers, strict=True):
            on_done(answer)

    def close(self) -> None:
        """Carry out what still waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed)
                if not self._pending:
                    return
            self.turn()
