"""An election as frames, one for each moment that changed something: who holds the key, who waits, who crashed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.election_moments import Moment, State, moments
from bookstore_lib.lab.figures.election_timeline import executors
from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.sketch import Sketch
from bookstore_lib.lab.figures.style import BLACK, GREY, LIGHT, RED, colour_of, styled

_MOST = 9
_APART, _LEAST = 1.3, 3.9  # inches: between two executors; width of a frame
_HIGH, _HEAD, _GAP = 3.0, 0.65, 0.18
_KEY, _CIRCLES, _WORDS = 1.0, 2.1, 2.72  # from the top of a frame to the middle of each
_RADIUS = 0.36


class _Look(NamedTuple):
    """How a process looks: sign in its circle, line, word below it."""

    sign: str
    line: str
    word: str


_LOOKS: Mapping[State, _Look] = {
    "leads": _Look("★", "solid", "leads"),
    "waits": _Look("…", "solid", "waits"),
    "frozen": _Look("❚❚", "dashed", "frozen"),
    "crashed": _Look("✗", "dotted", "crashed"),
    "stopped": _Look("✗", "dotted", "stopped"),
    "not started": _Look("", "dotted", "not started"),
}


def draw_election_frames(
    events: Sequence[TraceEvent], *, most: int = _MOST, title: str | None = None, figsize: Size | None = None
) -> Picture:
    """Draw a frame for each moment at which the key, a leader or the state of an executor changed.

    Args:
        events: Of a run, in any order; those of orders are passed over.
        most: How many frames; the first ones where there are more.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: There is no election in these events, or `most` is less than 1.
    """
    if most < 1:
        raise HistoryError(f"An election is drawn as 1 frame or more, not {most}.")
    own = sorted((event for event in events if not event.order_id), key=lambda event: event.wall)
    names = executors(own)
    found = moments(own, names) if names else []
    if not found:
        raise HistoryError("There is no election to draw; let one happen first.")
    shown = found[:most]
    more = f" (the first {most} of {len(found)} moments)" if len(found) > most else ""
    with styled():
        picture = _draw(shown, f"{title or 'Election of a leader'}{more}", figsize)
    picture.alt = _alt(shown)
    return picture


def _draw(shown: Sequence[Moment], title: str, figsize: Size | None) -> Picture:
    wide = max(_LEAST, _APART * len(shown[0].states) + 0.2)
    columns = min(len(shown), max(1, int(13.0 / (wide + _GAP))))
    rows = -(-len(shown) // columns)
    width, height = _GAP + columns * (wide + _GAP), _HEAD + rows * (_HIGH + _GAP)
    sketch = Sketch(title, width, height, figsize)
    for place, moment in enumerate(shown):
        corner = _GAP + place % columns * (wide + _GAP), _HEAD + place // columns * (_HIGH + _GAP)
        _frame(sketch, corner, wide, moment, place + 1)
    return sketch.picture


def _frame(sketch: Sketch, corner: Point, wide: float, moment: Moment, number: int) -> None:
    x, y = corner
    sketch.box((x + wide / 2, y + _HIGH / 2), (wide, _HIGH), line=1, edgecolor=GREY, zorder=0.5)
    told = f"{number}. {moment.told}"
    sketch.text((x + 0.12, y + 0.2), told, 13, ha="left", weight="bold")
    sketch.text((x + 0.12, y + 0.45), f"{moment.seconds:.2f} s", 11, ha="left", color=GREY)
    key = (x + wide / 2, y + _KEY)
    _key(sketch, key, moment)
    places = {
        name: (x + wide / 2 + _APART * (place - (len(moment.states) - 1) / 2), y + _CIRCLES)
        for place, name in enumerate(moment.states)
    }
    for name, at in places.items():
        _process(sketch, at, name, moment, y + _WORDS)
    if moment.holder:
        end = places[moment.holder]
        sketch.arrow((key[0], key[1] + 0.27), (end[0], end[1] - _RADIUS - 0.04), line=2.2)


def _key(sketch: Sketch, at: Point, moment: Moment) -> None:
    """The lock, with what Redis has in it."""
    text = f"leader_lock: {moment.holder}" if moment.holder else "leader_lock: nobody"
    if moment.epoch is not None:
        text += f"\nepoch {moment.epoch}"
    look = "solid" if moment.holder else "dashed"
    sketch.box(at, (2.3, 0.54), facecolor=LIGHT if moment.holder else "white", linestyle=look)
    sketch.text(at, text, 11)


def _process(sketch: Sketch, at: Point, name: str, moment: Moment, words: float) -> None:
    state = moment.states[name]
    look, believes = _LOOKS[state], name in moment.believers
    up = state in ("leads", "waits", "frozen")
    colour = colour_of(name) if up else GREY
    wrong = believes and name != moment.holder
    sketch.circle(
        at,
        _RADIUS,
        line=4 if wrong else 2.4,
        facecolor=colour if state == "leads" else LIGHT if state == "frozen" else "white",
        edgecolor=RED if wrong else colour,
        linestyle=look.line,
    )
    sketch.text(at, look.sign, 20, color="white" if state == "leads" else BLACK)
    word = "believes to lead" if wrong else f"{look.word}"
    sketch.text((at[0], words - 0.15), name, 11, weight="bold" if name == moment.holder else "normal")
    sketch.text((at[0], words + 0.06), word, 11, color=RED if wrong else BLACK)


def _alt(shown: Sequence[Moment]) -> str:
    told = "; ".join(
        f"{place}. {moment.told}, {moment.holder or 'nobody'} holds the key, "
        + ", ".join(f"{name} {_LOOKS[state].word}" for name, state in moment.states.items())
        for place, moment in enumerate(shown, 1)
    )
    return f"Frames of an election. {told}."
