"""A bookstore on which schedules run, one after the other."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.faults import Fault, Injection, Landing, begin, make_whole
from bookstore_lib.lab.history import History
from bookstore_lib.lab.shop_client import ShopClient
from bookstore_lib.lab.supervisor.plan import Fsync
from bookstore_lib.lab.verify.plan import TTL, touches
from bookstore_lib.lab.verify.schedule import EXECUTORS, Placement, Schedule, TimedFault
from bookstore_lib.lab.verify.traces import TraceReader

_POLL = 0.03
# Customers try again until the shop answers; then the shop has to come to rest. Both far beyond what it should take.
_PATIENCE = 60.0
_REST_SECONDS = 30.0
_LATE_SECONDS = 6.0
_QUIET_SECONDS = 0.1
# A fault has to begin, a crash point to be reached, or a call to be delayed by a slow service, within this time.
_HIT_SECONDS = 3.0


class Round(NamedTuple):
    """How a schedule went.

    Attributes:
        schedule: Which one.
        landings: Each fault that was planned, and how it landed.
        orders: How many orders the shop accepted.
        history: All that happened.
        verdict: Which guarantees held.
    """

    schedule: Schedule
    landings: tuple[tuple[Fault, Landing], ...]
    orders: int
    history: History
    verdict: Verdict


class Stage:
    """A bookstore that is used for many schedules; ends with the `with` block.

    Args:
        fsync: When its Redis writes to disk.
        executors: Number of order executors.
        transport: How the services are called.
    """

    def __init__(self, fsync: Fsync = "always", executors: int = EXECUTORS, transport: str = "stream") -> None:
        self.shop = Bookstore(executors, lease_ttl=TTL, links=True, fsync=fsync, transport=transport)
        self._traces = TraceReader(self.shop.run_dir / "traces")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shop.close()

    def run(self, schedule: Schedule) -> Round:
        """Run a schedule, let the shop come to rest, and check every guarantee.

        Raises:
            BookstoreError: The shop could not be made whole again.
        """
        self.shop.forget_orders()
        self._traces.begin_round(self._alive())
        began = time.monotonic()
        with ThreadPoolExecutor(len(schedule.orders)) as customers:
            for order in schedule.orders:
                customers.submit(self._place, order, f"{schedule.name}/{order.key}", began)
            landings = _Play(self.shop, schedule.faults, began).run()
            make_whole(self.shop)
            self.shop.note("all clear", within=2 * TTL)
        self._come_to_rest()
        for letter in self.shop.dead_letters():
            self.shop.redrive(letter.order_id)
        self._come_to_rest()
        return self._judge(schedule, landings)

    def _place(self, order: Placement, key: str, began: float) -> None:
        _sleep_until(began + order.at)
        until = time.monotonic() + _PATIENCE
        with closing(ShopClient(self.shop.url)) as client:
            while time.monotonic() < until:
                try:
                    client.checkout(order.items, order.customer, key=key)
                except BookstoreError:
                    time.sleep(_POLL)  # the same key again: it is one order, however often it was accepted
                else:
                    return

    def _come_to_rest(self) -> None:
        """Wait until no order is under way; one that still is then is found by the verdict."""
        until = time.monotonic() + _REST_SECONDS
        while time.monotonic() < until:
            tables = self.shop.tables()
            if tables and all(row.status.terminal for row in tables.orders) and not self.shop.queue_length():
                return
            time.sleep(_POLL)

    def _judge(self, schedule: Schedule, landings: tuple[tuple[Fault, Landing], ...]) -> Round:
        """Check every guarantee, again and again until all hold or nothing happens any more.

        A former leader that woke up may still be at work on orders that another has ended, and clean up after itself.
        """
        until = time.monotonic() + _LATE_SECONDS
        while True:
            self._read_until_quiet(until)
            tables = self.shop.tables()
            history = self._traces.history(tables)
            verdict = history.check()
            if verdict.holds or time.monotonic() > until:
                return Round(schedule, landings, len(tables.orders) if tables else 0, history, verdict)

    def _alive(self) -> set[str]:
        return {status.host for status in self.shop.processes()}

    def _read_until_quiet(self, until: float) -> None:
        """The files are read one after the other: they fit together only when nothing was written meanwhile."""
        while self._traces.read(self._alive()) and time.monotonic() < until:
            time.sleep(_QUIET_SECONDS)


@dataclass
class _Running:
    injection: Injection
    gives_up: float
    since: float | None = None


class _Play:
    """Begins and ends faults that overlap."""

    def __init__(self, shop: Bookstore, faults: tuple[TimedFault, ...], began: float) -> None:
        self._shop, self._began = shop, began
        self._coming = list(faults)
        self._running: list[_Running] = []
        self._landings: list[tuple[Fault, Landing]] = []

    def run(self) -> tuple[tuple[Fault, Landing], ...]:
        """Returns each fault, the leader named, and how it landed."""
        while self._coming or self._running:
            for timed in [timed for timed in self._coming if self._may_begin(timed)]:
                self._coming.remove(timed)
                self._begin(timed)
            for running in [running for running in self._running if self._is_over(running)]:
                self._running.remove(running)
                self._note(running.injection.fault, running.injection.end)
            time.sleep(_POLL)
        return tuple(self._landings)

    def _may_begin(self, timed: TimedFault) -> bool:
        """Whether its time has come, and no fault that began before it touches the same processes."""
        wanted = touches(timed.fault)
        busy = any(wanted & touches(running.injection.fault) for running in self._running)
        return time.monotonic() >= self._began + timed.at and not busy

    def _begin(self, timed: TimedFault) -> None:
        now = time.monotonic()
        try:
            injection = begin(self._shop, timed.fault)
        except BookstoreError as error:
            # Its victim, or whoever knows who leads, may be just about to start again.
            if now < self._began + timed.at + _HIT_SECONDS:
                self._coming.append(timed)
            else:
                self._landings.append((timed.fault, Landing(landed=False, evidence=str(error))))
        else:
            self._running.append(_Running(injection, gives_up=now + _HIT_SECONDS))

    def _is_over(self, running: _Running) -> bool:
        now = time.monotonic()
        if running.since is None and running.injection.hit():
            running.since = now
        lasted = running.since is not None and now >= running.since + running.injection.fault.lasts
        return lasted or (running.since is None and now >= running.gives_up)

    def _note(self, fault: Fault, end: Callable[[], Landing]) -> None:
        try:
            self._landings.append((fault, end()))
        except BookstoreError as error:
            self._landings.append((fault, Landing(landed=False, evidence=str(error))))


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
