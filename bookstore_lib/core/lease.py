"""Standing for election with a lease, as a table of transitions with no I/O and no time of its own.

A lease (C. Gray and D. Cheriton, 1989) is a lock that ends by itself: whoever holds it leads until it runs out, so a
dead leader is replaced without anyone having to know that it is dead. A lease alone does **not** promise that there is
one leader at a time: a frozen leader wakes up and believes in itself for a moment. The epoch, taken after the lock is
won and checked by the record at each write, is what makes that harmless (M. Kleppmann, "How to do distributed
locking", 2016: fencing tokens).

    candidate = Candidate(ttl=30, renew_every=10, margin=1)
    for command in candidate.start(now): carry it out, then
    candidate.on_timer(now) / .on_acquired(...) / .on_epoch(...) / .on_renewed(...) / .on_fenced(...)

Whoever waits may also be told by `on_lost` that the process which holds the lock has ended: an open connection to it
closed. Then it need not wait for the lock's end. That may be wrong, for a connection can close while both ends live;
then two believe to lead at the same time, and again the epoch makes it harmless.

All times are seconds of one monotonic clock.
"""

from enum import StrEnum
from typing import NamedTuple

from bookstore_lib.core.errors import IllegalTransitionError

HELD_BY_ANOTHER = "the lock is held by another"


class Role(StrEnum):
    """What a candidate is doing."""

    STOPPED = "stopped"
    WAITING = "waiting"
    ACQUIRING = "acquiring"
    TAKING_EPOCH = "taking_epoch"
    RESTING = "resting"
    LEADING = "leading"
    RENEWING = "renewing"


class Acquire(NamedTuple):
    """Command: try to win the lock; answer with `on_acquired`."""


class TakeOver(NamedTuple):
    """Command: end this lock if it is still there, and try to win; answer with `on_acquired`. Its holder has gone."""

    lock: str


class TakeEpoch(NamedTuple):
    """Command: take the next epoch from the record; answer with `on_epoch`."""


class Renew(NamedTuple):
    """Command: renew the lock if it is still ours; answer with `on_renewed`."""


class Release(NamedTuple):
    """Command: release the lock if it is still ours, and wake a follower. There is no answer."""


class Elected(NamedTuple):
    """Command: tell that this candidate leads, with this epoch."""

    epoch: int


class Demoted(NamedTuple):
    """Command: tell that this candidate leads no longer, and why."""

    reason: str


Command = Acquire | TakeOver | TakeEpoch | Renew | Release | Elected | Demoted

# Which role may hear which answer, and nothing else: the table that `_expect` reads and the diagram is drawn from.
TRANSITIONS: dict[Role, dict[str, tuple[Role, ...]]] = {
    Role.STOPPED: {"start": (Role.ACQUIRING,)},
    Role.WAITING: {
        "timer": (Role.WAITING, Role.ACQUIRING),
        "woken": (Role.ACQUIRING,),
        "lost": (Role.WAITING, Role.ACQUIRING),
        "stop": (Role.STOPPED,),
    },
    Role.ACQUIRING: {"acquired": (Role.TAKING_EPOCH, Role.WAITING), "stop": (Role.STOPPED,)},
    Role.TAKING_EPOCH: {"epoch": (Role.LEADING, Role.RESTING), "stop": (Role.STOPPED,)},
    Role.RESTING: {"timer": (Role.RESTING, Role.ACQUIRING), "stop": (Role.STOPPED,)},
    Role.LEADING: {
        "timer": (Role.LEADING, Role.RENEWING, Role.WAITING),
        "woken": (Role.RENEWING, Role.WAITING),
        "fenced": (Role.RESTING,),
        "stop": (Role.STOPPED,),
    },
    Role.RENEWING: {
        "renewed": (Role.LEADING, Role.WAITING, Role.RESTING),
        "timer": (Role.RENEWING, Role.WAITING),
        "fenced": (Role.RESTING,),
        "stop": (Role.STOPPED,),
    },
}


