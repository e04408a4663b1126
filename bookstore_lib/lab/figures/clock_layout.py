"""Where everything of a space-time diagram goes, in points: rows, marks, and texts that never cover each other."""

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise, product
from math import atan2, cos, degrees, hypot, inf, radians, sin
from typing import NamedTuple, cast

from bookstore_lib.core.spacetime import Spacetime
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.labels import Board, Point, Slab
from bookstore_lib.lab.figures.style import CHARACTER

LABEL_SIZE, NAME_SIZE, MARK = 9.0, 7.5, 7.0
_TILT = 45.0
_COLUMN = 24.0  # of tilted labels: room for one line of text, turned
_LEVEL_WIDTH = 760.0  # a diagram that fits into this width has its labels level
_LEAST_WIDTH, _WIDTH_PER_ROW = 400.0, 90.0
_GAP = 7.0  # from the middle of a mark to its label
_STUB = 24.0
_SPREADS = range(9)
_UNEVEN = (0.0, 15.0)  # unequal rows take an arrow off the mark that stands half-way


class Text(NamedTuple):
    """A text and the room it takes."""

    text: str
    room: Slab


class Line(NamedTuple):
    """A straight line between two points, from left to right."""

    start: Point
    end: Point

    def slab(self) -> Slab:
        """The line as a rectangle with no height."""
        (x1, y1), (x2, y2) = self
        angle = degrees(atan2(y2 - y1, x2 - x1))
        return Slab((x1 + x2) / 2, (y1 + y2) / 2, hypot(x2 - x1, y2 - y1), 0.0, angle)


class Sheet:
    """A space-time diagram in points from its lower left corner.

    Args:
        spacetime: The execution.
        labels: Text of each event's label, by its id; may be empty.
        spread: How far apart the rows stand, 0 or more; from 6 on no labels of two rows can meet.
        uneven: Points that every second row stands further apart.

    Attributes:
        width: Of the part with the events.
        height: Of that part.
        rows: Height of each process's line.
        marks: Middle of each event's mark, by its id.
        labels: The label of each event that has one, by its id.
        stubs: The lines of the sends nobody received and of the receives nobody sent, by the event's id.
        names: The names of messages, by the id of the send.
    """

    def __init__(self, spacetime: Spacetime, labels: Mapping[str, str], spread: int, uneven: float) -> None:
        self._spacetime = spacetime
        self._tilt, self._column = _tilt_and_column(spacetime, labels)
        self.width = self._column * (1 + max(spacetime.columns.values()))
        above = _above(spacetime)
        self.rows, self.height = self._rows(labels, above, spread, uneven)
        self.marks = {
            event.id: (self._column * (spacetime.columns[event.id] + 0.5), self.rows[event.process])
            for event in spacetime.events
        }
        self.labels = {
            event_id: Text(text, self._beyond(self.marks[event_id], text, up=above[event_id]))
            for event_id, text in labels.items()
            if text
        }
        rows = {name: row for row, name in enumerate(spacetime.processes)}
        self.stubs = {event.id: self._stub(event, rows) for event in (*spacetime.lost, *spacetime.orphans)}
        self.names: dict[str, Text] = {}

    def collisions(self) -> int:
        """How many pairs of labels cover each other, and how many ends of stubs they cover."""
        rooms = [label.room for label in self.labels.values()]
        return sum(one.overlaps(other) for one, other in combinations([*rooms, *self._stub_ends()], 2))

    def hits(self) -> int:
        """How many arrows run over the mark of an event they have nothing to do with."""
        marks = {event_id: Slab(x, y, MARK + 2, MARK + 2) for event_id, (x, y) in self.marks.items()}
        lines = [(send.id, receive.id, self.line(send, receive).slab()) for send, receive, _ in self._spacetime.arrows]
        return sum(
            line.overlaps(mark)
            for send, receive, line in lines
            for event_id, mark in marks.items()
            if event_id not in (send, receive)
        )

    def place(self, names: Mapping[str, str]) -> int:
        """Put names along their arrows.

        Returns:
            How many found no room.
        """
        marks = (Slab(x, y, MARK + 3, MARK + 3) for x, y in self.marks.values())
        rows = (Slab(self.width / 2, y, self.width, 2.0) for y in self.rows.values())
        lines = {send.id: self.line(send, receive) for send, receive, again in self._spacetime.arrows if not again}
        crossed = [line.slab() for line in (*lines.values(), *self.stubs.values())]
        board = Board([*marks, *rows, *self._stub_ends(), *(label.room for label in self.labels.values())], crossed)
        for send, text in names.items():
            if room := board.put(_along(lines[send], len(text) * CHARACTER * NAME_SIZE)):
                self.names[send] = Text(text, room)
        return len(names) - len(self.names)

    def line(self, send: TraceEvent, receive: TraceEvent) -> Line:
        """The line of a message from mark to mark."""
        return Line(self.marks[send.id], self.marks[receive.id])

    def _rows(
        self, labels: Mapping[str, str], above: Mapping[str, bool], spread: int, uneven: float
    ) -> tuple[dict[str, float], float]:
        """Height of each process's line, and of all together."""
        names = self._spacetime.processes
        reach = {(name, up): 2 * MARK for name in names for up in (True, False)}
        for event in self._spacetime.events:
            place = (event.process, above[event.id])
            reach[place] = max(reach[place], self._reach(labels[event.id]))
        order = {name: row for row, name in enumerate(names)}
        for event in (*self._spacetime.lost, *self._spacetime.orphans):
            place = (event.process, _peer_row(event, order) < order[event.process])
            reach[place] = max(reach[place], _STUB + MARK)
        depth = reach[names[0], True]
        depths = {names[0]: depth}
        for gap, (upper, lower) in enumerate(pairwise(names)):
            less, more = sorted((reach[upper, False], reach[lower, True]))
            depth += max(56 + 12 * spread, more + MARK + less * min(spread / 6, 1)) + uneven * (gap % 2)
            depths[lower] = depth
        height = depth + reach[names[-1], False]
        return {name: height - depths[name] for name in names}, height

    def _reach(self, text: str) -> float:
        """How far a label reaches from its process's line."""
        room = self._beyond((0.0, 0.0), text, up=True)
        return max(y for _, y in room.corners)

    def _beyond(self, mark: Point, text: str, *, up: bool) -> Slab:
        """The room of a label above or below its mark."""
        side = 1 if up else -1
        width, height = len(text) * CHARACTER * LABEL_SIZE, LABEL_SIZE * 1.25
        if not self._tilt:
            return Slab(mark[0], mark[1] + side * (_GAP + height / 2), width, height)
        along = _GAP + width / 2
        x, y = mark[0] + along * cos(radians(self._tilt)), mark[1] + side * along * sin(radians(self._tilt))
        return Slab(x, y, width, height, side * self._tilt)

    def _stub_ends(self) -> list[Slab]:
        loose = [self.stubs[event.id].end for event in self._spacetime.lost]
        loose += [self.stubs[event.id].start for event in self._spacetime.orphans]
        return [Slab(x, y, MARK + 2, MARK + 2) for x, y in loose]

    def _stub(self, event: TraceEvent, rows: Mapping[str, int]) -> Line:
        """A short line towards the receiver, or from the sender; at the tilt of the labels, so that it meets none."""
        x, y = self.marks[event.id]
        up = _STUB if _peer_row(event, rows) < rows[event.process] else -_STUB
        return Line((x, y), (x + _STUB, y + up)) if event.kind == "send" else Line((x - _STUB, y + up), (x, y))


