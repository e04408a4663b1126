"""Whether the vector clocks of an execution are right, and an order of its events that respects causality.

The rules are those of F. Mattern, "Virtual Time and Global States of Distributed Systems" (1988): each event adds one
to its own process's entry; a receive first takes the larger of each entry of its own clock and the message's. The
total order is that of L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (1978). It is
computed from the processes and messages alone, so it is right even where the clocks are not.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.core.verdict import Violation

CLOCKS_CORRECT = "clocks correct"
_EMPTY = VectorClock()
_LONGEST_NUMBER = 18


def number_of(event: TraceEvent) -> int:
    """The number in an event's id: its place among the events of its process.

    Raises:
        HistoryError: The id is not `<process>#<number>`.
    """
    number = event.id.rpartition("#")[2]
    if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
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
        What is wrong, by order, process and number; linear in the number of events that come in the order in which
        their processes wrote them.

    Raises:
        HistoryError: An event's id has no number.
    """
    hosts: dict[tuple[str, str], list[TraceEvent]] = defaultdict(list)
    sends: dict[str, TraceEvent] = {}
    for event in events:
        if event.order_id:
            hosts[event.order_id, event.process].append(event)
            if event.kind == "send":
                sends[event.id] = event
    several = len({order_id for order_id, _ in hosts}) > 1
    found: list[Violation] = []
    for host in sorted(hosts):
        known = _EMPTY
        for event in sorted(hosts[host], key=number_of):
            found.extend(_mistakes(event, known, sends, several=several))
            known = event.clock
    return found


def _mistakes(
    event: TraceEvent, known: VectorClock, sends: Mapping[str, TraceEvent], *, several: bool
) -> Iterable[Violation]:
    expected = known.tick(event.process)
    if event.kind == "receive":
        send = sends.get(event.message_id)
        if send is None or send.order_id != event.order_id:
            return _received_without_send(event, known, several=several)
        expected = known.receive(send.clock, event.process)
    return () if event.clock == expected else (_wrong_clock(event, known, expected, several=several),)


def _received_without_send(event: TraceEvent, known: VectorClock, *, several: bool) -> Iterator[Violation]:
    where = _where(event, known, several=several)
    sentence = f"{event.process}: {where} receives {event.name}, but it has no send ({event.message_id!r})."
    yield Violation(CLOCKS_CORRECT, sentence, (event,))
    # What the message carried is not known: believe the receiver about all but itself.
    told = VectorClock({host: count for host, count in event.clock.items() if host != event.process})
    expected = known.receive(told, event.process)
    if event.clock != expected:
        yield _wrong_clock(event, known, expected, several=several)


def _wrong_clock(event: TraceEvent, known: VectorClock, expected: VectorClock, *, several: bool) -> Violation:
    clocks = f"the clock should be {expected} but is {event.clock}"
    sentence = f"{event.process}: at {_where(event, known, several=several)} {clocks}: {_why(event, known, expected)}."
    return Violation(CLOCKS_CORRECT, sentence, (event,))


def _where(event: TraceEvent, known: VectorClock, *, several: bool) -> str:
    return f"event {known[event.process] + 1}" + (f" of order {event.order_id}" if several else "")


def _why(event: TraceEvent, known: VectorClock, expected: VectorClock) -> str:
    clock, process = event.clock, event.process
    if not known and clock[process] != 1 and "~" in process:
        return "a restarted process is a host of its own, which counts from 1"
    if not clock[process]:
        return "it has no entry of its own process"
    if clock[process] != expected[process]:
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
    lines = _lines(events)
    times = _times(lines)
    levels: list[list[TraceEvent]] = [[] for _ in range(max(times.values(), default=0))]
    # A process has at most one event at each time, so there is nothing left to sort.
    for process in sorted(lines):
        for event in lines[process]:
            levels[times[event.id] - 1].append(event)
    return list(chain.from_iterable(levels))


def lamport_times(events: Iterable[TraceEvent]) -> dict[str, int]:
    """The length of the longest chain of causes that ends in each event, by its id: 1, 2, 3, ... along a process.

    Raises:
        HistoryError: The events cannot be those of one run: an id comes twice, a message arrives before it is sent,
            or an id has no number.
    """
    return _times(_lines(events))


def causes(events: Iterable[TraceEvent]) -> dict[str, set[str]]:
    """The ids of the events just before each event, by its id: the one before in its process, and its send.

    Happens-before is the transitive closure of this. A receive whose send is not among the events has only the event
    before it.

    Raises:
        HistoryError: An id comes twice, or has no number.
    """
    lines = _lines(events)
    sends = _sends(lines)
    before: dict[str, set[str]] = {}
    for line in lines.values():
        last: set[str] = set()
        for event in line:
            received = event.kind == "receive" and event.message_id in sends
            before[event.id] = {*last, event.message_id} if received else last
            last = {event.id}
    return before


def _lines(events: Iterable[TraceEvent]) -> dict[str, list[TraceEvent]]:
    """The events of each process, by their numbers."""
    lines: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in events:
        lines[event.process].append(event)
    ids: set[str] = set()
    for line in lines.values():
        line.sort(key=number_of)
        for event in line:
            if event.id in ids:
                raise HistoryError(
                    f"The event {event.id} is there twice; give the traces of one run only, each file once."
                )
            ids.add(event.id)
    return lines


def _sends(lines: Mapping[str, Sequence[TraceEvent]]) -> dict[str, TraceEvent]:
    return {event.id: event for line in lines.values() for event in line if event.kind == "send"}


def _times(lines: Mapping[str, Sequence[TraceEvent]]) -> dict[str, int]:
    """The Lamport times, in one walk along each process that stops where a receive has to wait for its send."""
    sends = _sends(lines)
    times: dict[str, int] = {}
    waiting: dict[str, list[Iterator[TraceEvent]]] = {}
    ready = [_walk(line, sends, times, waiting) for line in lines.values()]
    while ready:
        walk = ready.pop()
        for event in walk:
            if event.kind == "receive":
                waiting.setdefault(event.message_id, []).append(walk)
                break
            ready += waiting.pop(event.id)
    if waiting:
        raise HistoryError(_circle(lines, sends, times))
    return times


def _walk(
    line: Iterable[TraceEvent], sends: Container[str], times: dict[str, int], waiting: Container[str]
) -> Iterator[TraceEvent]:
    """Give each event of a process its time; yields each receive that has to wait, and each send waited for."""
    time = 0
    for event in line:
        if event.kind == "receive" and event.message_id in sends:
            if event.message_id not in times:
                yield event
            time = max(time, times[event.message_id])
        time += 1
        times[event.id] = time
        if event.kind == "send" and event.id in waiting:
            yield event


def _circle(lines: Mapping[str, Sequence[TraceEvent]], sends: Mapping[str, TraceEvent], times: Container[str]) -> str:
    """What to say of receives that wait for each other's sends."""
    stopped = {name: event for name, line in lines.items() for event in reversed(line) if event.id not in times}
    process = min(stopped)
    passed: list[str] = []
    while process not in passed:
        passed.append(process)
        process = sends[stopped[process].message_id].process
    receives = [stopped[each] for each in passed[passed.index(process) :]]
    ids = sorted({event_id for event in receives for event_id in (event.id, event.message_id)})
    return f"These events cannot have happened: each has to come before the others: {', '.join(ids)}."
