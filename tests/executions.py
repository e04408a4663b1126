"""Executions made up for tests: correct vector clocks, the event names of the running system, nothing running."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Literal

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.trace_event import Kind, TraceEvent
from bookstore_lib.core.vector_clock import VectorClock

SERVICES = ("transaction_verification", "fraud_detection", "suggestions")
EPOCH_START = 1_700_000_000.0
_LOCALS = {
    "CheckBilling": "billing checked",
    "CheckCard": "card checked",
    "CheckFraud": "fraud scored",
    "GetSuggestions": "books chosen",
    "ClearOrder": "session cleared",
}


class Execution:
    """Writes the events of one order, in an order in which they could have happened.

    `events` is what was written so far; `clocks` is the present clock of each process.
    """

    def __init__(self, order_id: str = "order-1", wall: float = EPOCH_START) -> None:
        self.order_id = order_id
        self.events: list[TraceEvent] = []
        self.clocks: dict[str, VectorClock] = defaultdict(VectorClock)
        self._numbers: dict[str, int] = defaultdict(int)
        self._wall = wall

    def local(self, process: str, name: str, **fields: Any) -> TraceEvent:
        """A local event; `fields` are those of a TraceEvent (epoch, detail)."""
        return self._write(process, "local", name, self.clocks[process].tick(process), **fields)

    def send(self, process: str, name: str, peer: str = "") -> TraceEvent:
        """A message leaves; hand the result to `receive`, twice for a duplicate, never for a lost one."""
        return self._write(process, "send", name, self.clocks[process].tick(process), peer=peer)

    def receive(self, process: str, message: TraceEvent) -> TraceEvent:
        """The message of a send event arrives at `process`."""
        clock = self.clocks[process].receive(message.clock, process)
        fields = {"message_id": message.id, "peer": message.process}
        return self._write(process, "receive", message.name, clock, **fields)

    def serve(self, request: TraceEvent, answer: Literal["reply", "error"] = "reply") -> TraceEvent:
        """The service asked takes the request, works and answers; returns the answer's send event."""
        service = request.peer
        self.receive(service, request)
        if answer == "reply" and request.name in _LOCALS:
            self.local(service, _LOCALS[request.name])
        return self.send(service, f"{request.name} {answer}", request.process)

    def _write(self, process: str, kind: Kind, name: str, clock: VectorClock, **fields: Any) -> TraceEvent:
        self._numbers[process] += 1
        self._wall += 0.002
        event_id = f"{process}#{self._numbers[process]}"
        if kind == "send":
            fields["message_id"] = event_id
        self.clocks[process] = clock
        event = TraceEvent(event_id, process, self.order_id, kind, name, clock, wall=round(self._wall, 3), **fields)
        self.events.append(event)
        return event


class Chronicle:
    """Writes what processes tell of themselves and of orders: local events at given times, numbered as written.

    `events` is what was written so far.

    Args:
        start: Wall time that `at` is counted from.
    """

    def __init__(self, start: float = EPOCH_START) -> None:
        self.start = start
        self.events: list[TraceEvent] = []
        self._numbers: dict[str, int] = defaultdict(int)
        self._clocks: dict[tuple[str, str], VectorClock] = defaultdict(VectorClock)

    def note(
        self, process: str, name: str, at: float, /, *, of: str = "", epoch: int | None = None, **detail: Any
    ) -> TraceEvent:
        """An event at `at` seconds, `of` an order, or of the process itself."""
        self._numbers[process] += 1
        if of:
            self._clocks[process, of] = self._clocks[process, of].tick(process)
        event_id, clock = f"{process}#{self._numbers[process]}", self._clocks[process, of]
        event = TraceEvent(
            event_id, process, of, "local", name, clock, wall=self.start + at, epoch=epoch, detail=detail
        )
        self.events.append(event)
        return event

    def leads(
        self, process: str, epoch: int, at: float, lasts: float = 2.0, *, renewal: bool = False, **detail: Any
    ) -> TraceEvent:
        """Elected, or renewed, with a lease that it believes in for `lasts` seconds; the lock lives 0.5 s longer."""
        until = self.start + at + lasts
        times: dict[str, Any] = {"believes_until": until, "key_until": until + 0.5}
        began: dict[str, Any] = {"began": self.start + at} if renewal else {}
        return self.note(process, "renewed" if renewal else "elected", at, epoch=epoch, **times, **began, **detail)

    def took(self, process: str, order: str, epoch: int, at: float, asked: float | None = None) -> TraceEvent:
        """An order came out of the queue, for which it asked at once or `asked` seconds after the start."""
        return self.note(
            process, "took", at, epoch=epoch, order=order, asked=self.start + (at if asked is None else asked)
        )

    def swept(self, process: str, orders: Sequence[str], epoch: int, at: float, began: float) -> TraceEvent:
        """Open orders that no list held when it looked, from `began` seconds after the start on."""
        return self.note(process, "swept", at, epoch=epoch, orders=list(orders), began=self.start + began)

    def finished(
        self, process: str, order: str, epoch: int, at: float, status: str = "approved", drive: int = 0
    ) -> None:
        """Settled, and acknowledged 0.1 s later."""
        self.note(process, "settled", at, of=order, epoch=epoch, status=status, drive=drive)
        self.note(process, "acknowledged", at + 0.1, of=order)


