"""The processes of the bookstore, each made of the product's own parts, in turns instead of threads."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from bookstore_lib.core.lease import Candidate
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.runtime.checkout import Checkout
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.outcomes import OutcomeBoard, OutcomePublisher
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.orchestrator.desk import Desk
from services.order_executor.handler import Handler
from services.order_executor.rules import sweep_for
from services.order_executor.worker import Worker
from tests.simulation.nature import Nature, Waits
from tests.simulation.services import NAMES, Service, Shelf

TTL, RENEW, MARGIN = 2.0, 2 / 3, 0.2
IN_FLIGHT = 4
# What one round of the leader's loop takes, in seconds.
ROUND = 0.01
NEVER = float("inf")


class Died(BaseException):
    """The process that runs was killed."""


class Trace:
    """A trace that is kept in memory; stands for `TraceLog`."""

    def __init__(self, process: str, events: list[TraceEvent], now: Callable[[], float]) -> None:
        self.process, self.write, self.now = process, events.append, now


class Reach(NamedTuple):
    """What a process reaches: stores through the network, services, the orchestrator's ear for outcomes.

    Attributes:
        store: The record.
        queue: The queue.
        lease: The lock.
        channel: Where outcomes are published.
        services: The present lives of the three services, by name.
    """

    store: Any
    queue: Any
    lease: Any
    channel: Any
    services: dict[str, Service]


class Process:
    """One life of a process.

    Args:
        tracker: Its clocks and its name.
        reach: What it reaches.
        nature: Time, and no threads.

    Attributes:
        alive: Whether it runs or is frozen.
        frozen_until: When it goes on; in the past when it runs.
        busy: How many of its threads of each kind are in the middle of something.
    """

    def __init__(self, tracker: OrderEventTracker, reach: Reach, nature: Nature) -> None:
        self.tracker, self._reach, self._nature = tracker, reach, nature
        self.alive, self.frozen_until = True, 0.0
        self.busy = Counter[str]()
        self._pool: Any = None

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do but to wait."""
        return not self._pool.jobs and not self.busy.total()

    @property
    def awake(self) -> bool:
        """Whether it can do anything now."""
        return self.alive and self.frozen_until <= self._nature.now

    def due(self) -> list[tuple[float, str]]:
        """When each of its threads that is free has something to do."""
        return [(0.0, "job")] if self._pool.jobs else []

    def act(self, thread: str) -> None:
        """Do what one of the threads has to do."""
        if thread == "job":
            self._pool.jobs.popleft().run()

    def _checkout(self) -> Checkout:
        clients: Any = {name: _Latest(name, self._reach.services, self.tracker) for name in NAMES}
        return Checkout(clients, self.tracker, 1)


class _Latest:
    """A client of whichever life of a service is the present one."""

    def __init__(self, name: str, services: dict[str, Service], tracker: OrderEventTracker) -> None:
        self._name, self._services, self._tracker = name, services, tracker

    def start(self, procedure: str, request: Any) -> Any:
        return self._services[self._name].client(self._tracker).start(procedure, request)


class Orchestrator(Process):
    """Takes orders, and runs their checks where it is the coordinator."""

    def __init__(self, tracker: OrderEventTracker, reach: Reach, nature: Nature, coordinator: str) -> None:
        super().__init__(tracker, reach, nature)
        self.board = OutcomeBoard(tracker)
        shelf: Any = Shelf()
        checkout = self._checkout() if coordinator == "orchestrator" else None
        self.desk = Desk(reach.store, shelf, reach.queue, self.board, tracker, checkout)
        self._pool = self.desk._cleaners


class Executor(Process):
    """Stands for election, and drains the queue when it leads."""

    def __init__(self, tracker: OrderEventTracker, reach: Reach, nature: Nature) -> None:
        super().__init__(tracker, reach, nature)
        elected = self._elected = threading.Event()
        self._candidate = Candidate(TTL, RENEW, MARGIN, retry_after=RENEW / 4)
        self.election = Election(
            self._candidate, reach.lease, reach.store.take_epoch, tracker, lambda _epoch: elected.set()
        )
        publisher = OutcomePublisher(reach.channel, tracker)
        handler = Handler(reach.store, reach.queue, self._checkout(), publisher, tracker, self.election.step_down)
        queue: Any = _Blocking(reach.queue, self._pause)
        worker = Worker(tracker, queue, reach.store, handler, self.election, elected, 1, sweep_for(TTL))
        stopping, slots = Waits(self._pause), Waits(self._pause, IN_FLIGHT)
        worker._stopping, worker._slots = stopping, slots  # type: ignore[assignment]  # stand-ins
        self._worker, self._pool = worker, worker._pool
        self._term: int | None = None
        self._works_at = 0.0
        self._started = False

    @property
    def watches(self) -> str | None:
        """The lock whose holder's end it is told of."""
        return self._candidate.watches

    def due(self) -> list[tuple[float, str]]:
        """When each of its threads that is free has something to do."""
        due = super().due()
        if not self.busy["election"]:
            told = self.election._told
            due.append((0.0 if told or not self._started else self._candidate.wake_at, "election"))
        if not self.busy["worker"] and (self._term is not None or self._elected.is_set()):
            due.append((self._works_at, "worker"))
        return due

    def act(self, thread: str) -> None:
        """Do what one of the threads has to do."""
        if thread == "election":
            self._stand()
        elif thread == "worker":
            self._work()
        elif thread == "drain":
            self._drain()
        else:
            super().act(thread)

    def _stand(self) -> None:
        if self._started:
            self.election._do_next()
        else:
            self._started = True
            self.election._carry_out(self._candidate.start(self._nature.now))

    def _work(self) -> None:
        """As the worker's thread: wait to be elected, then one round after the other while the term lasts."""
        self._works_at = self._nature.now + ROUND
        if self._term is not None and self.election.epoch == self._term:
            self._worker._do_next(self._term)
            return
        self._term = None
        if self._elected.is_set():
            self._elected.clear()
            self._term = self.election.epoch
            if self._term is not None:
                self._worker._begin_term()

    def _drain(self) -> None:
        """End in order, as when it is told to drain."""
        self._worker.finish()
        if self._started:
            self.election._carry_out(self._candidate.stop())
        self._worker.hand_back()

    def _pause(self, seconds: float) -> None:
        self._works_at = self._nature.now + seconds


class _Blocking:
    """The queue, whose take waits where there is nothing."""

    def __init__(self, queue: Any, pause: Callable[[float], None]) -> None:
        self._queue, self._pause = queue, pause

    def __getattr__(self, method: str) -> Any:
        return getattr(self._queue, method)

    def take(self, consumer: str, timeout: float) -> Any:
        order_id = self._queue.take(consumer, timeout)
        if order_id is None:
            self._pause(timeout)
        return order_id
