"""A whole bookstore on a simulated clock: what happens next, who is hit by a fault, and what is left in the end."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.runtime import crash_points
from bookstore_lib.runtime.memory_store import MemoryOrderStore
from bookstore_lib.runtime.redis_lease import MemoryLease, read_claim
from bookstore_lib.runtime.redis_queue import MemoryQueue
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.orchestrator.rules import CheckoutRequest
from tests.simulation.nature import Nature
from tests.simulation.network import Link, Network
from tests.simulation.processes import NEVER, TTL, Died, Executor, Orchestrator, Process, Reach, Trace
from tests.simulation.services import LAST_COPY, NAMES, PLENTY, ModelService, RealService, Service

EXECUTORS = ("executor-1", "executor-2", "executor-3")
# Longer than the life of the lock: a frozen leader wakes up beside the next one.
FROZEN = 3.5
MOVES_WITHIN = 2 * TTL
ENDS_WITHIN = 12 * TTL
MANY_TURNS = 20_000


class World:
    """Three executors, an orchestrator, three services and two stores.

    Args:
        nature: Time and chance; it begins anew.
        ties: Decides what comes first of what may happen at the same time.
        coordinator: Who runs the checks: the `executor` or the `orchestrator`.
        services: `model` or `real`.
    """

    def __init__(self, nature: Nature, ties: int = 0, coordinator: str = "executor", services: str = "model") -> None:
        nature.start(ties)
        self.nature, self._coordinator = nature, coordinator
        self._service: type[Service] = RealService if services == "real" else ModelService
        self.events: list[TraceEvent] = []
        self.network = Network(nature.monotonic, self.later, self._note_cut)
        self.store = MemoryOrderStore({book.book_id: book.stock for book in (PLENTY, LAST_COPY)}, nature.monotonic)
        self.queue, self.lease = MemoryQueue(), MemoryLease(nature.monotonic, self._wake_all)
        self.placed = 0
        self._lives = Counter[str]()
        self._agenda: list[tuple[float, int, Callable[[], Any]]] = []
        self._planned = self._turns = 0
        self._traps: list[list[Any]] = []
        self._current: Process | None = None
        self._lab = self._tracker("lab")
        self.services = {name: self._service(name, self._tracker(name), nature.monotonic) for name in NAMES}
        self._reach = self._links()
        self.processes: dict[str, Process] = {}
        for name in ("orchestrator", *EXECUTORS):
            self._begin(name)
        crash_points.watch(self._reached)

    # What a schedule does

    def place(self, request: CheckoutRequest, body: bytes, key: str) -> None:
        """A customer places an order and does not wait; nobody takes it while the orchestrator is frozen."""
        self.start("orchestrator")
        process = self.processes["orchestrator"]
        if process.awake and isinstance(process, Orchestrator):
            with suppress(BookstoreError):  # the customer is told
                self._let(process, "desk", lambda: process.desk.place(request, key, body, 0.0))

    def kill(self, name: str) -> None:
        """SIGKILL."""
        process = self._process(name)
        if process.alive:
            self._end(process, "killed")

    def start(self, name: str) -> None:
        """Start a dead process again."""
        if not self._process(name).alive:
            self._begin(name)

    def stop(self, name: str) -> None:
        """SIGTERM: an executor ends in order; one that is in the middle of something is left alone."""
        process = self._process(name)
        if process.awake and not process.busy.total():
            self._let(process, "drain", lambda: process.act("drain"))
            if process.alive:
                self._end(process, "stopped")

    def freeze(self, name: str) -> None:
        """SIGSTOP, and SIGCONT some seconds later."""
        process = self._process(name)
        process.frozen_until = max(process.frozen_until, self.nature.now + FROZEN)

    def restart_service(self, name: str) -> None:
        """Kill a service and start it again; the sessions that it kept are gone."""
        self._lab.process_event("killed", process=self._host(name))
        self.services[name] = self._service(name, self._tracker(name), self.nature.monotonic)

    def fail(self, name: str, kind: str, calls: int) -> None:
        """Let some calls of a service fail: `unavailable`, or `lose_reply`, which is after the effect."""
        self.services[name].fail(kind, calls)

    def lose(self, call: str, how: str, number: int) -> None:
        """Let the n-th call of a store from now on, such as `queue.push`, go wrong."""
        self.network.lose(call, how, number)

    def cut(self, server: str) -> None:
        """Let nothing reach a server for some seconds."""
        self.network.cut(server, FROZEN)

    def flush(self) -> None:
        """FLUSHALL."""
        self.queue = MemoryQueue()
        self.lose_lock()

    def lose_lock(self) -> None:
        """Redis forgets the lock."""
        self._lab.process_event("flushed")
        self.lease = MemoryLease(self.nature.monotonic, self._wake_all)

    def lose_sight(self, name: str) -> None:
        """An executor's connection to the leader that it watches breaks, though that lives."""
        follower = self._process(name)
        if isinstance(follower, Executor) and follower.alive and (lock := follower.watches):
            self._lab.process_event("cut", between=[follower.tracker.process, read_claim(lock).holder])
            follower.election.lost(lock)

    def redrive(self) -> None:
        """Somebody opens the first of the dead letters again."""
        for letter in self.store.dead_letters()[:1]:
            self.store.redrive(letter.order_id)

    def crash(self, step: str, side: str, how: str, number: int) -> None:
        """Have whoever comes to a crash point for the n-th time from now on `kill`, `freeze` or be `slow` there."""
        self._traps.append([step, side, how, number])

    def heal(self) -> None:
        """Every fault is over: what is dead starts, what is frozen goes on, what was to go wrong does not."""
        self._traps.clear()
        self.network.heal()
        for service in self.services.values():
            service.calm()
        for name, process in self.processes.items():
            process.frozen_until = 0.0
            self.start(name)
        self._lab.process_event("all clear", within=MOVES_WITHIN)

    # How it runs

    def later(self, seconds: float, act: Callable[[], Any]) -> None:
        """Have something done after some seconds."""
        self._planned += 1
        heapq.heappush(self._agenda, (self.nature.now + seconds, self._planned, act))

    def run(self, seconds: float) -> None:
        """Let everybody act for some seconds."""
        end = self.nature.now + seconds
        while True:
            self._turns += 1
            if self._turns > MANY_TURNS:
                raise AssertionError("Everybody acts, but time does not pass.")
            at, process, thread = self._next()
            planned = self._agenda[0][0] if self._agenda else NEVER
            if min(at, planned) >= end:
                break
            self.nature.now = max(self.nature.now, min(at, planned))
            if process is None or planned <= at:
                heapq.heappop(self._agenda)[2]()
            else:
                self._act(process, thread)
        self.nature.now = max(self.nature.now, end)

    def come_to_rest(self) -> None:
        """Let everybody act until nothing is left to do, but not for ever."""
        patience = self.nature.now + ENDS_WITHIN
        while next(self.unfinished(), None) and self.nature.now < patience:
            self.run(TTL / 4)

    def unfinished(self) -> Iterator[str]:
        """What is not at rest, for people."""
        for row in self.store.tables().orders:
            if not row.status.terminal:
                yield f"{row.order_id} is {row.status}"
        yield from (f"{order_id} is in a list" for order_id in sorted(self.queue.contents().all_ids()))
        yield from (f"{name} is at work" for name, process in self.processes.items() if not process.idle)
        yield from ("something is on its way" for _ in self._agenda)

    def publish(self, _channel: str, message: str) -> None:
        """Tell the orchestrator, if it listens: what Redis does with outcomes."""
        process = self.processes["orchestrator"]
        if process.awake and isinstance(process, Orchestrator):
            process.board.announce(message)

    def _next(self) -> tuple[float, Process | None, str]:
        """Who acts next, in which thread, and when."""
        due: list[tuple[float, Process | None, str]] = []
        first = NEVER
        for process in self.processes.values():
            earliest = max(process.frozen_until, self.nature.now)
            if process.alive and earliest < NEVER:
                for wants, thread in process.due():
                    at = max(earliest, wants)
                    if at < first:
                        first, due = at, []
                    if at == first:
                        due.append((at, process, thread))
        return self.nature.random.choice(due) if len(due) > 1 else (*due, (NEVER, None, ""))[0]

    def _act(self, process: Process, thread: str) -> None:
        self._let(process, thread, lambda: process.act(thread))

    def _let(self, process: Process, thread: str, act: Callable[[], Any]) -> None:
        before, self._current = self._current, process
        process.busy[thread] += 1
        try:
            with suppress(Died):
                act()
        finally:
            process.busy[thread] -= 1
            self._current = before

    def _reached(self, step: str, side: str) -> None:
        """The process that runs is at a crash point."""
        for trap in self._traps:
            if trap[0] == step and trap[1] == side:
                trap[3] -= 1
                if not trap[3]:
                    self._traps.remove(trap)
                    self._suffer(step, side, trap[2])
                    return

    def _suffer(self, step: str, side: str, how: str) -> None:
        process = self._current
        if process is None:
            raise AssertionError(f"Nobody acts, but somebody is at {step}:{side}.")
        if how != "slow":
            process.tracker.process_event(crash_points.CRASH_POINT, step=step, side=side, how=how)
        if how == "kill":
            self._end(process, "killed")
            raise Died
        before = process.frozen_until
        process.frozen_until = NEVER if how == "freeze" else before
        self.run(FROZEN)
        if how == "freeze":
            process.frozen_until = before
        if not process.alive:
            raise Died

    def _note_cut(self, server: str) -> None:
        process = self._current.tracker.process if self._current else ""
        self._lab.process_event("cut", between=[process, server])

    def _process(self, name: str) -> Process:
        """The present life of a process; `leader`: of whoever holds the lock, or of the first executor."""
        holder = (self.lease.holder() or EXECUTORS[0]).partition("~")[0]
        return self.processes[holder if name == "leader" else name]

    def _begin(self, name: str) -> None:
        parts = self._tracker(name), self._reach, self.nature
        process = Executor(*parts) if name in EXECUTORS else Orchestrator(*parts, self._coordinator)
        self.processes[name] = process

    def _end(self, process: Process, how: str) -> None:
        process.alive = False
        self._lab.process_event(how, process=process.tracker.process)
        for other in self.processes.values() if how == "killed" else ():
            lock = other.watches if isinstance(other, Executor) and other.alive else None
            if isinstance(other, Executor) and lock and read_claim(lock).holder == process.tracker.process:
                other.election.lost(lock)

    def _links(self) -> Reach:
        def link(server: str, name: str, target: Callable[[], Any]) -> Any:
            return Link(self.network, server, name, target)

        return Reach(
            link("postgres", "store", lambda: self.store),
            link("redis", "queue", lambda: self.queue),
            link("redis", "lease", lambda: self.lease),
            link("redis", "channel", lambda: self),
            self.services,
        )

    def _tracker(self, name: str) -> OrderEventTracker:
        self._lives[name] += 1
        trace: Any = Trace(self._host(name), self.events, self.nature.monotonic)
        return OrderEventTracker(trace)

    def _host(self, name: str) -> str:
        """The name of the present life of a process, as traces have it."""
        return f"{name}~{self._lives[name] - 1}" if self._lives[name] > 1 else name

    def _wake_all(self) -> None:
        for process in self.processes.values():
            if isinstance(process, Executor) and process.alive:
                process.election._woken = True
