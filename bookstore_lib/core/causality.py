"""Whether the vector clocks of an execution are right, and an order of its events that respects causality.

The rules are those of F. Mattern, "Virtual Time and Global States of Distributed Systems" (1988): each event adds one
to its own process's entry; a receive first takes the larger of each entry of its own clock and the message's. The
total order is that of L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (1978). It is
computed from the processes and messages alone, so it is right even where the clocks are not.
"""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.core.verdict import Violation

CLOCKS_CORRECT = "clocks correct"


def number_of(event: TraceEvent) -> int:
    """The number in an event's id: its place among the events of its process.

    Raises:
        HistoryError: The id is not `<process>#<number>`.
    """
    number = event.id.rpartition("#")[2]
    if not number.isdecimal():
        raise HistoryError(f"The event id {event.id!r} has no number; ids have to look like 'executor-1#7'.")
    return int(number)


def check_clocks(events: Iterable[TraceEvent]) -> list[Violation]:
    """Check the clock of each event against the event before it in its process and, for a receive, its send.

    Each event is judged by the clocks that were recorded before it, so one mistake is reported once and not again at
    all that follows from it. A send that nobody receives is a lost message, two receives of one send a duplicate: both
    are legal. Events without an order carry no clock and are not looked at.

    Args:
        events: Events of any number of orders, in any order.

    Returns:
        What is wrong, by order, process and number; near-linear in the number of events.

    Raises:
        HistoryError: An event's id has no number.
    """
    ordered = [event for event in events if event.order_id]
    ordered.sort(key=lambda event: (event.order_id, event.process, number_of(event)))
    sends = {event.id: event for event in ordered if event.kind == "send"}
    known: dict[tuple[str, str], VectorClock] = {}
    found: list[Violation] = []
    for event in ordered:
        host = event.order_id, event.process
        found.extend(_mistakes(event, known.get(host, VectorClock()), sends))
        known[host] = event.clock
    return found


def _mistakes(event: TraceEvent, known: VectorClock, sends: Mapping[str, TraceEvent]) -> Iterator[Violation]:
    expected = known.tick(event.process)
    where = f"event {expected[event.process]} of order {event.order_id}"
    if event.kind == "receive":
        send = sends.get(event.message_id)
        if send is None or send.order_id != event.order_id:
            sentence = f"{event.process}: {where} receives {event.name}, but it has no send ({event.message_id!r})."
            yield Violation(CLOCKS_CORRECT, sentence, (event,))
            # What the message carried is not known: believe the receiver about all but itself.
            expected = expected.merge({host: count for host, count in event.clock.items() if host != event.process})
        else:
            expected = known.receive(send.clock, event.process)
    if event.clock != expected:
        why = _reason(event, known, expected)
        sentence = f"{event.process}: at {where} the clock should be {expected} but is {event.clock}: {why}."
        yield Violation(CLOCKS_CORRECT, sentence, (event,))


def _reason(event: TraceEvent, known: VectorClock, expected: VectorClock) -> str:
    clock = event.clock
    if clock[event.process] != expected[event.process]:
        return "an event adds exactly one to its own process's entry"
    ahead = [host for host in sorted(clock) if clock[host] > expected[host]]
    if ahead:
        return f"nobody can have told it of event {clock[ahead[0]]} of {ahead[0]}"
    forgotten = [host for host in sorted(known) if clock[host] < known[host]]
    if forgotten:
        return f"it knew of event {known[forgotten[0]]} of {forgotten[0]} before"
    return "the sender's clock was not merged"


def causal_order(events: Iterable[TraceEvent]) -> list[TraceEvent]:
    """The events sorted by Lamport time, then process: a cause always comes before its effects.

    Raises:
        HistoryError: As `lamport_times`.
    """
    events = list(events)
    times = lamport_times(events)
    return sorted(events, key=lambda event: (times[event.id], event.process))


def lamport_times(events: Iterable[TraceEvent]) -> dict[str, int]:
    """The length of the longest chain of causes that ends in each event, by its id: 1, 2, 3, ... along a process.

    Raises:
        HistoryError: The events cannot be those of one run: an id comes twice, a message arrives before it is sent,
            or an id has no number.
    """
    before = causes(events)
    times: dict[str, int] = {}
    try:
        for event_id in TopologicalSorter(before).static_order():
            times[event_id] = 1 + max((times[cause] for cause in before[event_id]), default=0)
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise HistoryError(
            f"These events cannot have happened: each has to come before the others: {circle}."
        ) from error
    return times


def causes(events: Iterable[TraceEvent]) -> dict[str, set[str]]:
    """The ids of the events just before each event, by its id: the one before in its process, and its send.

    Happens-before is the transitive closure of this.

    Raises:
        HistoryError: An id comes twice, or has no number.
    """
    ordered = sorted(events, key=lambda event: (event.process, number_of(event)))
    before: dict[str, set[str]] = {}
    sends = {event.id for event in ordered if event.kind == "send"}
    for earlier, event in zip([None, *ordered], ordered, strict=False):
        if event.id in before:
            raise HistoryError(f"The event {event.id} is there twice; give the traces of one run only, each file once.")
        before[event.id] = {event.message_id} if event.kind == "receive" and event.message_id in sends else set()
        if earlier is not None and earlier.process == event.process:
            before[event.id].add(earlier.id)
    return before