def complete_order(
    order_id: str = "order-1",
    *,
    status: Literal["approved", "rejected"] = "approved",
    executor: str = "executor-2",
    epoch: int = 3,
    coordinator: Literal["executor", "orchestrator"] = "executor",
    retry: bool = False,
    outcome_lost: bool = False,
) -> list[TraceEvent]:
    """A complete order, about 55 events, in an order in which they could have happened.

    Args:
        order_id: The order's name.
        status: `rejected`: the card is refused, the fraud check is cancelled (its reply is never received), no
            suggestions are asked for; fraud then refuses the first ClearOrder and is asked a second time.
        executor: The process that executes it.
        epoch: The epoch it settles with.
        coordinator: Who makes the calls.
        retry: CheckBilling's first reply is lost, so its request arrives a second time.
        outcome_lost: The outcome reaches nobody; the orchestrator has neither `outcome` nor `answered`.
    """
    run = Execution(order_id)
    caller = executor if coordinator == "executor" else "orchestrator"
    run.local("orchestrator", "accepted")
    if coordinator == "executor":
        _hand_over(run, executor)
    _initialize(run, caller)
    states = _check(run, caller, status, retry=retry)
    run.local(caller, "checked", detail={"steps": states})
    if coordinator == "orchestrator":
        _hand_over(run, executor)
    run.local(executor, "settled", epoch=epoch, detail={"status": status, "refused": False})
    outcome = run.send(executor, "outcome", "orchestrator")
    if not outcome_lost:
        run.receive("orchestrator", outcome)
        run.local("orchestrator", "answered")
    _clear(run, caller)
    run.local(executor, "acknowledged")
    return run.events


def _hand_over(run: Execution, executor: str) -> None:
    run.receive(executor, run.send("orchestrator", "order_queued", "executors"))


def _initialize(run: Execution, caller: str) -> None:
    requests = [run.send(caller, "InitializeOrder", service) for service in SERVICES]
    for reply in [run.serve(request) for request in requests]:
        run.receive(caller, reply)


def _check(run: Execution, caller: str, status: str, *, retry: bool) -> dict[str, str]:
    billing = run.send(caller, "CheckBilling", SERVICES[0])
    fraud = run.serve(run.send(caller, "CheckFraud", SERVICES[1]))
    if retry:
        run.serve(billing)
    run.receive(caller, run.serve(billing))
    card = run.serve(run.send(caller, "CheckCard", SERVICES[0]))
    if status == "rejected":
        run.receive(caller, card)
        stopped = {"check_card": "rejected", "check_fraud": "cancelled", "get_suggestions": "skipped"}
        return dict.fromkeys(STEPS, "passed") | stopped
    run.receive(caller, fraud)
    run.receive(caller, card)
    run.receive(caller, run.serve(run.send(caller, "GetSuggestions", SERVICES[2])))
    return dict.fromkeys(STEPS, "passed")


def _clear(run: Execution, caller: str) -> None:
    """ClearOrder rounds by the rule of the system: a service clears if its clock <= the final one."""
    left = list(SERVICES)
    while left:
        final = run.clocks[caller]
        knows_more = [service for service in left if not run.clocks[service] <= final]
        requests = [run.send(caller, "ClearOrder", service) for service in left]
        answers = [run.serve(request, "error" if request.peer in knows_more else "reply") for request in requests]
        for answer in answers:
            run.receive(caller, answer)
        left = knows_more
    run.local(caller, "cleared")


def interleaved(*histories: Sequence[TraceEvent]) -> list[TraceEvent]:
    """Several orders at once: one event of each in turn, numbered anew as if the same processes had written them."""
    longest = max(map(len, histories))
    turns = [(index, history[i]) for i in range(longest) for index, history in enumerate(histories) if i < len(history)]
    numbers: dict[str, int] = defaultdict(int)
    new_ids: dict[tuple[int, str], str] = {}
    for index, event in turns:
        numbers[event.process] += 1
        new_ids[index, event.id] = f"{event.process}#{numbers[event.process]}"
    return [
        replace(event, id=new_ids[index, event.id], message_id=new_ids.get((index, event.message_id), ""))
        for index, event in turns
    ]


def random_execution(
    random: Random | int, processes: int | Sequence[str] = 4, events: int = 40, *, loss: float = 0.1, twice: float = 0.1
) -> list[TraceEvent]:
    """A random correct execution of exactly `events` events, in an order in which they could have happened.

    Args:
        random: A seed, or a source of random numbers: `hypothesis.strategies.randoms(use_true_random=False)` makes
            examples that shrink.
        processes: Their names, or how many (`p1`, `p2`, ...).
        events: How many events.
        loss: Share of the messages that are never received (besides those still on their way at the end).
        twice: Share of the receives that leave the message on its way, so that it may come again.
    """
    random = Random(random) if isinstance(random, int) else random
    names = [f"p{i}" for i in range(1, processes + 1)] if isinstance(processes, int) else list(processes)
    run = Execution()
    flying: list[TraceEvent] = []
    while len(run.events) < events:
        process = random.choice(names)
        arriving = [message for message in flying if message.peer == process]
        if arriving and random.random() < 0.6:
            message = random.choice(arriving)
            run.receive(process, message)
            if random.random() >= twice:
                flying.remove(message)
        elif len(names) > 1 and random.random() < 0.6:
            peer = random.choice([name for name in names if name != process])
            message = run.send(process, f"m{len(run.events)}", peer)
            if random.random() >= loss:
                flying.append(message)
        else:
            run.local(process, "work")
    return run.events


