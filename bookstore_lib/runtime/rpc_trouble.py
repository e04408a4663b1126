"""What a gRPC service can be told to suffer: to be slow, to be unavailable, to lose its replies."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from bookstore_lib.core.errors import BookstoreError, UnavailableError

Kind = Literal["delay", "unavailable", "lose_reply"]
KINDS: tuple[str, ...] = get_args(Kind)


class Caller(Protocol):
    """Whoever waits for the answer of a call; gRPC's own `ServicerContext` is one."""

    def is_active(self) -> bool:
        """Whether the caller still waits."""

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have a callable told when it waits no longer; false when that is so already."""


@dataclass(frozen=True)
class Trouble:
    """One trouble of a service. It never touches health checks.

    Attributes:
        kind: `delay`: calls wait before they are served; `unavailable`: they are refused; `lose_reply`: they are
            served, and their callers are told that the service is unavailable, as if the connection had broken.
        procedure: The one that suffers, such as `CheckFraud`; empty: all.
        seconds: How long a call is delayed.
        calls: How many calls suffer; 0: all, until the trouble is over.

    Raises:
        BookstoreError: This makes no sense; the sentence says why.
    """

    kind: str
    procedure: str = ""
    seconds: float = 0.0
    calls: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BookstoreError(f"There is no trouble {self.kind!r}; there are {', '.join(KINDS)}.")
        if (self.kind == "delay") != (self.seconds > 0):
            raise BookstoreError("A delay needs a number of seconds above 0, and no other trouble has seconds.")
        if self.calls < 0:
            raise BookstoreError(f"A trouble lasts for a number of calls, or 0 for all, not {self.calls}.")


class RpcTrouble:
    """The troubles of one process, and how many calls each has hit. Thread-safe."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._troubles: dict[int, Trouble] = {}
        self._hits: dict[int, int] = {}
        self._lock = threading.Lock()

    def begin(self, trouble: Trouble) -> int:
        """Suffer this from now on; returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._troubles[number], self._hits[number] = trouble, 0
            return number

    def end(self, number: int = 0) -> int:
        """End one trouble, or all of them; returns how many calls were hit."""
        with self._lock:
            over = [number] if number else list(self._troubles)
            for each in over:
                self._troubles.pop(each, None)
            return sum(self._hits.pop(each, 0) for each in over)

    @property
    def any(self) -> bool:
        """Whether there is any trouble."""
        return bool(self._troubles)

    def before(self, procedure: str, caller: Caller) -> None:
        """A call has come: delay or refuse it if it has to be; the caller's end ends the delay.

        Raises:
            UnavailableError: It is refused.
        """
        slow = self._hit("delay", procedure)
        if slow is not None:
            gone = threading.Event()
            if caller.add_callback(gone.set):
                gone.wait(slow.seconds)
        if self._hit("unavailable", procedure) is not None:
            raise UnavailableError("It was told to be unavailable.")

    def loses_reply(self, procedure: str) -> bool:
        """Whether a call that is served loses its reply, and the clock that rides along with it."""
        return self._hit("lose_reply", procedure) is not None

    def _hit(self, kind: Kind, procedure: str) -> Trouble | None:
        """The first trouble of this kind that a call of this procedure suffers, which is counted."""
        if not self._troubles:
            return None
        with self._lock:
            for number, trouble in self._troubles.items():
                used_up = 0 < trouble.calls <= self._hits[number]
                if trouble.kind == kind and trouble.procedure in ("", procedure) and not used_up:
                    self._hits[number] += 1
                    return trouble
        return None


# Of this process, whose starter can change it.
TROUBLE = RpcTrouble()
