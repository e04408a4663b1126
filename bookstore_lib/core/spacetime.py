"""Where the events of an execution stand in a space-time diagram: a lane for each process, happens-before runs onwards.

The columns come from L. Lamport's happens-before ("Time, Clocks, and the Ordering of Events in a Distributed System",
1978): the order in each process, and each send before its receives. The vector clocks are shown, never believed, so a
wrong clock is drawn where the event really was. A logical column is not a time: two events in one column are
concurrent, but of two concurrent events either may stand further on.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bookstore_lib.core.causality import causes
from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.faults import add_lanes, lanes_of, sort_out
from bookstore_lib.core.hosts import base_name, incarnation
from bookstore_lib.core.space_columns import Axis, logical_columns, wall_columns
from bookstore_lib.core.trace_event import TraceEvent

_SERVICES = {step.service for step in STEPS.values()}


class Arrow(NamedTuple):
    """A message that arrived; `again` when the same message had arrived before."""

    send: TraceEvent
    receive: TraceEvent
    again: bool


class Stretch(NamedTuple):
    """A part of the diagram that is left out.

    Attributes:
        column: The one column that stands for it.
        events: What happened there, in the order of the diagram.
    """

    column: float
    events: tuple[TraceEvent, ...]


class Spacetime(NamedTuple):
    """The layout of an execution.

    Attributes:
        events: Every event that is drawn, in an order that respects happens-before. What was done to a process (killed,
            paused, ...) is among them, as an event of that process.
        processes: The hosts: orchestrator, executors, services, others, each kind in the order of first use; a
            restarted process right after its former incarnation.
        lanes: The lane of each host, from 0; the incarnations of a process share one.
        columns: Column of each event by its id, from 0. Happens-before means a smaller column, by 1 or more. An event
            that is left out has the column of its stretch.
        arrows: The messages that arrived.
        lost: Sends that nobody received.
        orphans: Receives of a message that nobody sent.
        stretches: What is left out.
    """

    events: tuple[TraceEvent, ...]
    processes: tuple[str, ...]
    lanes: Mapping[str, int]
    columns: Mapping[str, float]
    arrows: tuple[Arrow, ...]
    lost: tuple[TraceEvent, ...]
    orphans: tuple[TraceEvent, ...]
    stretches: tuple[Stretch, ...] = ()


def lay_out(events: Iterable[TraceEvent], *, axis: Axis = "logical") -> Spacetime:
    """Give every event its lane and its column.

    Args:
        events: Those of one run, in any order. Faults that the lab noted (`killed`, `paused`, ...) become events of the
            process they were done to, if it has other events.
        axis: `logical`: the first column that happens-before allows. `wall`: in the order of the wall times as well;
            where the clocks of two machines contradict happens-before, the effect is moved behind its cause.

    Raises:
        HistoryError: There are no events, two have the same id, an id has no number, or a message is received before
            it is sent.
    """
    own, faults = sort_out(events)
    if not own:
        raise HistoryError("There are no events to draw; place an order first.")
    lives = lanes_of(own, faults)
    before = add_lanes(causes(own), lives.values())
    walls = {event.id: event.wall for event in (*own, *faults)}
    depths = logical_columns(before)
    columns = depths if axis == "logical" else wall_columns(before, depths, walls)
    processes = _processes(sorted(own, key=lambda event: (depths[event.id], event.process)))
    names = list(dict.fromkeys(map(base_name, processes)))
    lanes = {process: names.index(base_name(process)) for process in processes}
    ordered = tuple(sorted((*own, *faults), key=lambda event: (columns[event.id], lanes[event.process])))
    sends = {event.message_id: event for event in ordered if event.kind == "send"}
    received = {event.message_id for event in ordered if event.kind == "receive"}
    return Spacetime(
        ordered,
        processes,
        lanes,
        columns,
        tuple(_arrows(ordered, sends)),
        tuple(event for message_id, event in sends.items() if message_id not in received),
        tuple(event for event in ordered if event.kind == "receive" and event.message_id not in sends),
    )


def _processes(ordered: Iterable[TraceEvent]) -> tuple[str, ...]:
    first: dict[str, int] = {}
    for place, event in enumerate(ordered):
        first.setdefault(event.process, place)
    kin = {name: min(place for other, place in first.items() if base_name(other) == base_name(name)) for name in first}
    return tuple(sorted(first, key=lambda name: (_kind(name), kin[name], incarnation(name), name)))


def _kind(process: str) -> int:
    base = base_name(process)
    if base == "orchestrator":
        return 0
    if base.startswith("executor"):
        return 1
    return 2 if base in _SERVICES else 3


def _arrows(ordered: Iterable[TraceEvent], sends: Mapping[str, TraceEvent]) -> Iterable[Arrow]:
    """Every receive with its send; which of two receives came first is a matter for people, so their walls say it."""
    seen: set[str] = set()
    receives = (event for event in ordered if event.kind == "receive" and event.message_id in sends)
    for event in sorted(receives, key=lambda event: event.wall):
        yield Arrow(sends[event.message_id], event, event.message_id in seen)
        seen.add(event.message_id)