class Candidate:
    """One process that stands for election again and again.

    Args:
        ttl: Life of the lock in seconds.
        renew_every: Seconds between the beginnings of two renewals; less than `ttl - margin`.
        margin: Seconds before the end of the lock at which a leader stops believing in itself.
        retry_after: Seconds to wait after a failed try when the lock's remaining life is not known.

    Attributes:
        role: What it is doing.
        wake_at: When it next wants `on_timer`; infinite when it waits for an answer only.
        watches: The lock whose holder's end it wants to be told by `on_lost`; `None`: nobody's.
    """

    def __init__(self, ttl: float, renew_every: float, margin: float, retry_after: float = 1.0) -> None:
        if not 0 < renew_every < ttl - margin:
            raise ValueError(
                f"A lease of {ttl:g} s has to be renewed sooner than every {ttl - margin:g} s, not {renew_every:g}."
            )
        self.ttl, self.renew_every, self.margin, self.retry_after = ttl, renew_every, margin, retry_after
        self.role = Role.STOPPED
        self.wake_at = float("inf")
        self.watches: str | None = None
        self.epoch: int | None = None
        self._takes_over = False
        self._takes_over_again_at = float("-inf")
        self._asked_at = 0.0
        self._believes_until = 0.0

    def leads(self, now: float) -> bool:
        """Whether it may start work as a leader at `now`: it holds an epoch and the lock cannot have expired."""
        return self.role in (Role.LEADING, Role.RENEWING) and now < self._believes_until

    @property
    def believes_until(self) -> float:
        """When it stops believing in itself unless a renewal succeeds."""
        return self._believes_until

    def start(self, now: float) -> list[Command]:
        """Enter the election."""
        self._expect("start")
        return self._acquire(now)

    def on_acquired(
        self, now: float, *, won: bool, remaining: float | None = None, lock: str | None = None
    ) -> list[Command]:
        """How a try to win the lock went.

        Args:
            now: When the answer came.
            won: Whether it was won.
            remaining: Seconds that another's lock still lives; `None`: not known, Redis is away.
            lock: What that lock says, to know it by.
        """
        self._expect("acquired")
        if self._takes_over and (won or remaining is None):
            self._takes_over_again_at = now + self.ttl
        if won:
            self.role, self.wake_at, self.watches = Role.TAKING_EPOCH, float("inf"), None
            self._believes_until = self._asked_at + self.ttl - self.margin
            return [TakeEpoch()]
        self._wait(now, self.retry_after if remaining is None else remaining)
        self.watches = lock
        return []

    def on_epoch(self, now: float, epoch: int | None) -> list[Command]:
        """The next epoch from the record, or `None` when the record could not be asked: then no leadership."""
        self._expect("epoch")
        if epoch is None or now >= self._believes_until:
            self._wait(now, self.retry_after)
            self.role = Role.RESTING  # or the release below would wake ourselves, at once and for ever
            return [Release()]
        self.role, self.epoch = Role.LEADING, epoch
        self.wake_at = min(self._asked_at + self.renew_every, self._believes_until)
        return [Elected(epoch)]

    def on_renewed(self, now: float, *, renewed: bool | None) -> list[Command]:
        """How a renewal went: `True`, `False` (the lock is not ours any more), `None` (no answer: try again)."""
        self._expect("renewed")
        if renewed is False:
            return self._demote(now, HELD_BY_ANOTHER)
        if now >= self._believes_until:  # it has led no longer for a moment, so this is the end of the term
            return self._give_back(now, "the lease could not be renewed in time")
        if renewed:
            self._believes_until = self._asked_at + self.ttl - self.margin
        self.role = Role.LEADING
        again = self.renew_every if renewed else self.retry_after
        self.wake_at = min(self._asked_at + again, self._believes_until)
        return []

    def on_fenced(self, now: float) -> list[Command]:
        """The record refused our epoch: another has taken a later one, though the lock is still ours.

        That happens when a candidate wins the lock, is slow to take its epoch, and meanwhile the lock is lost (Redis
        was wiped) and won by us. Only a new term helps, or we would hold the lock and be refused for ever.
        """
        self._expect("fenced")
        return self._give_back(now, "the record knows a later epoch")

    def on_timer(self, now: float) -> list[Command]:
        """Time has passed; harmless when called too early."""
        self._expect("timer")
        if self.role in (Role.WAITING, Role.RESTING):
            return self._acquire(now) if now >= self.wake_at else []
        if now >= self._believes_until:
            return self._demote(now, "the lease could not be renewed in time")
        if self.role is Role.RENEWING or now < self.wake_at:
            return []
        self.role, self._asked_at, self.wake_at = Role.RENEWING, now, self._believes_until
        return [Renew()]

    def on_woken(self, now: float) -> list[Command]:
        """Somebody ended the lock, or had it ended, and said so; a leader looks at once whether it still has it."""
        self._expect("woken")
        if self.role is Role.LEADING:
            self.wake_at = now
            return self.on_timer(now)
        return self._acquire(now)

    def on_lost(self, now: float, lock: str) -> list[Command]:
        """The watch on the holder of this lock has closed, as it does when that process dies.

        Who takes over leads next, and can want to take over again only when it was deposed: then watches close on
        leaders that live. So that they do not depose each other without end, it does so once in a life of the lock;
        in between it waits for the lock's end.
        """
        self._expect("lost")
        if lock != self.watches or now < self._takes_over_again_at:
            return []
        self._acquire(now)
        self._takes_over = True
        return [TakeOver(lock)]

    def stop(self) -> list[Command]:
        """Leave the election; a leader releases the lock."""
        self._expect("stop")
        was, self.role, self.wake_at, self.watches = self.role, Role.STOPPED, float("inf"), None
        if was in (Role.WAITING, Role.RESTING):
            return []
        led = was in (Role.LEADING, Role.RENEWING)
        self.epoch = None
        return [*([Demoted("it was stopped")] if led else []), Release()]

    def _acquire(self, now: float) -> list[Command]:
        self.role, self._asked_at, self.wake_at = Role.ACQUIRING, now, float("inf")
        self._takes_over = False
        return [Acquire()]

    def _wait(self, now: float, seconds: float) -> None:
        self.role, self.wake_at, self.watches = Role.WAITING, now + max(seconds, 0.0), None

    def _give_back(self, now: float, reason: str) -> list[Command]:
        """End the term though the lock may be ours."""
        demoted = self._demote(now, reason)
        self.role = Role.RESTING  # or the release would wake ourselves
        return [*demoted, Release()]

    def _demote(self, now: float, reason: str) -> list[Command]:
        self.epoch = None
        self._wait(now, self.retry_after)
        return [Demoted(reason)]

    def _expect(self, event: str) -> None:
        if event not in TRANSITIONS[self.role]:
            raise IllegalTransitionError(f"A candidate that is {self.role} cannot hear {event!r}.")
