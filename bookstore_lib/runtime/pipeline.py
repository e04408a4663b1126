"""Many pieces of work under way in one thread: each is a generator that starts something and yields to wait for it."""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from typing import Any, NamedTuple, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")
# Waits with a bare `yield` until something is posted to it; an error that is posted is raised there.
Work = Generator[None, Any, Result]
Post = Callable[[Any], None]
# Steps in one go.
_BURST = 256
# So many seconds are waited at most until one in so many pieces of work can go on.
_MOMENT, _SHARE = 0.005, 2
OnEnd = Callable[[Any, BaseException | None], None]


class _Running(NamedTuple):
    work: Work[Any]
    context: Context
    on_end: OnEnd


class Pipeline:
    """Drives the work. Any thread may begin some, and post; one thread does all steps.

    Where little of much work can go on, it waits a moment for more: what is started together leaves together, and the
    answers come together then. A few pieces of work wait for nobody.

    Args:
        burst: Entered before a number of steps, and left after them.
        release: Called after that: what the steps have started may leave now, all of it together.
    """

    def __init__(self, burst: Callable[[], AbstractContextManager[None]], release: Callable[[], None]) -> None:
        self._burst, self._release = burst, release
        self._posted: list[tuple[_Running, Any]] = []
        self._under_way, self._wanted = 0, 1
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """How many steps could be done now."""
        return len(self._posted)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._thread.start()

    def begin(self, make: Callable[[Post], Work[Any]], on_end: OnEnd) -> None:
        """Begin a piece of work.

        Args:
            make: Given what posts to the work, returns the work.
            on_end: Told the result, or the error with which it ended.
        """
        running = _Running(make(lambda value: self._post(running, value)), copy_context(), on_end)
        with self._changed:
            self._under_way += 1
        self._post(running, None)

    def turn(self) -> None:
        """Do the next step; a simulation calls it, instead of `start`, where one is pending."""
        self._step(*self._posted.pop(0))

    def close(self) -> None:
        """End when nothing can be done; what waits is left as it is."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _post(self, running: _Running, value: Any) -> None:
        with self._changed:
            self._posted.append((running, value))
            if len(self._posted) >= self._wanted:
                self._changed.notify()

    def _run(self) -> None:
        while steps := self._gather():
            with self._burst():
                for running, value in steps:
                    self._step(running, value)
            self._release()

    def _gather(self) -> list[tuple[_Running, Any]]:
        """The steps that can be done; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._posted or self._closed)
            self._wanted = min(self._under_way // _SHARE, _BURST)
            self._changed.wait_for(lambda: len(self._posted) >= self._wanted or self._closed, _MOMENT)
            self._wanted = 1
            steps, self._posted = self._posted[:_BURST], self._posted[_BURST:]
            return steps

    def _step(self, running: _Running, value: Any) -> None:
        step = running.work.throw if isinstance(value, Exception) else running.work.send
        try:
            running.context.run(step, value)
        except StopIteration as end:
            self._end(running, end.value, None)
        except Exception as error:  # noqa: BLE001 - one piece of work does not end the others
            self._end(running, None, error)

    def _end(self, running: _Running, result: Any, error: BaseException | None) -> None:
        with self._changed:
            self._under_way -= 1
        running.on_end(result, error)
