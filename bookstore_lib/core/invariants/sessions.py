"""What the services keep of an order while it is checked: nothing, once it is settled."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from bookstore_lib.core.causality import number_of
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.invariants.circumstances import ended, redis_lost_data
from bookstore_lib.core.invariants.outcomes import settlements
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

SESSIONS_CLEARED = "sessions cleared"
CLEAR_KNOWS = "a session is cleared only by who knows all its events"

_CLEAR = "ClearOrder"


def sessions_cleared(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """A service that began a session of a settled order has cleared it since.

    Sessions are kept in memory only: those of a process that ended are gone with it. Where the trace still runs, a
    session that is about to be cleared counts as kept. Not judged is a session that waits until it has been idle for
    too long, because nobody could clear it: the service did not answer, who had to clear it ended, or Redis lost the
    order by a fault.
    """
    settled = settlements(events)
    gone = ended(events)
    left_over = _left_over(events, settled, gone)
    unanswered = _unanswered(events)
    begun = _last(events, "receive", "InitializeOrder")
    cleared = _last(events, "local", "session cleared")
    for (order_id, service), event in sorted(begun.items()):
        end = cleared.get((order_id, service))
        late = end is not None and event.peer in gone
        excused = service in gone or late or order_id in left_over or (order_id, base_name(service)) in unanswered
        if order_id in settled and not excused and (end is None or number_of(end) < number_of(event)):
            sentence = f"Order {order_id} is settled, but {service} still keeps its session."
            yield Violation(SESSIONS_CLEARED, sentence, (event,))


def clear_knows(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """Who has a service clear a session knows all messages of that order that the service received or sent before.

    Else something of the order is still on its way, and would begin the session anew. Messages about clearing do not
    count, or two that clear at a time would refuse each other for ever. Only the first clearing is judged: with it the
    service forgets what it did. Where several asked, one that knew all suffices, since the trace does not tell whom
    the service listened to.
    """
    sends = {event.id: event for event in events if event.kind == "send"}
    for (order_id, service), own in _histories(events).items():
        cleared = next((event for event in own if event.name == "session cleared"), None)
        if cleared is None or cleared.detail.get("reason") == "idle":
            continue
        before = own[: own.index(cleared)]
        asked = [i for i, event in enumerate(before) if event.kind == "receive" and event.name == _CLEAR]
        missed = [event for i in asked if (event := _unknown_to(sends.get(before[i].message_id), before[:i]))]
        if asked and len(missed) == len(asked):
            last, request = missed[-1], before[asked[-1]]
            who = f"{request.peer}, which did not know of its event {last.id} ({last.name})"
            sentence = f"{service} cleared its session of order {order_id} for {who}."
            yield Violation(CLEAR_KNOWS, sentence, (last, request, cleared))


def _unknown_to(request: TraceEvent | None, before: Sequence[TraceEvent]) -> TraceEvent | None:
    """The service's last message before a request to clear, where whoever sent that did not know of it."""
    messages = (event for event in reversed(before) if event.kind != "local" and not event.name.startswith(_CLEAR))
    last = next(messages, None)
    return last if last and request and not last.clock <= request.clock else None


def _histories(events: Sequence[TraceEvent]) -> dict[tuple[str, str], list[TraceEvent]]:
    """The events of each order in each process that cleared a session of it, in their order."""
    found: dict[tuple[str, str], list[TraceEvent]] = {
        (event.order_id, event.process): [] for event in events if event.name == "session cleared"
    }
    for event in sorted((e for e in events if (e.order_id, e.process) in found), key=number_of):
        found[event.order_id, event.process].append(event)
    return found


def _left_over(
    events: Sequence[TraceEvent], settled: Mapping[str, Sequence[TraceEvent]], gone: Collection[str]
) -> set[str]:
    """The settled orders whose clearing nobody is left to do.

    Redis forgot them before anybody was done, or who settled them itself, without the queue, has ended.
    """
    lost = redis_lost_data(events)
    done = {event.order_id for event in events if event.name == "acknowledged"}
    return {
        order_id
        for order_id, found in settled.items()
        if (lost and order_id not in done) or all(event.epoch is None and event.process in gone for event in found)
    }


def _unanswered(events: Sequence[TraceEvent]) -> set[tuple[str, str]]:
    """The orders and services of which some request to clear got no answer."""
    missing = Counter[tuple[str, str, str]]()
    for event in events:
        if event.kind == "send" and event.name == _CLEAR:
            missing[event.order_id, base_name(event.peer), event.process] += 1
        elif event.kind == "receive" and event.name.startswith(f"{_CLEAR} "):
            missing[event.order_id, base_name(event.peer), event.process] -= 1
    return {(order_id, service) for (order_id, service, _), count in missing.items() if count > 0}


def _last(events: Sequence[TraceEvent], kind: str, name: str) -> dict[tuple[str, str], TraceEvent]:
    """The last such event of each order in each process."""
    found = [event for event in events if event.kind == kind and event.name == name]
    return {(event.order_id, event.process): event for event in sorted(found, key=number_of)}
