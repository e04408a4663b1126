"""Runs a `Candidate` on a real lease: a thread of its own that carries out what the paper commands."""

import logging
import random
import threading
import time
from collections.abc import Callable

import redis

from bookstore_lib.core import lease as paper
from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.runtime.crash_points import crash_point, reach
from bookstore_lib.runtime.redis_lease import Claim, Lease, read_claim
from bookstore_lib.runtime.tracker import OrderEventTracker

log = logging.getLogger(__name__)

# Followers wake up one after the other when the lock expires, not all in the same millisecond.
_JITTER = 0.002


class Election:
    """Stands for election until stopped.

    Args:
        candidate: Decides; not shared with anybody else.
        lease: The lock.
        take_epoch: Takes the next epoch from the record for this holder.
        tracker: Names this holder, and writes the election into the trace.
        on_elected: Called with the epoch, once a term. Must not block.
        on_demoted: Called with the reason, once a term. Must not block.
        address: `host:port` at which others can watch this process; empty: nowhere.
    """

    def __init__(
        self,
        candidate: paper.Candidate,
        lease: Lease,
        take_epoch: Callable[[str], int],
        tracker: OrderEventTracker,
        on_elected: Callable[[int], None] = lambda _epoch: None,
        on_demoted: Callable[[str], None] = lambda _reason: None,
        address: str = "",
    ) -> None:
        self._candidate, self._lease, self._take_epoch, self._tracker = candidate, lease, take_epoch, tracker
        self._on_elected, self._on_demoted = on_elected, on_demoted
        self._holder = tracker.process
        self._watch: Callable[[str | None], None] = lambda _lock: None
        self._claim = Claim(tracker.process, 0, address)
        self._changed = threading.Condition()
        self._woken = self._stopping = False
        self._term: int | None = None
        self._fenced: int | None = None
        self._lost: str | None = None
        self._thread = threading.Thread(target=self._run, name="election", daemon=True)

    @property
    def leads(self) -> bool:
        """Whether this process may start work as the leader at this moment."""
        return self._candidate.leads(time.monotonic())

    @property
    def epoch(self) -> int | None:
        """The epoch of the present term; `None` when not leading."""
        return self._candidate.epoch if self.leads else None

    @property
    def belief_left(self) -> float:
        """Seconds for which it may still believe in itself; 0 when it does not lead."""
        return max(0.0, self._candidate.believes_until - time.monotonic()) if self.leads else 0.0

    def start(self, watch: Callable[[str | None], None] = lambda _lock: None) -> None:
        """Enter the election.

        Args:
            watch: Called with the lock whose holder is to be watched now (`None`: nobody), again and again; whoever
                watches it calls `lost` when that process ends. Must not block.
        """
        self._watch = watch
        self._thread.start()

    def wake(self) -> None:
        """The lock was ended before its time: look at once."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def lost(self, lock: str) -> None:
        """The process that set this lock has ended, as far as its watch tells: take over if the lock is still there."""
        with self._changed:
            self._lost = lock
            self._changed.notify()

    def step_down(self, epoch: int) -> None:
        """The record refused a write of this epoch: end its term, if it is still ours, and stand again."""
        with self._changed:
            self._fenced = epoch
            self._changed.notify()

    def stop(self) -> None:
        """Leave the election; a leader releases the lock and followers are woken. Waits until that is done."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._carry_out(self._candidate.start(time.monotonic()))
        while not self._stopping:
            self._wait()
            if self._stopping:
                break
            self._do_next()
        self._carry_out(self._candidate.stop())

    def _do_next(self) -> None:
        """It was told something, or its time has come; a simulation calls it, too."""
        with self._changed:
            woken, self._woken = self._woken, False
            fenced, self._fenced = self._fenced, None
            lost, self._lost = self._lost, None
        now, role = time.monotonic(), self._candidate.role
        if fenced is not None and fenced == self._candidate.epoch:
            commands = self._candidate.on_fenced(now)
        elif lost is not None and role is paper.Role.WAITING and (over := self._candidate.on_lost(now, lost)):
            commands = over
        elif woken and role in (paper.Role.WAITING, paper.Role.LEADING):
            commands = self._candidate.on_woken(now)
        else:
            commands = self._candidate.on_timer(now)
        self._carry_out(commands)

    @property
    def _told(self) -> bool:
        """Whether something was told that is not heard yet; a simulation asks, too."""
        return self._woken or self._fenced is not None or self._lost is not None

    def _wait(self) -> None:
        self._watch(self._candidate.watches)
        with self._changed:
            if not (self._told or self._stopping):
                self._changed.wait(max(0.0, self._candidate.wake_at - time.monotonic()))

    def _carry_out(self, commands: list[paper.Command]) -> None:
        while commands:
            commands = [following for command in commands for following in self._do(command)]

    def _do(self, command: paper.Command) -> list[paper.Command]:
        match command:
            case paper.Acquire():
                return self._acquire()
            case paper.TakeOver(lock):
                return self._take_over(lock)
            case paper.TakeEpoch():
                epoch = self._next_epoch()
                return self._candidate.on_epoch(time.monotonic(), epoch)  # the record may have been slow
            case paper.Renew():
                return self._renew()
            case paper.Release():
                self._release()
            case paper.Elected(epoch):
                self._elected(epoch)
            case paper.Demoted(reason):
                self._demoted(reason)
        return []

    def _take_over(self, lock: str) -> list[paper.Command]:
        holder = read_claim(lock).holder
        log.info("[%s] %s is gone. Taking over...", self._holder, holder)
        self._tracker.process_event("leader lost", holder=holder, lock=lock)  # written first: it excuses what follows
        reach("take_over", "before")
        commands = self._acquire(instead_of=lock)
        if self._candidate.role is paper.Role.TAKING_EPOCH:
            reach("take_over", "after")
        return commands

    def _acquire(self, instead_of: str = "") -> list[paper.Command]:
        reach("elect", "before")
        self._claim = self._claim._replace(number=self._claim.number + 1)
        try:
            result = self._lease.acquire(str(self._claim), self._candidate.ttl, instead_of)
        except redis.RedisError as error:
            log.warning("[%s] Redis does not answer (%s). Waiting...", self._holder, type(error).__name__)
            return self._candidate.on_acquired(time.monotonic(), won=False)
        if not result.won:
            holder = None if result.lock is None else read_claim(result.lock).holder
            log.info("[%s] Not leader. Waiting...", self._holder)
            self._tracker.process_event("waiting", holder=holder, remaining=result.remaining)
        self._term = None
        remaining = result.remaining + random.uniform(0, _JITTER)  # noqa: S311 - no secret
        return self._candidate.on_acquired(time.monotonic(), won=result.won, remaining=remaining, lock=result.lock)

    def _next_epoch(self) -> int | None:
        try:
            epoch = self._take_epoch(self._holder)
        except BookstoreError as error:
            log.warning("[%s] Won the lock but got no epoch: %s", self._holder, error)
            return None
        reach("elect", "after")
        return epoch

    def _renew(self) -> list[paper.Command]:
        renewed: bool | None
        began = time.time()
        try:
            with crash_point("renew"):
                renewed = self._lease.renew(str(self._claim), self._candidate.ttl)
        except redis.RedisError as error:
            log.warning("[%s] The renewal got no answer (%s)", self._holder, type(error).__name__)
            renewed = None
        commands = self._candidate.on_renewed(time.monotonic(), renewed=renewed)
        if renewed and not commands:
            log.info("[%s] Renewed leadership", self._holder)
            self._tracker.process_event("renewed", self._candidate.epoch, **self._term_so_far(), began=began)
        return commands

    def _release(self) -> None:
        began = time.time()
        try:
            released = self._lease.release(str(self._claim))
        except redis.RedisError:
            return  # it ends by itself
        if released:
            self._tracker.process_event("released", self._term, began=began)

    def _elected(self, epoch: int) -> None:
        self._term = epoch
        log.info("[%s] Became leader", self._holder, extra={"epoch": epoch})
        self._tracker.process_event("elected", epoch, **self._term_so_far())
        self._on_elected(epoch)

    def _demoted(self, reason: str) -> None:
        log.info("[%s] Leader no longer: %s", self._holder, reason)
        self._tracker.process_event("demoted", self._term, reason=reason)
        self._on_demoted(reason)

    def _term_so_far(self) -> dict[str, float | str]:
        """What each announcement says, so that whoever reads but the last ones knows it too."""
        belief = time.time() + self._candidate.believes_until - time.monotonic()
        return {"believes_until": belief, "key_until": belief + self._candidate.margin, "lock": str(self._claim)}
