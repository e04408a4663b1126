"""The space-time diagram whose time runs downwards, with a table of the events beside it: for print and long runs.

Each event has a line of its own, so nothing can cover anything, however many there are.
"""

from collections.abc import Iterator, Mapping, Sequence

from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.spacetime import Spacetime, Stretch
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_sheet import CLOCK_SIZE, HEAD_SIZE, LINE, NAME_SIZE, Line, Sheet, Text
from bookstore_lib.lab.figures.clock_texts import hosts, shortened
from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.style import BLACK, CHARACTER, GREY, tags

_PITCH = 14.5  # of two events
_LANE = 58.0
_MARGIN = 10.0
_COLUMN = 14.0  # between two columns of the table


def lay_downwards(spacetime: Spacetime, letters: Mapping[str, str], axis: Axis) -> Sheet:
    """Place everything for a diagram from top to bottom.

    Args:
        spacetime: The execution.
        letters: A letter for each of several orders.
        axis: `wall` adds a column with the wall times.
    """
    short = tags(tuple(dict.fromkeys(map(base_name, spacetime.processes))))
    heads = [_head(process, tag) for process, tag in short.items()]
    wide = max(_LANE, max(len(line) for head in heads for line in head) * CHARACTER * NAME_SIZE + 8)
    top = max(len(head) for head in heads) * NAME_SIZE * LINE + 2 * _MARGIN
    along, end = _places(spacetime, top)
    across = [_MARGIN + wide * (lane + 0.5) for lane in range(len(heads))]
    height = end + _MARGIN
    sheet = Sheet(spacetime, "down", 0.0, height, along, across, (top - 4, end))
    left = _MARGIN + wide * len(heads) + _COLUMN
    sheet.texts += _lane_heads(sheet, heads, height - top + 6)
    for head, column in _columns(spacetime, letters, axis):
        sheet.texts += _column(sheet, head, column, (left, height - top + 6))
        left += max(map(len, column.values())) * CHARACTER * CLOCK_SIZE + _COLUMN
    sheet.width = left
    sheet.rules += [Line((sheet.mark(event)), (left, sheet.mark(event)[1])) for event in spacetime.events]
    for stretch in spacetime.stretches:
        at = _MARGIN + wide * len(heads) + _COLUMN, height - sheet.gap(stretch)
        sheet.texts.append(Text(f"... {len(stretch.events)} events", at, NAME_SIZE, ("left", "center"), style="italic"))
    return sheet


def _head(process: str, tag: str) -> list[str]:
    """The lines above a lane: the short name, and the long one in parts."""
    words = process.replace("_", "_ ").split()
    return [tag, *words] if tag != process else words


def _places(spacetime: Spacetime, top: float) -> tuple[dict[str, float], float]:
    """How far down each event is, and where the lanes end."""
    rows: list[TraceEvent | Stretch] = [*spacetime.events, *spacetime.stretches]
    rows.sort(key=lambda row: row.column if isinstance(row, Stretch) else spacetime.columns[row.id])
    along: dict[str, float] = {}
    down = top
    for row in rows:
        down += _PITCH / 2 if isinstance(row, TraceEvent) else _PITCH
        along |= {event.id: down for event in (row.events if isinstance(row, Stretch) else (row,))}
        down += _PITCH / 2 if isinstance(row, TraceEvent) else _PITCH
    return along, down


def _lane_heads(sheet: Sheet, heads: Sequence[list[str]], bottom: float) -> Iterator[Text]:
    for x, head in zip(sheet.across, heads, strict=True):
        for above, line in enumerate(reversed(head)):
            first = above == len(head) - 1
            at = x, bottom + above * NAME_SIZE * LINE
            size = HEAD_SIZE if first else NAME_SIZE
            yield Text(line, at, size, ("center", "bottom"), weight="bold" if first else "normal")


def _columns(spacetime: Spacetime, letters: Mapping[str, str], axis: Axis) -> Iterator[tuple[str, dict[str, str]]]:
    """The columns of the table: whose clock entries they are, and text by the event's id, the head by an empty id."""
    events = spacetime.events
    if axis == "wall":
        first = min(event.wall for event in events)
        yield "", _right({"": "ms"} | {event.id: f"{1000 * (event.wall - first):.1f}" for event in events})
    if letters:
        yield "", {"": ""} | {event.id: letters.get(event.order_id, "") for event in events}
    short = tags(spacetime.processes)
    yield "", {"": "at"} | {event.id: short[event.process] for event in events}
    yield "", {"": "event"} | {event.id: _what(event, short) for event in events}
    for host, tag in tags(hosts(spacetime)).items():
        yield host, _right({"": tag} | {event.id: str(event.clock[host]) if event.clock else "" for event in events})


def _what(event: TraceEvent, short: Mapping[str, str]) -> str:
    """A message with the other end of it, or a local event."""
    peer = short.get(event.peer, event.peer)
    if event.kind == "local" or not peer:
        return shortened(event.name)
    return f"{shortened(event.name)} {'→' if event.kind == 'send' else '←'} {peer}"


def _right(column: dict[str, str]) -> dict[str, str]:
    """The same column with its texts at the right."""
    width = max(map(len, column.values()))
    return {event_id: text.rjust(width) for event_id, text in column.items()}


def _column(sheet: Sheet, host: str, column: Mapping[str, str], head: Point) -> Iterator[Text]:
    """The texts of a column below its head; the entry that an event of `host` itself added to is bold."""
    yield Text(column[""], head, CLOCK_SIZE, ("left", "bottom"), weight="bold")
    for event in sheet.spacetime.events:
        text, at = column[event.id], (head[0], sheet.mark(event)[1])
        weight = "bold" if host == event.process else "normal"
        colour = GREY if host and text.strip() == "0" else BLACK
        yield Text(text, at, CLOCK_SIZE, ("left", "center"), event.id, weight=weight, colour=colour)
