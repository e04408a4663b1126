"""Crash points: places at which a process can be told to kill or freeze itself, just before or just after a step.

A signal from outside lands somewhere. A crash point lands between two effects, where mistakes live: the order is
settled and nobody knows yet, the lock is won and the epoch is not taken.

    with crash_point("settle"):
        store.settle(...)

Nothing happens there unless a crash point is armed: by the setting `crash_at`, or on the process's standard input.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, get_args

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.tracker import OrderEventTracker

# Of the orchestrator, of an executor, and of whichever of them runs the checks.
Step = Literal[
    "accept", "enqueue",
    "elect", "take_over", "renew", "take", "settle", "acknowledge",
    "initialise", "billing", "card", "fraud", "suggestions", "clear",
]  # fmt: skip
Side = Literal["before", "after"]
How = Literal["kill", "freeze"]
STEPS: tuple[str, ...] = get_args(Step)
SIDES: tuple[str, ...] = get_args(Side)
HOWS: tuple[str, ...] = get_args(How)
# The name of the event that a process writes just before it crashes.
CRASH_POINT = "crash point"

Reached = Callable[[str, str], None]


class CrashPoint(NamedTuple):
    """Where a process is to crash, and how.

    Attributes:
        step: One of `STEPS`.
        side: `before` the step's effect, or `after` it. After a step that failed nothing is reached.
        how: `kill` (SIGKILL) or `freeze` (SIGSTOP).
    """

    step: str
    side: str
    how: str = "kill"

    @classmethod
    def parse(cls, text: str) -> "CrashPoint":
        """Read `<step>:before|after[:kill|freeze]`.

        Raises:
            SetupError: There is no such crash point; the sentence lists what there is.
        """
        step, _, rest = text.partition(":")
        side, _, how = rest.partition(":")
        point = cls(step, side, how or "kill")
        if step not in STEPS or side not in SIDES or point.how not in HOWS:
            raise SetupError(
                f"{text!r} is no crash point; write <step>:before or <step>:after, and :freeze behind it to freeze "
                f"instead of killing; the steps are {', '.join(STEPS)}."
            )
        return point

    def __str__(self) -> str:
        return ":".join(self)


class Trap:
    """Waits at one crash point and acts there once, however many threads come by.

    Args:
        point: Where.
        act: What to do.
    """

    def __init__(self, point: CrashPoint, act: Callable[[CrashPoint], None]) -> None:
        self._point, self._act = point, act
        self._unused = threading.Lock()

    def __call__(self, step: str, side: str) -> None:
        """A step begins or has ended."""
        if (step, side) == self._point[:2] and self._unused.acquire(blocking=False):
            self._act(self._point)


def _nothing(_step: str, _side: str) -> None:
    pass


_reached: Reached = _nothing


def reach(step: Step, side: Side) -> None:
    """This process is at a crash point."""
    _reached(step, side)


@contextmanager
def crash_point(step: Step) -> Iterator[None]:
    """Reach the crash point before the block and, where it does not raise, the one after it."""
    reach(step, "before")
    yield
    reach(step, "after")


def watch(reached: Reached | None) -> Reached:
    """Have a callable told whenever this process reaches a crash point; `None`: nobody.

    A simulation lets its callable raise, or lets other processes act meanwhile. What it raises has to be a
    `BaseException`: the code survives any `Exception`, as it should.

    Returns:
        Who was told before.
    """
    global _reached
    # A process crashes as a whole, so this is one a process.
    before, _reached = _reached, reached or _nothing
    return before


def arm(text: str, tracker: OrderEventTracker) -> None:
    """Have this process crash once at a crash point; empty: nowhere.

    Raises:
        SetupError: There is no such crash point; what was armed before still is.
    """
    watch(Trap(CrashPoint.parse(text), lambda point: _crash(point, tracker)) if text else None)


def _crash(point: CrashPoint, tracker: OrderEventTracker) -> None:
    tracker.process_event(CRASH_POINT, **point._asdict())
    tracker.flush()  # this thread may be in the middle of a burst
    if point.how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    # To this thread: a stop that another thread has to take first would let this one do its step.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
