"""Many pieces of work under way in one thread: each is a generator that starts something and yields to wait for it."""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")
# Waits with a bare `yield` until something is posted to it; an error that is posted is raised there.
Work = Generator[None, Any, Result]
Post = Callable[[Any], None]
# Steps in one go.
_BURST = 256
OnEnd = Callable[[Any, BaseException | None], None]


class _Running(NamedTuple):
    work: Work[Any]
    context: Context
    on_end: OnEnd


class Pipeline:
    """Drives the work. Any thread may begin some, and post; one thread does all steps.

    Args:
        burst: Entered before a number of steps, and left after them.
        release: Called after that: what the steps have started may leave now, all of it together.
    """

    def __init__(self, burst: Callable[[], AbstractContextManager[None]], release: Callable[[], None]) -> None:
        self._burst, self._release = burst, release
        self._posted = SimpleQueue[tuple[_Running, Any] | None]()
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """How many steps could be done now."""
        return self._posted.qsize()

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
        running = _Running(make(lambda value: self._posted.put((running, value))), copy_context(), on_end)
        self._posted.put((running, None))

    def turn(self) -> None:
        """Do the next step; waits for one. A simulation calls it, instead of `start`."""
        posted = self._posted.get()
        if posted is not None:
            _step(*posted)

    def close(self) -> None:
        """End; what is under way is left as it is."""
        self._posted.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (posted := self._posted.get()) is not None:
            with self._burst():
                self._do(posted)
            self._release()

    def _do(self, posted: tuple[_Running, Any]) -> None:
        """This step, and those that wait behind it; not for ever, as others wait for what they start."""
        _step(*posted)
        for _ in range(min(self._posted.qsize(), _BURST)):
            following = self._posted.get()
            if following is None:
                self._posted.put(None)
                return
            _step(*following)


def _step(running: _Running, value: Any) -> None:
    step = running.work.throw if isinstance(value, Exception) else running.work.send
    try:
        running.context.run(step, value)
    except StopIteration as end:
        running.on_end(end.value, None)
    except Exception as error:  # noqa: BLE001 - one piece of work does not end the others
        running.on_end(None, error)
