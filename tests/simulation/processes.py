"""The processes of the bookstore, each made of the product's own parts, in turns instead of threads."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from bookstore_lib.core.errors import CancelledError
from bookstore_lib.core.lease import Candidate
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.runtime.checkout import Checkout
from bookstore_lib.runtime.checkout_flow import CheckoutFlow
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.outcomes import OutcomeBoard, OutcomePublisher
from bookstore_lib.runtime.pipeline import Pipeline
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.orchestrator.desk import Desk
from services.order_executor.groups import Groups, groups_for
from services.order_executor.handler import Handler
from services.order_executor.rules import sweep_for
from services.order_executor.worker import Worker
from tests.simulation.nature import FreePlaces, Nature, Waits
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

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def flush(self) -> None:
        """Nothing is kept back."""


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

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do but to wait."""
        return not self.jobs() and not self.busy.total()

    @property
    def awake(self) -> bool:
        """Whether it can do anything now."""
        return self.alive and self.frozen_until <= self._nature.now

    def jobs(self) -> list[str]:
        """The threads that wait for nothing but their turn."""
        raise NotImplementedError

    def due(self) -> list[tuple[float, str]]:
        """When each of its threads that is free has something to do."""
        return [(0.0, thread) for thread in self.jobs()]

    def act(self, thread: str) -> None:
        """Do what one of the threads has to do."""
        raise NotImplementedError

    def _clients(self, calls: list["_Call"]) -> Any:
        return {name: _Latest(name, self._reach.services, self.tracker, calls) for name in NAMES}


class _Latest:
    """A client of whichever life of a service is the present one when a call comes there."""

    def __init__(
        self, name: str, services: dict[str, Service], tracker: OrderEventTracker, calls: list["_Call"]
    ) -> None:
        self._name, self._services, self._tracker, self._calls = name, services, tracker, calls

    def start(self, procedure: str, request: Any, on_done: Callable[[Any], None] | None = None) -> "_Call":
        call = _Call(lambda: self._services[self._name].client(self._tracker).start(procedure, request), on_done)
        if on_done is not None:
            self._calls.append(call)
        return call


class _Call:
    """A call on its way: carried out when somebody decides so, or waits for it."""

    def __init__(self, start: Callable[[], Any], on_done: Callable[[Any], None] | None) -> None:
        self._start, self._on_done = start, on_done
        self._begun: Any = None
        self._cancelled = False

    def run(self) -> None:
        if not self._cancelled:
            self._begun = self._start()
        if self._on_done is not None:
            self._on_done(self)

    def cancel(self) -> None:
        self._cancelled = self._begun is None

    def result(self) -> Any:
        if self._cancelled:
            raise CancelledError("It was cancelled on its way.")
        self._begun = self._begun or self._start()
        return self._begun.result()


class Orchestrator(Process):
    """Takes orders, and runs their checks where it is the coordinator."""

    def __init__(self, tracker: OrderEventTracker, reach: Reach, nature: Nature, coordinator: str) -> None:
        super().__init__(tracker, reach, nature)
        self.board = OutcomeBoard(tracker)
        shelf: Any = Shelf()
        checkout = Checkout(self._clients([]), tracker, 1) if coordinator == "orchestrator" else None
        self.desk = Desk(reach.store, shelf, reach.queue, self.board, tracker, checkout)
        self._cleaners: Any = self.desk._cleaners

    def jobs(self) -> list[str]:
        """The threads that wait for nothing but their turn."""
        return ["cleaner"] if self._cleaners.jobs else []

    def act(self, thread: str) -> None:  # noqa: ARG002 - there is one
        """Do what one of the threads has to do."""
        self._cleaners.jobs.popleft().run()


class Executor(Process):
    """Stands for election, and drains the queue when it leads."""

    def __init__(self, tracker: OrderEventTracker, reach: Reach, nature: Nature) -> None:
        super().__init__(tracker, reach, nature)
        elected = self._elected = threading.Event()
        self._candidate = Candidate(TTL, RENEW, MARGIN, retry_after=RENEW / 4)
        self.election = Election(
            self._candidate, reach.lease, reach.store.take_epoch, tracker, lambda _epoch: elected.set()
        )
        self._calls, self._pipeline = list[_Call](), Pipeline(tracker.together, lambda: None)
        publisher = OutcomePublisher(reach.channel, tracker)
        self._groups = groups_for(reach.store, reach.queue, publisher, tracker.process)
        checkout = CheckoutFlow(self._clients(self._calls), tracker)
        handler = Handler(self._groups, checkout, tracker, self.election.step_down)
        queue: Any = _Blocking(reach.queue, self._pause)
        places = FreePlaces(IN_FLIGHT, self._pause, self._do_a_job)
        worker = Worker(
            tracker, queue, reach.store, handler, self._pipeline, self.election, elected, places, sweep_for(TTL)
        )
        worker._stopping = Waits(self._pause)  # type: ignore[assignment]  # a stand-in
        self._worker = worker
        self._term: int | None = None
        self._works_at = 0.0
        self._started = False

    def jobs(self) -> list[str]:
        """The threads that wait for nothing but their turn."""
        jobs = [name for name in Groups._fields if getattr(self._groups, name).pending]
        jobs += ["pipeline"] * bool(self._pipeline.pending)
        return [*(name for name in jobs if not self.busy[name]), *["call"] * len(self._calls)]

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
        elif thread == "pipeline":
            self._pipeline.turn()
        elif thread == "call":
            self._calls.pop(self._nature.random.randrange(len(self._calls))).run()
        else:
            group = getattr(self._groups, thread)
            group.release()
            group.turn()

    def _do_a_job(self) -> None:
        self.act(self._nature.random.choice(self.jobs()))

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

    def take(self, consumer: str, timeout: float, most: int) -> Any:
        taken = self._queue.take(consumer, timeout, most)
        if not taken:
            self._pause(timeout)
        return taken
