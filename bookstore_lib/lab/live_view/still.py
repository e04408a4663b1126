"""The picture that stays in a notebook when its live view is gone."""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.spacetime import Spacetime, lay_out
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_diagram import MOST_EVENTS, draw_clock_diagram
from bookstore_lib.lab.figures.clock_texts import default_title, description
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.style import colour_of, styled

_WIDTH, _LANE, _HEAD = 13.0, 0.6, 0.7  # inches


def draw_still(
    events: Iterable[TraceEvent], *, order: str = "", chosen: str = "", cut: Sequence[str] | None = None, **options: Any
) -> Picture:
    """What a view shows now: the clock diagram, or an overview of more events than one can read.

    Args:
        events: Those of the view.
        order: Only those of this order, unless empty.
        chosen: An event to highlight, where it is among them.
        cut: A cut to show, as far as it is among them.
        options: More of `draw_clock_diagram`.
    """
    shown = [event for event in events if event.order_id == order or not order]
    if len(shown) > MOST_EVENTS:
        return _overview(lay_out(shown))
    ids = {event.id for event in shown}
    ends = None if cut is None else [end for end in cut if end in ids]
    return draw_clock_diagram(shown, highlight=chosen if chosen in ids else None, cut=ends, **options)


def _overview(spacetime: Spacetime) -> Picture:
    names = list(dict.fromkeys(map(base_name, spacetime.processes)))
    places = {event.id: (spacetime.columns[event.id], -spacetime.lanes[event.process]) for event in spacetime.events}
    with styled():
        picture = Picture(_WIDTH, _HEAD + _LANE * len(names), layout=ConstrainedLayoutEngine())
        axes = picture.add_subplot(
            title=f"{default_title(spacetime)}: run this cell to read its events", frame_on=False
        )
        lines = [[places[arrow.send.id], places[arrow.receive.id]] for arrow in spacetime.arrows]
        colours = [colour_of(arrow.send.process) for arrow in spacetime.arrows]
        axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.3))
        for lane, name in enumerate(names):
            along = [x for x, y in places.values() if y == -lane]
            axes.plot(along, [-lane] * len(along), "|", color=colour_of(name), markersize=7, markeredgewidth=0.5)
        axes.set_yticks([-lane for lane in range(len(names))], names)
        axes.tick_params(length=0)
        axes.set_xticks([])
    picture.alt = description(spacetime, ())
    return picture
