"""Which events can have influenced which: causal past and future, consistent cuts, the critical path.

Happens-before is that of L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (1978): the
order in each process, each send before its receives, and what follows from the two. Clocks are not asked, so a wrong
one deceives nobody. Cuts are those of F. Mattern, "Virtual Time and Global States of Distributed Systems" (1988).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bookstore_lib.core.causality import causes, number_of
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent

Named = str | TraceEvent  # an event, or its id


class Message(NamedTuple):
    """A message that arrived."""

    send: TraceEvent
    receive: TraceEvent


class Hop(NamedTuple):
    """An event of a critical path, and the seconds since the one before it there (0 for the first)."""

    event: TraceEvent
    seconds: float


class HappensBefore:
    """The happens-before relation of the events of one execution.

    A receive whose send is not among the events counts as one that no message caused. A cut is named by the last event
    of each process in it; of a process without one, nothing is in the cut.

    Args:
        events: In causal order, as `causality.causal_order` gives them.
    """

    def __init__(self, events: Sequence[TraceEvent]) -> None:
        self._events = events
        self._by_id = {event.id: event for event in events}
        self._causes = causes(events)

    def event(self, event: Named) -> TraceEvent:
        """The event with this id.

        Raises:
            HistoryError: There is none.
        """
        event_id = event.id if isinstance(event, TraceEvent) else event
        if not isinstance(event_id, str) or event_id not in self._by_id:
            raise HistoryError(f"There is no event {event_id!r} in this history; ids look like 'executor-1#7'.")
        return self._by_id[event_id]

    def cut(self, ends: Iterable[Named]) -> list[TraceEvent]:
        """The cut behind some events, of each process one or none.

        Raises:
            HistoryError: There is no such event, or two are of one process.
        """
        if isinstance(ends, str | TraceEvent) or not isinstance(ends, Iterable):
            raise HistoryError(f"A cut is a list with the last event of each process, not {ends!r}.")
        events = [self.event(end) for end in ends]
        twice = [process for process, count in Counter(event.process for event in events).items() if count > 1]
        if twice:
            raise HistoryError(f"A cut has one last event of each process; this one has more of {twice[0]}.")
        return events

    def holds(self, a: TraceEvent, b: TraceEvent) -> bool:
        """Whether `a` happened before `b`, and so can have influenced it."""
        return a.id in self._ids_before(b)

    def past(self, event: TraceEvent) -> tuple[TraceEvent, ...]:
        """All that happened before an event, in causal order; without itself."""
        before = self._ids_before(event)
        return tuple(each for each in self._events if each.id in before)

    def future(self, event: TraceEvent) -> tuple[TraceEvent, ...]:
        """All that an event happened before, in causal order; without itself."""
        reached = {event.id}
        for each in self._events:
            if any(cause in reached for cause in self._causes[each.id]):
                reached.add(each.id)
        return tuple(each for each in self._events if each.id in reached and each.id != event.id)

    def inside(self, cut: Iterable[TraceEvent]) -> set[str]:
        """The ids of all events in a cut."""
        last = {event.process: number_of(event) for event in cut}
        return {event.id for event in self._events if number_of(event) <= last.get(event.process, -1)}

    def breaking(self, cut: Iterable[TraceEvent]) -> tuple[Message, ...]:
        """The messages that are received inside a cut and sent outside: it is consistent exactly when there are none.

        In the words of Chandy and Lamport: an effect was seen without its cause.
        """
        inside = self.inside(cut)
        arrived = ((self._sent(event), event) for event in self._events if event.id in inside)
        return tuple(Message(send, receive) for send, receive in arrived if send and send.id not in inside)

    def largest_consistent(self, cut: Iterable[TraceEvent]) -> tuple[TraceEvent, ...]:
        """The largest consistent cut inside a cut: each event of it that has all its causes in there, too.

        Returns:
            The last event of each process, by the names of the processes.
        """
        inside, kept = self.inside(cut), set[str]()
        last: dict[str, TraceEvent] = {}
        for event in self._events:
            if event.id in inside and all(cause in kept for cause in self._causes[event.id]):
                kept.add(event.id)
                last[event.process] = event
        return tuple(last[process] for process in sorted(last))

    def critical_path(self, end: TraceEvent) -> tuple[Hop, ...]:
        """The chain of events that `end` had to wait for, from its beginning to `end`.

        Walked from the end: a receive waited for its message, because the processes take in messages in threads of
        their own; any other event waited for the one before it in its process.
        """
        path = [end]
        while awaited := self._awaited(path[-1]):
            path.append(awaited)
        path.reverse()
        return tuple(Hop(event, event.wall - last.wall) for last, event in zip([path[0], *path], path, strict=False))

    def _awaited(self, event: TraceEvent) -> TraceEvent | None:
        return self._sent(event) or next((self._by_id[cause] for cause in self._causes[event.id]), None)

    def _ids_before(self, event: TraceEvent) -> set[str]:
        found: set[str] = set()
        left = list(self._causes[event.id])
        while left:
            event_id = left.pop()
            if event_id not in found:
                found.add(event_id)
                left.extend(self._causes[event_id])
        return found

    def _sent(self, event: TraceEvent) -> TraceEvent | None:
        """The send of a receive, if it is known."""
        if event.kind == "receive" and event.message_id in self._causes[event.id]:
            return self._by_id[event.message_id]
        return None