def arrange(spacetime: Spacetime, labels: Mapping[str, str], names: Mapping[str, str]) -> Sheet:
    """Find room for the labels of the events and for the names of the messages.

    Args:
        spacetime: The execution.
        labels: Text of each event's label, by its id; may be empty.
        names: Text of the name of each message that arrived, by the id of its send.

    Returns:
        The lowest sheet on which no labels collide, all names have room and no arrow runs over a foreign mark, or else
        the best one; a name that has no room even there is left out.
    """
    best, fewest = None, (inf, inf, inf)
    for spread, uneven in product(_SPREADS, _UNEVEN):
        sheet = Sheet(spacetime, labels, spread, uneven)
        flaws = (sheet.collisions(), sheet.place(names), sheet.hits())
        if flaws < fewest:
            best, fewest = sheet, flaws
        if not any(flaws):
            break
    return cast(Sheet, best)


def _tilt_and_column(spacetime: Spacetime, labels: Mapping[str, str]) -> tuple[float, float]:
    """Level labels where they fit side by side, else turned ones; and how wide a column is."""
    columns = 1 + max(spacetime.columns.values())
    least = max(_LEAST_WIDTH, len(spacetime.processes) * _WIDTH_PER_ROW) / columns
    widest = max(map(len, labels.values())) * CHARACTER * LABEL_SIZE + _GAP
    if widest * columns <= _LEVEL_WIDTH:
        return 0.0, max(widest, min(least, 6 * _COLUMN))
    return _TILT, max(_COLUMN, least)


def _above(spacetime: Spacetime) -> dict[str, bool]:
    """Whether each event's label stands above it: where its own arrow is not, or most arrows of its process are not."""
    rows = {name: row for row, name in enumerate(spacetime.processes)}
    arrows_up = {event.id: 0 for event in spacetime.events}
    of_process = dict.fromkeys(rows, 0)
    for event, up in _ends(spacetime, rows):
        arrows_up[event.id] += 1 if up else -1
        of_process[event.process] += 1 if up else -1
    return {event.id: (arrows_up[event.id] or of_process[event.process]) <= 0 for event in spacetime.events}


def _ends(spacetime: Spacetime, rows: Mapping[str, int]) -> Iterator[tuple[TraceEvent, bool]]:
    """Each end of each arrow and stub, and whether it points up there."""
    for send, receive, _ in spacetime.arrows:
        yield send, rows[receive.process] < rows[send.process]
        yield receive, rows[send.process] < rows[receive.process]
    for event in (*spacetime.lost, *spacetime.orphans):
        yield event, _peer_row(event, rows) < rows[event.process]


def _peer_row(event: TraceEvent, rows: Mapping[str, int]) -> int:
    """The row of the other end of a stub; the next one where the peer has none."""
    own = rows[event.process]
    return rows.get(event.peer, own - 1 if own and own == len(rows) - 1 else own + 1)


def _along(line: Line, width: float) -> Iterator[Slab]:
    """Places along a line on both its sides, those near the middle first."""
    whole = line.slab()
    angle, height = radians(whole.angle), NAME_SIZE * 1.25
    steps = int(max(whole.width - width / 2, 0.0) / 8)  # half of the text or more is beside the line
    for step in sorted(range(-steps, steps + 1), key=abs):
        for side in (1, -1):
            along, off = 4 * step, side * (height / 2 + 1.5)
            x, y = whole.x + along * cos(angle) - off * sin(angle), whole.y + along * sin(angle) + off * cos(angle)
            yield Slab(x, y, width, height, whole.angle)
