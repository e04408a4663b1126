"""How large the labels of a diagram from left to right are, and on which side of its lane each stands."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bookstore_lib.core.spacetime import Spacetime
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_sheet import CLOCK_SIZE, LINE, MARK, NAME_SIZE, STUB, peer_lane
from bookstore_lib.lab.figures.clock_texts import Label
from bookstore_lib.lab.figures.style import CHARACTER

GAP = 8.0  # from the middle of a mark to its label
STACK = 1.15  # height of an entry of a stacked clock, in sizes of letters


class Room(NamedTuple):
    """What something takes up before and behind its place along a lane, and away from it."""

    before: float
    behind: float
    height: float


class Labels:
    """How large the labels are, and on which side of its lane each stands."""

    def __init__(self, spacetime: Spacetime, labels: Mapping[str, Label], *, stacked: bool) -> None:
        self.spacetime, self.stacked = spacetime, stacked
        self._labels = labels
        self.above = _above(spacetime)

    def clock(self, event: TraceEvent) -> tuple[str, ...]:
        """The lines of an event's clock."""
        entries = self._labels[event.id].clock
        return entries if self.stacked or not entries else (f"[{','.join(entries)}]",)

    def name(self, event: TraceEvent) -> str:
        """What stands beyond the clock; may be empty."""
        return self._labels[event.id].name

    def clock_height(self, event: TraceEvent) -> float:
        """From the first line of the clock to the last."""
        return len(self.clock(event)) * CLOCK_SIZE * STACK

    def room(self, event: TraceEvent) -> Room:
        """What an event's label takes up."""
        widest = max(map(len, self.clock(event)), default=0)
        half = max(widest * CLOCK_SIZE, len(self.name(event)) * NAME_SIZE) * CHARACTER / 2
        name_height = NAME_SIZE * LINE if self.name(event) else 0.0
        return Room(half, half, GAP + self.clock_height(event) + name_height)

    def rooms(self) -> Iterator[tuple[TraceEvent, bool, Room]]:
        """Everything beside a lane, with its event and whether it is above."""
        for event in self.spacetime.events:
            yield event, self.above[event.id], self.room(event)
        for event in (*self.spacetime.lost, *self.spacetime.orphans):
            far = STUB + MARK
            room = Room(0.0, far, far) if event.kind == "send" else Room(far, 0.0, far)
            yield event, peer_lane(self.spacetime, event) < self.spacetime.lanes[event.process], room


def _above(spacetime: Spacetime) -> dict[str, bool]:
    """Whether each event's label stands above it: where its own arrow is not, or most arrows of its lane are not."""
    lanes = spacetime.lanes
    arrows_up = {event.id: 0 for event in spacetime.events}
    of_lane = dict.fromkeys(lanes.values(), 0)
    for event, peer in _ends(spacetime):
        up = 1 if peer < lanes[event.process] else -1
        of_lane[lanes[event.process]] += up
        if event.id in arrows_up:
            arrows_up[event.id] += up
    return {event.id: (arrows_up[event.id] or of_lane[lanes[event.process]]) <= 0 for event in spacetime.events}


def _ends(spacetime: Spacetime) -> Iterator[tuple[TraceEvent, int]]:
    """Each end of each arrow and stub, and the lane of the other end."""
    for send, receive, _ in spacetime.arrows:
        yield send, spacetime.lanes[receive.process]
        yield receive, spacetime.lanes[send.process]
    for event in (*spacetime.lost, *spacetime.orphans):
        yield event, peer_lane(spacetime, event)
