"""The queue of orders: it loses none, and hands out none twice."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bookstore_lib.core.causality import number_of
from bookstore_lib.core.invariants.circumstances import leaders_missed_replies, of_processes, redis_lost_data
from bookstore_lib.core.invariants.outcomes import drive_of, settlements
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

QUEUE_KEEPS = "an order stays in the queue until it is done"
QUEUED_ONCE = "no order is queued twice"


def kept_until_done(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """Nobody acknowledges an order before it is settled, and an order that was taken is in a list until then.

    Where Redis lost data by a fault, an order may be in no list: then only the first half is judged.
    """
    yield from _acknowledged_first(events)
    if not redis_lost_data(events):
        yield from _in_no_list(events)


def queued_once(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """In one term a process takes an order once, and once more each time that it is put into the queue again.

    Sweeps, take-overs and redrives put it there again. Not judged where Redis lost data by a fault, nor where a
    take-over may be missing from the trace: with several leaders, one of whom may have lost a reply of Redis.
    """
    several = len({event.process for event in of_processes(events, "elected")}) > 1
    if redis_lost_data(events) or (several and leaders_missed_replies(events)):
        return
    again = of_processes(events, "swept", "took over")
    queued = Counter(order_id for event in again for order_id in _orders(event))
    for order_id, settled in settlements(events).items():
        queued[order_id] += max(map(drive_of, settled))
    for (process, order_id), takes in _takes(events, "took").items():
        for epoch, times in Counter(take.epoch for take in takes).items():
            if times > 1 + queued[order_id]:
                sentence = f"{process} took order {order_id} {_times(times)} in epoch {epoch}, "
                sentence += f"but it was put into the queue {_times(1 + queued[order_id])}."
                shown = [take for take in takes if take.epoch == epoch]
                shown += [event for event in again if order_id in _orders(event)]
                yield Violation(QUEUED_ONCE, sentence, tuple(shown))


def _acknowledged_first(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """Who acknowledged an order and settled it only then, though it had taken it no second time.

    An order that a process took twice may be in work there twice, and one of the two may note late that it settled it.
    Nor is a redriven order judged: it was acknowledged in the drive before.
    """
    takes = _takes(events, "took", "found")
    acknowledged = _first(event for event in events if event.name == "acknowledged")
    settled = (event for found in settlements(events).values() for event in found if drive_of(event) == 0)
    for (process, order_id), event in _first(settled).items():
        done = acknowledged.get((process, order_id))
        if done is None or number_of(done) > number_of(event):
            continue
        taken = [take for take in takes[process, order_id] if number_of(take) < number_of(event)]
        if len(taken) <= 1:
            why = "had it died in between, the order would have been lost"
            sentence = f"{process} acknowledged order {order_id} before it settled it: {why}."
            yield Violation(QUEUE_KEEPS, sentence, (*taken, done, event))


def _in_no_list(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """Orders that somebody had taken before a sweep began, and that no list held though nobody had acknowledged them.

    The walls of different processes are compared here: those of one run share a machine.
    """
    takes: dict[str, list[TraceEvent]] = defaultdict(list)
    for (_, order_id), taken in _takes(events, "took").items():
        takes[order_id] += taken
    done: dict[str, float] = {}
    for event in events:
        if event.name == "acknowledged":
            done[event.order_id] = min(event.wall, done.get(event.order_id, event.wall))
    seen: set[str] = set()
    for swept in _sweeps_of_last_leaders(events):
        for order_id in _orders(swept):
            taken = [take for take in takes[order_id] if take.wall < swept.detail.get("began", 0.0)]
            if not taken or order_id in seen or done.get(order_id, float("inf")) <= swept.wall:
                continue
            seen.add(order_id)
            last = max(taken, key=lambda take: take.wall)
            who = f"{last.process} had taken it and nobody had acknowledged it"
            sentence = f"Order {order_id} was in no list of the queue when {swept.process} looked, though {who}."
            yield Violation(QUEUE_KEEPS, sentence, (last, swept))


def _sweeps_of_last_leaders(events: Sequence[TraceEvent]) -> list[TraceEvent]:
    """The sweeps by wall, without those of leaders that had a successor: it may use a list that they do not know."""
    elected = [(event.epoch or 0, event.wall) for event in of_processes(events, "elected")]
    sweeps = of_processes(events, "swept")
    last = [
        swept
        for swept in sweeps
        if not any(epoch > (swept.epoch or 0) and wall <= swept.wall for epoch, wall in elected)
    ]
    return sorted(last, key=lambda event: event.wall)


def _takes(events: Sequence[TraceEvent], *names: str) -> dict[tuple[str, str], list[TraceEvent]]:
    """The events of these names by process and order."""
    found: dict[tuple[str, str], list[TraceEvent]] = defaultdict(list)
    for event in of_processes(events, *names):
        for order_id in _orders(event):
            found[event.process, order_id].append(event)
    return found


def _orders(event: TraceEvent) -> list[str]:
    """The orders that an event of the queue is about."""
    return [*event.detail.get("orders", ()), *([event.detail["order"]] if "order" in event.detail else [])]


def _first(events: Iterable[TraceEvent]) -> dict[tuple[str, str], TraceEvent]:
    """The first of the events of each process and order."""
    return {(event.process, event.order_id): event for event in sorted(events, key=number_of, reverse=True)}


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
