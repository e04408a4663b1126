"""Where the events of an execution stand in a space-time diagram: processes are rows, happens-before runs rightwards.

The columns come from L. Lamport's happens-before ("Time, Clocks, and the Ordering of Events in a Distributed System",
1978): the order in each process, and each send before its receives. The vector clocks are shown, never believed, so a
wrong clock is drawn where the event really was. A column is not a time: two events in one column are concurrent, but
of two concurrent events either may stand further left.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bookstore_lib.core.causality import lamport_times
from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent

_SERVICES = {step.service for step in STEPS.values()}


class Arrow(NamedTuple):
    """A message that arrived; `again` when the same message had arrived before."""

    send: TraceEvent
    receive: TraceEvent
    again: bool


class Spacetime(NamedTuple):
    """The layout of an execution.

    Attributes:
        events: Every event, from left to right.
        processes: The rows from top to bottom: orchestrator, executors, services, others, each kind in the order of
            first use; a restarted process stands below its former incarnation.
        columns: Column of each event by its id: 0, 1, 2, ... without gaps. Happens-before means a smaller column.
        arrows: The messages that arrived.
        lost: Sends that nobody received.
        orphans: Receives of a message that nobody sent.
    """

    events: tuple[TraceEvent, ...]
    processes: tuple[str, ...]
    columns: Mapping[str, int]
    arrows: tuple[Arrow, ...]
    lost: tuple[TraceEvent, ...]
    orphans: tuple[TraceEvent, ...]


def lay_out(events: Iterable[TraceEvent]) -> Spacetime:
    """Give every event its row and the leftmost column that happens-before allows.

    Args:
        events: Those of one run, in any order.

    Raises:
        HistoryError: There are no events, two have the same id, an id has no number, or a message is received before
            it is sent.
    """
    events = tuple(events)
    if not events:
        raise HistoryError("There are no events to draw; place an order first.")
    columns = {event_id: time - 1 for event_id, time in lamport_times(events).items()}
    by_column = tuple(sorted(events, key=lambda event: (columns[event.id], event.process)))
    sends = {event.message_id: event for event in by_column if event.kind == "send"}
    return Spacetime(
        by_column,
        _rows(by_column),
        columns,
        tuple(_arrows(by_column, sends)),
        tuple(_lost(by_column, sends)),
        tuple(event for event in by_column if event.kind == "receive" and event.message_id not in sends),
    )


def base_name(process: str) -> str:
    """The process without its incarnation: `executor-2` for `executor-2~1`."""
    return process.partition("~")[0]


def _rows(by_column: Iterable[TraceEvent]) -> tuple[str, ...]:
    first: dict[str, int] = {}
    for place, event in enumerate(by_column):
        first.setdefault(event.process, place)
    kin = {name: min(place for other, place in first.items() if base_name(other) == base_name(name)) for name in first}
    return tuple(sorted(first, key=lambda name: (_kind(name), kin[name], _incarnation(name), name)))


def _kind(process: str) -> int:
    base = base_name(process)
    if base == "orchestrator":
        return 0
    if base.startswith("executor"):
        return 1
    return 2 if base in _SERVICES else 3


def _incarnation(process: str) -> int:
    number = process.partition("~")[2]
    return int(number) if number.isdecimal() else 0


def _arrows(by_column: Iterable[TraceEvent], sends: Mapping[str, TraceEvent]) -> Iterable[Arrow]:
    """Every receive with its send; which of two receives came first is a matter for people, so their walls say it."""
    seen: set[str] = set()
    receives = (event for event in by_column if event.kind == "receive" and event.message_id in sends)
    for event in sorted(receives, key=lambda event: event.wall):
        yield Arrow(sends[event.message_id], event, event.message_id in seen)
        seen.add(event.message_id)


def _lost(by_column: Iterable[TraceEvent], sends: Mapping[str, TraceEvent]) -> Iterable[TraceEvent]:
    received = {event.message_id for event in by_column if event.kind == "receive"}
    return (event for message_id, event in sends.items() if message_id not in received)