def election(
    fault: Literal["none", "kill", "pause", "flush", "stop"] = "kill",
    *,
    executors: int = 3,
    ttl: float = 4.0,
    margin: float = 0.5,
    start: float = EPOCH_START,
) -> list[TraceEvent]:
    """Process events of an election: executor-1 leads first, then something happens to it, then executor-2 leads.

    Args:
        fault: `none`: executor-1 leads on. `kill`: killed, the key runs out, executor-2 takes over, executor-1 comes
            back as `executor-1~1`. `pause`: frozen for longer than its lease; when it wakes it is demoted. `flush`: the
            lock is wiped, and executor-1 learns at its next renewal that executor-2 has it. `stop`: releases,
            executor-2 takes over at once.
        executors: How many stand for election, 2 or more.
        ttl: Life of the lock in seconds; renewed every `ttl / 4`.
        margin: Seconds before the end of the lock at which a leader stops believing in itself.
        start: Wall time of the first event.

    Returns:
        Events in the order of their wall times.
    """
    story = _Story(start, ttl, margin)
    names = [f"executor-{i}" for i in range(1, executors + 1)]
    for i, name in enumerate(names):
        story.write(name, "started", 0.1 * i)
    last = story.lead("executor-1", 1, 0.5, terms=8 if fault == "none" else 3)
    for i, name in enumerate(names[1:]):
        story.write(name, "waiting", 0.6 + 0.1 * i, detail={"holder": "executor-1", "remaining": ttl - 0.1})
    free = last + ttl + 0.1
    if fault == "kill":
        story.write("lab", "killed", last + 0.4, detail={"process": "executor-1"})
        story.write("lab", "started", free + 1.0, detail={"process": "executor-1"})
        story.write("executor-1~1", "started", free + 1.2)
        story.write("executor-1~1", "waiting", free + 1.3, detail={"holder": "executor-2", "remaining": ttl - 0.3})
    elif fault == "pause":
        story.write("lab", "paused", last + 0.4, detail={"process": "executor-1"})
        story.write("lab", "resumed", free + 2.0, detail={"process": "executor-1"})
        detail = {"reason": "the lease could not be renewed in time"}
        story.write("executor-1", "demoted", free + 2.2, epoch=1, detail=detail)
        story.write("executor-1", "waiting", free + 2.3, detail={"holder": "executor-2", "remaining": ttl / 2})
    elif fault == "flush":
        free = last + 0.2
        story.write("lab", "flushed", free)
        story.write("executor-1", "demoted", last + ttl / 4, epoch=1, detail={"reason": "the lock is held by another"})
    elif fault == "stop":
        free = last + 0.6
        story.write("executor-1", "demoted", free - 0.1, epoch=1, detail={"reason": "it was stopped"})
        story.write("executor-1", "released", free - 0.05, epoch=1)
        story.write("lab", "stopped", free, detail={"process": "executor-1"})
    if fault != "none":
        story.lead("executor-2", 2, free + 0.05, terms=5)
    return story.in_order()


class _Story:
    """Process events told in any order; `in_order` numbers them by their wall times."""

    def __init__(self, start: float, ttl: float, margin: float) -> None:
        self.start, self.ttl, self.margin = start, ttl, margin
        self._told: list[TraceEvent] = []

    def write(
        self, process: str, name: str, at: float, epoch: int | None = None, detail: Mapping[str, Any] | None = None
    ) -> None:
        wall = round(self.start + at, 3)
        self._told.append(TraceEvent("", process, "", "local", name, wall=wall, epoch=epoch, detail=detail or {}))

    def lead(self, process: str, epoch: int, at: float, terms: int) -> float:
        """Elected at `at`, then renewed `terms - 1` times; returns the time of the last one."""
        times = [at + i * self.ttl / 4 for i in range(terms)]
        for time in times:
            until = round(self.start + time + self.ttl, 3)
            detail = {"believes_until": round(until - self.margin, 3), "key_until": until}
            if time == at:
                self.write(process, "elected", time, epoch, detail)
            else:
                self.write(process, "renewed", time, epoch, {**detail, "began": round(self.start + time, 3)})
        return times[-1]

    def in_order(self) -> list[TraceEvent]:
        return list(_numbered(sorted(self._told, key=lambda event: event.wall)))


def _numbered(events: Iterable[TraceEvent]) -> Iterable[TraceEvent]:
    numbers: dict[str, int] = defaultdict(int)
    for event in events:
        numbers[event.process] += 1
        yield replace(event, id=f"{event.process}#{numbers[event.process]}")
