"""Happens-before as a graph: its transitive reduction, and what follows from that."""

from collections.abc import Iterable, Mapping, Sequence
from math import cos, radians, sin
from typing import Any, Literal, NamedTuple, get_args

import networkx as nx
from matplotlib.lines import Line2D

from bookstore_lib.core.causality import causes
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.spacetime import Spacetime, lay_out
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_sheet import Line
from bookstore_lib.lab.figures.clock_texts import default_title
from bookstore_lib.lab.figures.labels import Board, Point, Slab
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.sketch import Sketch
from bookstore_lib.lab.figures.style import BLACK, FADED, colour_of, styled

Form = Literal["reduction", "direct", "all"]
MOST_EVENTS = 200
_MOST_PAIRS = 400
_FOLLOWS = "follows from the rest"
_IMPLIED: Any = (0, (3, 2))  # dashes and gaps of what follows from the rest
_ACROSS, _DOWN, _RADIUS = 0.5, 1.3, 0.19  # inches
_LETTER, _RIGHT, _HEAD, _FOOT, _LEAST = 0.12, 1.25, 1.4, 0.6, 7.0
_NAME, _TURN = 11.0, 30.0  # points and degrees of the names of events


def happens_before_graph(events: Sequence[TraceEvent], form: Form = "direct") -> "nx.DiGraph[str]":
    """Happens-before as a networkx graph of the ids of events.

    Args:
        events: Of one execution, in any order.
        form: `direct`: each event's causes just before it, in its process and by its message. `reduction`: of these,
            only what does not follow from the others. `all`: every pair, the transitive closure.

    Raises:
        HistoryError: The events cannot have happened like this.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    for event_id, before in causes(events).items():
        graph.add_node(event_id)
        graph.add_edges_from((cause, event_id) for cause in sorted(before))
    if not nx.is_directed_acyclic_graph(graph):
        raise HistoryError("These events cannot have happened: some have to come before themselves.")
    if form not in get_args(Form):
        raise HistoryError(f"There is no form {form!r} of the graph; choose one of {', '.join(get_args(Form))}.")
    if form == "direct":
        return graph
    return nx.transitive_reduction(graph) if form == "reduction" else nx.transitive_closure_dag(graph)


def draw_happens_before(
    events: Sequence[TraceEvent],
    *,
    form: Form = "direct",
    title: str | None = None,
    figsize: Size | None = None,
) -> Picture:
    """Draw the happens-before graph: dark what the transitive reduction keeps, grey what follows from that.

    Two events are concurrent exactly if no path of dark arrows leads from one to the other. Events stand in the lanes
    of their processes, each as far to the right as its longest chain of causes; the number is its own entry of its
    vector clock, where it has one.

    Args:
        events: Of one order, or any others, in any order.
        form: As for `happens_before_graph`.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: There are no events, more than can be read in one picture, or they cannot have happened.
    """
    spacetime = lay_out(events)
    if len(spacetime.events) > MOST_EVENTS:
        raise HistoryError(
            f"Nobody can read a graph of {len(spacetime.events)} events; draw one order, or {MOST_EVENTS} events."
        )
    graph = happens_before_graph(spacetime.events, form)
    if form == "all" and graph.number_of_edges() > _MOST_PAIRS:
        raise HistoryError(
            f"Nobody can tell {graph.number_of_edges()} arrows apart; draw the form 'direct', or fewer events."
        )
    kept = set(happens_before_graph(spacetime.events, "reduction").edges)
    with styled():
        picture = _draw(spacetime, graph, kept, title or f"Happens-before: {default_title(spacetime)}", figsize)
    picture.alt = _alt(spacetime, graph, kept)
    return picture


def _draw(
    spacetime: Spacetime, graph: "nx.DiGraph[str]", kept: set[tuple[str, str]], title: str, figsize: Size | None
) -> Picture:
    left = 0.6 + _LETTER * max(len(part) for process in spacetime.lanes for part in process.split("_"))
    places = {
        event.id: (left + spacetime.columns[event.id] * _ACROSS, _HEAD + spacetime.lanes[event.process] * _DOWN)
        for event in spacetime.events
    }
    names = _names([event for event in spacetime.events if event.kind == "local"], places, kept)
    right = max(x for x, _ in places.values()) + _RIGHT
    low = max([y + _RADIUS for _, y in places.values()] + [name.low for name in names])
    sketch = Sketch(title, max(right, _LEAST), low + _FOOT, figsize)
    for process, lane in spacetime.lanes.items():
        if "~" not in process or base_name(process) not in spacetime.lanes:
            name = base_name(process).replace("_", "_\n")
            sketch.text((0.2, _HEAD + lane * _DOWN), name, 12, ha="left", weight="bold")
    for edge in sorted(graph.edges):
        _edge(sketch, places[edge[0]], places[edge[1]], kept=edge in kept)
    for event in spacetime.events:
        sketch.circle(places[event.id], _RADIUS, line=1.8, edgecolor=colour_of(event.process))
        sketch.text(places[event.id], str(event.clock[event.process] or event.id.rpartition("#")[2]), 11)
    for each in names:
        turn: dict[str, Any] = {"rotation": each.angle, "rotation_mode": "anchor", "boxed": True, "ha": "left"}
        sketch.text(each.at, each.text, _NAME, va="bottom" if each.angle > 0 else "top", **turn)
    _legend(sketch, graph, kept, (0.2, low + _FOOT - 0.25))
    return sketch.picture


class _Name(NamedTuple):
    """The name of an event, turned upwards above its circle or downwards below it; `low` is its lower edge."""

    text: str
    at: Point
    angle: float
    slab: Slab

    @property
    def low(self) -> float:
        return self.slab.box[3]


def _names(events: Iterable[TraceEvent], places: Mapping[str, Point], kept: Iterable[tuple[str, str]]) -> list[_Name]:
    """Each name where it covers the fewest arrows."""
    lines = [Line(places[one], places[other]).slab() for one, other in kept]
    board = Board([Slab(*at, 2 * _RADIUS, 2 * _RADIUS) for at in places.values()], lines)
    found = []
    for event in events:
        tries = [_name(event.name, places[event.id], side) for side in (-1, 1)]
        slab = board.put(each.slab for each in tries)
        found.append(next((each for each in tries if each.slab is slab), tries[0]))
    return found


def _name(text: str, middle: Point, side: int) -> _Name:
    """Above (-1) or below (1) a circle; y grows downwards."""
    x, y = middle[0] - 0.03, middle[1] + side * (_RADIUS + 0.05)
    wide, high = len(text) * 0.56 * _NAME / 72, 1.2 * _NAME / 72
    c, s = cos(radians(_TURN)), side * sin(radians(_TURN))
    slab = Slab(x + (wide * c - abs(s) * high) / 2, y + (wide * s + side * c * high) / 2, wide, high, side * _TURN)
    return _Name(text, (x, y), -side * _TURN, slab)


def _edge(sketch: Sketch, start: Point, end: Point, *, kept: bool) -> None:
    along = start[1] == end[1] and end[0] - start[0] > 1.5 * _ACROSS
    bend = 0.0 if not along else min(0.35, 0.9 / (end[0] - start[0]))
    inches = 72 * (_RADIUS + 0.02) * sketch.scale
    sketch.arrow(
        start,
        end,
        line=1.5 if kept else 1.0,
        head=11 if kept else 8,
        color=BLACK if kept else FADED,
        linestyle="solid" if kept else _IMPLIED,
        connectionstyle=f"arc3,rad={bend}",
        shrinkA=inches,
        shrinkB=inches,
        zorder=2 if kept else 1,
    )


def _legend(sketch: Sketch, graph: "nx.DiGraph[str]", kept: set[tuple[str, str]], at: Point) -> None:
    handles = [Line2D([], [], color=BLACK, linewidth=1.6 * sketch.scale, label="transitive reduction")]
    if set(graph.edges) - kept:
        handles.append(Line2D([], [], color=FADED, linewidth=1.2 * sketch.scale, linestyle=_IMPLIED, label=_FOLLOWS))
    sketch.legend(handles, at, len(handles))


def _alt(spacetime: Spacetime, graph: "nx.DiGraph[str]", kept: set[tuple[str, str]]) -> str:
    drawn = set(graph.edges)
    return (
        f"Happens-before graph. {len(spacetime.events)} events of {', '.join(spacetime.processes)}; "
        f"{len(drawn & kept)} arrows of the transitive reduction and {len(drawn - kept)} that follow from them."
    )
