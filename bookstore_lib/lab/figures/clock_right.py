"""The space-time diagram whose time runs rightwards: for slides, and wherever it is not too long.

No search: a column is as far from the one before as the labels of each lane need, and a lane as far from the next.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.spacetime import Spacetime
from bookstore_lib.lab.figures.clock_rooms import GAP, STACK, Labels, Room
from bookstore_lib.lab.figures.clock_sheet import (
    CLOCK_SIZE,
    HEAD_SIZE,
    LINE,
    MARK,
    NAME_SIZE,
    Line,
    Sheet,
    Text,
)
from bookstore_lib.lab.figures.clock_texts import Label, hosts
from bookstore_lib.lab.figures.style import BLACK, CHARACTER, GREY, tags

_COLUMN = 19.0
_LEVEL_WIDTH = 720.0  # a diagram that fits into this width has its clocks level
_LEAST_WIDTH, _WIDTH_PER_LANE = 440.0, 90.0
_APART = 4.0  # between two labels
_BETWEEN, _CLEAR = 62.0, 26.0  # lanes: at least, and besides the labels
_MARGIN = 8.0
_TICKS = 22.0  # height of the times below


def lay_rightwards(spacetime: Spacetime, labels: Mapping[str, Label], axis: Axis) -> Sheet:
    """Place everything for a diagram from left to right.

    Args:
        spacetime: The execution.
        labels: The label of each event, by its id.
        axis: `wall` adds the times below.
    """
    sizes = Labels(spacetime, labels, stacked=False)
    places = _places(sizes)
    if max(places.values()) > _LEVEL_WIDTH:
        sizes = Labels(spacetime, labels, stacked=True)
        places = _places(sizes)
    across, height = _lanes(sizes, below=_TICKS if axis == "wall" else 0.0)
    short = tags(tuple(dict.fromkeys(map(base_name, spacetime.processes))))
    left = max(map(len, short)) * CHARACTER * NAME_SIZE + 18
    along = {event_id: left + places[column] for event_id, column in spacetime.columns.items()}
    tail = max([_MARGIN, *(along[event.id] + room.behind for event, _, room in sizes.rooms())])
    end = left + max(places.values()) + _COLUMN
    sheet = Sheet(
        spacetime, "right", max(end, tail + _MARGIN), height, along, across, (left, end), stacked=sizes.stacked
    )
    sheet.texts += [*_heads(sheet, short), *_label_texts(sheet, sizes), *_gap_texts(sheet)]
    if axis == "wall":
        _add_ticks(sheet)
    return sheet


def _places(sizes: Labels) -> dict[float, float]:
    """How far along each column is: as near to the one before it as labels and marks allow."""
    spacetime = sizes.spacetime
    columns = sorted(set(spacetime.columns.values()))
    step = max(_COLUMN, max(_LEAST_WIDTH, len(set(spacetime.lanes.values())) * _WIDTH_PER_LANE) / (columns[-1] + 1))
    beside: dict[float, list[tuple[tuple[int, bool], Room]]] = {column: [] for column in columns}
    for event, above, room in sizes.rooms():
        if event.id in sizes.above:
            beside[spacetime.columns[event.id]].append(((spacetime.lanes[event.process], above), room))
    for stretch in spacetime.stretches:
        half = len(_gap_name(len(stretch.events))) * NAME_SIZE * CHARACTER / 2
        sides = ((lane, above) for lane in set(spacetime.lanes.values()) for above in (True, False))
        beside[stretch.column] += [(side, Room(half, half, 0.0)) for side in sides]
    places: dict[float, float] = {}
    ends: dict[tuple[int, bool], float] = {}
    for earlier, column in zip([columns[0], *columns], columns, strict=False):
        nearest = [ends[side] + _APART + room.before for side, room in beside[column] if side in ends]
        clear = [room.before - _APART for _, room in beside[column]]  # of the names of the lanes
        place = places.get(earlier, _COLUMN / 2) + step * (min(column - earlier, 6.0))
        places[column] = max([place, *nearest, *clear])
        for side, room in beside[column]:
            ends[side] = max(ends.get(side, 0.0), places[column] + room.behind)
    return places


def _lanes(sizes: Labels, below: float) -> tuple[list[float], float]:
    """Where each lane is, and the height of all."""
    spacetime = sizes.spacetime
    count = 1 + max(spacetime.lanes.values())
    reach = {(lane, above): 2 * MARK for lane in range(count) for above in (True, False)}
    for event, above, room in sizes.rooms():
        side = spacetime.lanes[event.process], above
        reach[side] = max(reach[side], room.height)
    depth = reach[0, True] + _MARGIN + (NAME_SIZE * LINE if spacetime.stretches else 0.0)
    depths = [depth]
    for upper, lower in pairwise(range(count)):
        depth += max(_BETWEEN, reach[upper, False] + reach[lower, True] + _CLEAR)
        depths.append(depth)
    height = depth + reach[count - 1, False] + _MARGIN + below
    return [height - depth for depth in depths], height


def _heads(sheet: Sheet, short: Mapping[str, str]) -> Iterator[Text]:
    for lane, (process, tag) in enumerate(short.items()):
        x, y = sheet.span[0] - 8, sheet.across[lane]
        if tag == process:
            yield Text(process, (x, y), HEAD_SIZE, ("right", "center"), weight="bold")
        else:
            yield Text(tag, (x, y + 1), HEAD_SIZE, ("right", "bottom"), weight="bold")
            yield Text(process, (x, y - 2), NAME_SIZE, ("right", "top"))


def _label_texts(sheet: Sheet, sizes: Labels) -> Iterator[Text]:
    """From the mark outwards: the clock, then the name."""
    order = hosts(sheet.spacetime)
    for event in sheet.spacetime.events:
        x, y = sheet.mark(event)
        side, anchor = (1, "bottom") if sizes.above[event.id] else (-1, "top")
        clock = sizes.clock(event)
        top = y + GAP + sizes.clock_height(event) if side > 0 else y - GAP
        for line, entry in enumerate(clock):
            at = x, top - (line + 0.5) * CLOCK_SIZE * STACK
            weight = "bold" if len(clock) > 1 and order[line] == event.process else "normal"
            colour = GREY if entry == "0" else BLACK
            yield Text(entry, at, CLOCK_SIZE, event_id=event.id, weight=weight, boxed=True, colour=colour)
        if name := sizes.name(event):
            away = GAP + sizes.clock_height(event)
            yield Text(name, (x, y + side * away), NAME_SIZE, ("center", anchor), event.id, boxed=True)


def _gap_texts(sheet: Sheet) -> Iterator[Text]:
    for stretch in sheet.spacetime.stretches:
        at = sheet.gap(stretch), sheet.height - _MARGIN
        yield Text(_gap_name(len(stretch.events)), at, NAME_SIZE, ("center", "top"), style="italic", boxed=True)


def _gap_name(events: int) -> str:
    return f"{events} events"


def _add_ticks(sheet: Sheet) -> None:
    """Times of the wall below, at events as far apart as the numbers need; a tick never says less than one before."""
    first = min(event.wall for event in sheet.spacetime.events)
    free, latest = 0.0, -1.0
    for event in sheet.spacetime.events:
        passed, at = 1000 * (event.wall - first), sheet.along[event.id]
        text = f"{passed:.0f} ms"
        half = len(text) * CHARACTER * NAME_SIZE / 2
        if at - half >= free and passed >= latest:
            sheet.texts.append(Text(text, (at, _TICKS / 2), NAME_SIZE, colour=GREY))
            sheet.rules.append(Line((at, _TICKS), (at, sheet.height - _MARGIN)))
            free, latest = at + half + 2 * _APART, passed
