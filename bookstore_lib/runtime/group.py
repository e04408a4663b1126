"""Group commit: requests that come while others are carried out are then carried out together.

An idle system waits for nothing, and a busy one pays one round trip and one commit for many (DeWitt et al. 1984).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


def only(answers: Sequence[Answer | Exception]) -> Answer:
    """The one answer that there is; raises it where it is an error."""
    (answer,) = answers
    if isinstance(answer, Exception):
        raise answer
    return answer


class _Asked(Generic[Answer]):
    """Somebody who waits for an answer, or for the turn to carry out requests."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.answers: list[Answer | Exception] = []
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def take(self, answer: Answer | Exception) -> None:
        self.answers.append(answer)
        self.wake()

    def wake(self) -> None:
        self._asleep.release()

    def wait(self) -> None:
        self._asleep.acquire()


class Group(Generic[Request, Answer]):
    """Carries out whatever requests there are, in one go. Thread-safe.

    Who wants to wait asks; who wants to be told puts, and a thread carries it out once the group is started.

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
        self._put: list[tuple[Request, Callable[[Answer | Exception], None]]] = []
        self._released: list[tuple[Request, Callable[[Answer | Exception], None]]] = []
        self._closed = False
        self._changed = threading.Condition()
        self._turner: int | None = None  # the thread of who asked and carries out requests
        self._waiting = deque[_Asked[Answer]]()
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """How many requests wait."""
        return len(self._put) + len(self._released)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> Answer:
        """Have a request carried out now: by whoever asked first, while the others wait.

        Raises:
            Exception: What it was answered.
        """
        mine = _Asked[Answer]()
        self.put(request, mine.take)
        self.release()
        with self._changed:
            waits = self._turner not in (None, mine.thread)  # in a simulation, one thread is everybody
            if waits:
                self._waiting.append(mine)
            else:
                self._turner = mine.thread
        if waits:
            mine.wait()
        if not (waits and mine.answers):
            self._turn_for(mine)
        return only(mine.answers)

    def put(self, request: Request, on_done: Callable[[Answer | Exception], None]) -> None:
        """Have a request carried out after the next `release`.

        `on_done` is then told its answer, from a thread that must not be kept.
        """
        with self._changed:
            self._put.append((request, on_done))

    def release(self) -> None:
        """Let what was put begin."""
        if self._put:
            with self._changed:
                self._released += self._put
                self._put = []
                self._changed.notify()

    def turn(self) -> None:
        """Carry out what was released; the thread does nothing else, and a simulation calls it instead."""
        with self._changed:
            taken, self._released = self._released[: self._most], self._released[self._most :]
        if not taken:
            return
        try:
            answers = self._perform([request for request, _ in taken])
        except Exception as error:  # noqa: BLE001 - each of those who asked decides
            answers = [error] * len(taken)
        for (_, on_done), answer in zip(taken, answers, strict=True):
            on_done(answer)

    def _turn_for(self, mine: "_Asked[Answer]") -> None:
        """Carry out requests until this one is answered, and leave the rest to the next who waits."""
        try:
            while not mine.answers:
                self.turn()
        finally:
            with self._changed:
                while self._waiting and self._waiting[0].answers:
                    self._waiting.popleft()
                self._turner = self._waiting[0].thread if self._waiting else None
                if self._waiting:
                    self._waiting.popleft().wake()

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
                self._changed.wait_for(lambda: self._released or self._closed)
                if not self._released:
                    return
            self.turn()
