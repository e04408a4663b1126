"""The space-time diagram of an execution, with its vector clocks: one function for orders, runs and counterexamples."""

from collections.abc import Iterable, Sequence
from typing import get_args

from bookstore_lib.core.causality import causal_order, check_clocks
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.faults import faults_during
from bookstore_lib.core.happens_before import HappensBefore, Named
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.spacetime import Spacetime, lay_out
from bookstore_lib.core.stretches import collapse as collapsed
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures.clock_down import lay_downwards
from bookstore_lib.lab.figures.clock_drawing import Drawing
from bookstore_lib.lab.figures.clock_emphasis import Cut, Emphasis
from bookstore_lib.lab.figures.clock_names import message_texts
from bookstore_lib.lab.figures.clock_right import lay_rightwards
from bookstore_lib.lab.figures.clock_sheet import Direction, Sheet
from bookstore_lib.lab.figures.clock_texts import (
    axis_caption,
    clock_caption,
    cut_caption,
    default_title,
    description,
    event_labels,
    message_names,
    order_caption,
    order_letters,
    sentences,
)
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.style import BLACK, RED, styled

MOST_EVENTS = 400
_SCREEN = 1400.0  # points; a notebook shows as many pixels, and shrinks a picture a little


def draw_clock_diagram(
    events: Sequence[TraceEvent],
    *,
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    direction: Direction | None = None,
    axis: Axis = "logical",
    highlight: Named | None = None,
    cut: Iterable[Named] | None = None,
    collapse: bool = False,
    violations: Sequence[Violation] | None = None,
    process_events: Iterable[TraceEvent] = (),
) -> Picture:
    """Draw who sent what to whom, and the vector clock of every event.

    Args:
        events: Those of one order or of several, or any others, in any order.
        title: Above the picture; the order's name when not given.
        figsize: Width and height in inches; the picture is scaled to fit. By default it grows with the events.
        direction: Where time runs: `right` for a slide, `down` with a table of the clocks for a page. By default
            rightwards, unless that is too wide for a screen.
        axis: `logical`: time runs only as happens-before, see `bookstore_lib.core.spacetime`. `wall`: as the clocks on
            the wall say as well; a long idle time is cut short.
        highlight: An event or its id: its causal past and future are coloured, the rest is grey.
        cut: The last event of each process inside a cut, or their ids: drawn as consistent or inconsistent.
        collapse: Leave out stretches in which nothing special happens: see `bookstore_lib.core.stretches`.
        violations: What to mark as wrong. By default what a check of the vector clocks finds; `()` for nothing.
        process_events: Events of the whole run that belong to no order; those that killed, froze or restarted a process
            of the diagram meanwhile are shown on its line.

    Raises:
        HistoryError: There are no events, or more than can be read in one picture, or they cannot have happened;
            `highlight` or `cut` names an event that is not among them; there is no such axis or direction.
    """
    for what, chosen, known in (("axis", axis, get_args(Axis)), ("direction", direction, (*get_args(Direction), None))):
        if chosen not in known:
            raise HistoryError(f"There is no {what} {chosen!r}; choose one of {', '.join(filter(None, known))}.")
    found = check_clocks(events) if violations is None else violations
    emphasis = _emphasis(events, found, highlight, cut)
    spacetime = lay_out([*events, *faults_during(events, process_events)], axis=axis)
    if collapse:
        spacetime = collapsed(spacetime, keep=_special(emphasis, spacetime))
    if len(spacetime.events) > MOST_EVENTS:
        raise HistoryError(
            f"Nobody can read a diagram of {len(spacetime.events)} events; draw one order, or {MOST_EVENTS} events."
        )
    letters = order_letters(spacetime)
    sheet = _sheet(spacetime, letters, axis, direction)
    captions = [clock_caption(spacetime, stacked=sheet.stacked), order_caption(letters), axis_caption(axis)]
    lines = [(line, BLACK) for line in captions] + [
        (line, RED) for line in (*sentences(found), cut_caption(emphasis.cut))
    ]
    lines = [(line, colour) for line, colour in lines if line]
    with styled():
        picture = Drawing(sheet, emphasis, title or default_title(spacetime), lines, figsize).draw()
    picture.alt = description(spacetime, found)
    return picture


def _sheet(spacetime: Spacetime, letters: dict[str, str], axis: Axis, direction: Direction | None) -> Sheet:
    if direction != "down":
        sheet = lay_rightwards(spacetime, event_labels(spacetime, letters), axis)
        if direction or sheet.width <= _SCREEN:
            sheet.texts += message_texts(sheet, message_names(spacetime))
            return sheet
    return lay_downwards(spacetime, letters, axis)


def _emphasis(
    events: Sequence[TraceEvent],
    violations: Iterable[Violation],
    highlight: Named | None,
    cut: Iterable[Named] | None,
) -> Emphasis:
    wrong = frozenset(event.id for violation in violations for event in violation.events)
    if highlight is None and cut is None:
        return Emphasis(wrong)
    relation = HappensBefore(causal_order(events))
    emphasis = Emphasis(wrong)
    if highlight is not None:
        event = relation.event(highlight)
        past, future = (frozenset(each.id for each in cone(event)) for cone in (relation.past, relation.future))
        emphasis = emphasis._replace(highlight=event.id, past=past, future=future)
    if cut is not None:
        ends = relation.cut(cut)
        emphasis = emphasis._replace(cut=Cut(relation.inside(ends), relation.breaking(ends)))
    return emphasis


def _special(emphasis: Emphasis, spacetime: Spacetime) -> set[str]:
    """The ids of the events to show in any case: wrong, highlighted, and beside a cut."""
    known = spacetime.columns.keys()
    special = {*emphasis.wrong, emphasis.highlight} & known
    if emphasis.cut is None:
        return special
    inside = emphasis.cut.inside
    last = {event.process: event.id for event in spacetime.events if event.id in inside}
    first = {event.process: event.id for event in reversed(spacetime.events) if event.id not in inside}
    return special | {*last.values(), *first.values()} | {message.receive.id for message in emphasis.cut.breaking}
