"""A space-time diagram in points: where lanes, marks, arrows and texts are, whichever way time runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atan2, degrees, hypot
from typing import Literal, NamedTuple

from bookstore_lib.core.spacetime import Spacetime, Stretch
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.labels import Point, Slab
from bookstore_lib.lab.figures.style import BLACK

CLOCK_SIZE, NAME_SIZE, HEAD_SIZE, MARK = 10.0, 8.5, 10.5, 8.0
STUB = 24.0
LINE = 1.25  # height of a line of text, in font sizes
Direction = Literal["right", "down"]


class Text(NamedTuple):
    """A text and where it is anchored.

    Attributes:
        align: Horizontal and vertical alignment, as matplotlib has them.
        event_id: The event it is about; empty for all else.
    """

    text: str
    at: Point
    size: float
    align: tuple[str, str] = ("center", "center")
    event_id: str = ""
    angle: float = 0.0
    weight: str = "normal"
    style: str = "normal"
    boxed: bool = False
    colour: str = BLACK


class Line(NamedTuple):
    """A straight line between two points."""

    start: Point
    end: Point

    def slab(self) -> Slab:
        """The line as a rectangle with no height."""
        (x1, y1), (x2, y2) = self
        angle = degrees(atan2(y2 - y1, x2 - x1))
        return Slab((x1 + x2) / 2, (y1 + y2) / 2, hypot(x2 - x1, y2 - y1), 0.0, angle)


@dataclass
class Sheet:
    """Where everything is, in points from the lower left corner.

    Attributes:
        spacetime: What is drawn.
        direction: Where time runs.
        width: Of all.
        height: Of all.
        along: How far along the axis each event stands, by its id.
        across: Where each lane is: its y where time runs rightwards, its x where it runs downwards.
        span: Where the lanes begin and end along the axis.
        texts: All that is written.
        rules: Faint lines that lead the eye.
        stacked: Whether the entries of a clock stand above each other.
    """

    spacetime: Spacetime
    direction: Direction
    width: float
    height: float
    along: Mapping[str, float]
    across: Sequence[float]
    span: tuple[float, float]
    texts: list[Text] = field(default_factory=list)
    rules: list[Line] = field(default_factory=list)
    stacked: bool = False

    def point(self, lane: int, along: float) -> Point:
        """The point of a lane so far along the axis."""
        return (along, self.across[lane]) if self.direction == "right" else (self.across[lane], self.height - along)

    def mark(self, event: TraceEvent) -> Point:
        """The middle of an event's mark."""
        return self.point(self.spacetime.lanes[event.process], self.along[event.id])

    def line(self, send: TraceEvent, receive: TraceEvent) -> Line:
        """The line of a message from mark to mark."""
        return Line(self.mark(send), self.mark(receive))

    def stub(self, event: TraceEvent) -> Line:
        """A short line towards a receiver that got nothing, or from a sender that nobody knows."""
        x, y = self.mark(event)
        side = 1 if peer_lane(self.spacetime, event) > self.spacetime.lanes[event.process] else -1
        onwards = 1 if event.kind == "send" else -1
        step = (onwards * STUB, -side * STUB) if self.direction == "right" else (side * STUB, -onwards * STUB / 2)
        far = (x + step[0], y + step[1])
        return Line((x, y), far) if event.kind == "send" else Line(far, (x, y))

    def gap(self, stretch: Stretch) -> float:
        """Where along the axis a stretch that is left out would be."""
        return self.along[stretch.events[0].id]


def peer_lane(spacetime: Spacetime, event: TraceEvent) -> int:
    """The lane of the other end of a stub; a neighbour where the peer has none."""
    own = spacetime.lanes[event.process]
    beside = own - 1 if own and own == max(spacetime.lanes.values()) else own + 1
    return spacetime.lanes.get(event.peer, beside)
