"""How each kind of event is marked in a space-time diagram, and the legend that says so."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.lines import Line2D

from bookstore_lib.core.faults import BEGINNING, FAULTS
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_emphasis import FUTURE, PAST, Emphasis
from bookstore_lib.lab.figures.clock_lanes import State
from bookstore_lib.lab.figures.clock_sheet import MARK, Direction, Sheet
from bookstore_lib.lab.figures.clock_texts import is_answer
from bookstore_lib.lab.figures.style import BLACK, FADED, GREEN, GREY, RED

AGAIN = (0.0, (4.0, 2.5))
CUTS: dict[bool, tuple[str, Any]] = {True: (GREEN, "solid"), False: (RED, (0, (6, 3)))}
LANES: dict[State, tuple[float, Any]] = {
    "up": (1.4, "solid"),
    "down": (1.0, (0, (1, 3))),
    "frozen": (5.0, (0, (0.5, 0.7))),
}


_ORDER = ("send", "receive", "local", *FAULTS, BEGINNING)


class Mark(NamedTuple):
    """A marker of matplotlib, how large it is, and whether it is filled."""

    marker: str
    size: float = MARK
    filled: bool = True


_FAULT_MARKS = {
    "killed": Mark("X", 12),
    "stopped": Mark("X", 12, filled=False),
    "paused": Mark("D", 8),
    "resumed": Mark("D", 8, filled=False),
    BEGINNING: Mark("P", 11, filled=False),
}
WRONG = Mark("*", 15)
HALOS = {
    "self": Mark("o", 17, filled=False),
    "past": Mark("o", 13, filled=False),
    "future": Mark("s", 12, filled=False),
}


def mark_of(event: TraceEvent, direction: Direction) -> Mark:
    """The mark of an event that violates nothing."""
    if not event.order_id and event.name in _FAULT_MARKS:
        return _FAULT_MARKS[event.name]
    if event.kind == "send":
        return Mark(">" if direction == "right" else "v")
    return Mark("o", filled=False) if event.kind == "receive" else Mark("s")


def legend(sheet: Sheet, emphasis: Emphasis, scale: float) -> list[Line2D]:
    """A handle for everything that occurs."""
    return [*_marks(sheet, emphasis, scale), *_lines(sheet, scale), *_roles(sheet, emphasis, scale)]


def _marks(sheet: Sheet, emphasis: Emphasis, scale: float) -> Iterator[Line2D]:
    events = sheet.spacetime.events
    marks = {mark_of(event, sheet.direction): _kind(event) for event in events}
    for mark, kind in sorted(marks.items(), key=lambda item: _ORDER.index(item[1])):
        yield _handle(mark, kind, GREY, scale)
    if emphasis.wrong:
        yield _handle(WRONG, "violation", RED, scale)


def _lines(sheet: Sheet, scale: float) -> Iterator[Line2D]:
    spacetime = sheet.spacetime
    if any(is_answer(arrow.send) for arrow in spacetime.arrows):
        yield Line2D([], [], color=GREY, linewidth=0.9 * scale, label="reply")
    if any(arrow.again for arrow in spacetime.arrows):
        yield Line2D([], [], color=GREY, linewidth=1.4 * scale, linestyle=AGAIN, label="delivered again")
    if spacetime.lost:
        yield _handle(Mark("x", 7), "never received", BLACK, scale)
    if spacetime.orphans:
        yield _handle(Mark("d"), "sender not known", BLACK, scale)
    if spacetime.stretches:
        yield Line2D([], [], color=GREY, linewidth=1.4 * scale, linestyle=":", label="left out")


def _roles(sheet: Sheet, emphasis: Emphasis, scale: float) -> Iterator[Line2D]:
    roles = [emphasis.role(event) for event in sheet.spacetime.events]
    for role, label, colour in (("past", "causal past", PAST), ("future", "causal future", FUTURE)):
        if role in roles:
            yield _handle(HALOS[role]._replace(size=10), label, colour, scale)
    if "concurrent" in roles:
        yield _handle(Mark("s"), "concurrent", FADED, scale)
    if emphasis.cut is not None:
        colour, line = CUTS[emphasis.cut.consistent]
        label = "consistent cut" if emphasis.cut.consistent else "inconsistent cut"
        yield Line2D([], [], color=colour, linestyle=line, linewidth=2 * scale, label=label)


def _kind(event: TraceEvent) -> str:
    return event.name if not event.order_id and event.name in _FAULT_MARKS else event.kind


def _handle(mark: Mark, label: str, colour: str, scale: float) -> Line2D:
    return Line2D(
        [],
        [],
        color=colour,
        marker=mark.marker,
        markerfacecolor=colour if mark.filled else "white",
        markersize=min(mark.size, 11) * scale,
        linestyle="",
        label=label,
    )
