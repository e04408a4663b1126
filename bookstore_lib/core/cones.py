"""What an event can have been influenced by and can have influenced, and cuts through an execution.

All of it comes from the processes and messages alone, so it is right even where the vector clocks are not. Cones are
those of L. Lamport (1978), consistent cuts those of K. M. Chandy and L. Lamport, "Distributed Snapshots: Determining
Global States of Distributed Systems" (1985).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bookstore_lib.core.causality import causes, number_of
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent


class Cone(NamedTuple):
    """The ids of all that happened before an event and of all that happened after it; the rest is concurrent."""

    past: frozenset[str]
    future: frozenset[str]


class Cut(NamedTuple):
    """A cut: a first part of each process.

    Attributes:
        inside: The ids of the events in it.
        breaking: The receives inside whose send is outside; a cut without such a message is consistent.
    """

    inside: frozenset[str]
    breaking: tuple[TraceEvent, ...]

    @property
    def consistent(self) -> bool:
        """Whether the processes can have been like this at one moment."""
        return not self.breaking


def cone_of(events: Iterable[TraceEvent], event_id: str) -> Cone:
    """The causal past and future of an event, without itself.

    Raises:
        HistoryError: There is no such event, or an id has no number.
    """
    before = causes(events)
    if event_id not in before:
        raise HistoryError(f"There is no event {event_id!r} in this diagram; ids look like 'executor-1#7'.")
    after: dict[str, set[str]] = {known: set() for known in before}
    for effect, ids in before.items():
        for cause in ids:
            after[cause].add(effect)
    return Cone(_reached(before, event_id), _reached(after, event_id))


def cut_at(events: Iterable[TraceEvent], frontier: Iterable[str]) -> Cut:
    """The cut behind some events.

    Args:
        events: The execution.
        frontier: The ids of the last events inside, one or none of each process. A process without one is outside.

    Raises:
        HistoryError: There is no such event, two are of one process, or an id has no number.
    """
    events = list(events)
    by_id = {event.id: event for event in events}
    last: dict[str, int] = {}
    for event_id in frontier:
        if event_id not in by_id:
            raise HistoryError(f"There is no event {event_id!r} to cut behind; ids look like 'executor-1#7'.")
        process = by_id[event_id].process
        if process in last:
            raise HistoryError(f"The cut names two events of {process}; name the last one inside.")
        last[process] = number_of(by_id[event_id])
    inside = frozenset(event.id for event in events if number_of(event) <= last.get(event.process, -1))
    sends = {event.message_id: event.id for event in events if event.kind == "send"}
    return Cut(
        inside,
        tuple(
            event
            for event in events
            if event.kind == "receive" and event.id in inside and sends.get(event.message_id, event.id) not in inside
        ),
    )


def _reached(steps: Mapping[str, set[str]], start: str) -> frozenset[str]:
    found: set[str] = set()
    to_visit = [*steps[start]]
    while to_visit:
        event_id = to_visit.pop()
        if event_id not in found:
            found.add(event_id)
            to_visit.extend(steps[event_id])
    return frozenset(found)
