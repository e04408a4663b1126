"""The life of a process along its lane: up, down between a crash and a restart, or frozen."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Literal, NamedTuple

from bookstore_lib.core.faults import ENDINGS
from bookstore_lib.core.trace_event import TraceEvent

State = Literal["up", "down", "frozen"]


class Span(NamedTuple):
    """A part of a lane."""

    start: float
    end: float
    state: State


def spans(events: Iterable[TraceEvent], along: Mapping[str, float], span: tuple[float, float]) -> list[Span]:
    """The parts of a lane from its begin to its end.

    Args:
        events: Those of the lane, in their order.
        along: How far along each stands, by its id.
        span: Where the lane begins and ends.
    """
    events = list(events)
    pauses = [event.name for event in events if _is_pause(event)]
    first: State = "frozen" if pauses[:1] == ["resumed"] else "up"
    turns: list[tuple[float, State]] = [(span[0], first), *_turns(events, along), (span[1], "up")]
    return [Span(start, end, state) for (start, state), (end, _) in pairwise(turns)]


def _turns(events: list[TraceEvent], along: Mapping[str, float]) -> Iterator[tuple[float, State]]:
    """Where along the lane the state of the process changes, and to what."""
    for event, later in pairwise([*events, None]):
        if event is None:
            continue
        ends = event.name in ENDINGS and not event.order_id
        # Where nobody noted the end of a life, it ended after its last event.
        if ends or (later is not None and later.process != event.process):
            yield along[event.id], "down"
        if later is not None and later.process != event.process:
            yield along[later.id], "up"
        if _is_pause(event):
            yield along[event.id], "frozen" if event.name == "paused" else "up"


def _is_pause(event: TraceEvent) -> bool:
    return not event.order_id and event.name in ("paused", "resumed")
