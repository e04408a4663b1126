"""The checks of an order as a graph, and what became of each."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import networkx as nx
from matplotlib.patches import Patch

from bookstore_lib.core.checkout_graph import STEPS, StepState
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.sketch import Sketch
from bookstore_lib.lab.figures.style import GREY, LIGHT, colour_of, styled

_WIDE, _HIGH = 1.9, 0.72  # of a step, in inches, as all lengths here
_APART, _LANE = 2.6, 1.25
_FAN = 0.2  # between the heads of two arrows
_LEFT, _HEAD, _FOOT = 2.35, 0.65, 0.75


class _Look(NamedTuple):
    mark: str
    fill: str
    edge: str
    line: Literal["solid", "dashed", "dotted", "dashdot"] = "solid"
    width: float = 1.6


_LOOKS: Mapping[StepState, _Look] = {
    StepState.PASSED: _Look("✓", "#CDEBE1", "#00634A"),
    StepState.REJECTED: _Look("✗", "#F6C6A8", "#8F3E00", width=3.2),
    StepState.FAILED: _Look("!", "#EFD3E3", "#8A3F6B", width=3.2),
    StepState.CANCELLED: _Look("⊘", "#FBE6B8", "#8A5F00", "dashed", 2.2),
    StepState.SKIPPED: _Look("-", "#F4F4F4", GREY, "dotted"),
    StepState.WAITING: _Look("…", "#FFFFFF", GREY),
    StepState.RUNNING: _Look("▶", "#CFE4F2", "#004C78", "dashdot", 2.2),
}


def draw_checkout_graph(
    states: Mapping[str, str] | None = None, *, title: str | None = None, figsize: Size | None = None
) -> Picture:
    """Draw `STEPS`: a row for each service, an arrow from each step to those that need it.

    Args:
        states: What became of each step, by its name: the values of `StepState`. A step left out has no mark.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: A step or a state that does not exist.
    """
    known = _known(states or {})
    graph = nx.DiGraph([(need, name) for name, step in STEPS.items() for need in step.needs])
    graph.add_nodes_from(STEPS)
    places = _places(graph)
    lanes = {STEPS[name].service: y for name, (_, y) in places.items()}
    width = max(x for x, _ in places.values()) + _WIDE / 2 + 0.25
    height = _HEAD + len(lanes) * _LANE + _FOOT
    with styled():
        sketch = Sketch(title or "Checkout", width, height, figsize)
        for service, y in lanes.items():
            _lane(sketch, service, y, width)
        for name in STEPS:
            needs = sorted(graph.predecessors(name), key=lambda need: places[need][1])
            for rank, need in enumerate(needs):
                down = _FAN * (rank - (len(needs) - 1) / 2)
                _edge(sketch, places[need], (places[name][0], places[name][1] + down))
        for name, place in places.items():
            _step(sketch, name, place, known.get(name))
        if known:
            _legend(sketch, known, (0.2, height - _FOOT / 2))
    sketch.picture.alt = _alt(known)
    return sketch.picture


def _known(states: Mapping[str, str]) -> dict[str, StepState]:
    unknown = [name for name in states if name not in STEPS]
    if unknown:
        raise HistoryError(f"There is no step {unknown[0]!r}; the steps are {', '.join(STEPS)}.")
    wrong = [state for state in states.values() if state not in set(StepState)]
    if wrong:
        raise HistoryError(f"A step cannot be {wrong[0]!r}; it is {', '.join(StepState)}.")
    return {name: StepState(state) for name, state in states.items()}


def _places(graph: "nx.DiGraph[str]") -> dict[str, Point]:
    """The middle of each step: rightwards by how many steps have to be done before, downwards by its service."""
    services = list(dict.fromkeys(step.service for step in STEPS.values()))
    return {
        name: (_LEFT + _WIDE / 2 + depth * _APART, _HEAD + (services.index(STEPS[name].service) + 0.5) * _LANE)
        for depth, names in enumerate(nx.topological_generations(graph))
        for name in names
    }


def _lane(sketch: Sketch, service: str, y: float, width: float) -> None:
    high = _LANE - 0.12
    sketch.band((0.1, y - high / 2), (width - 0.2, high), facecolor=LIGHT, alpha=0.5)
    sketch.band((0.1, y - high / 2), (0.09, high), facecolor=colour_of(service))
    sketch.text((0.3, y), service.replace("_", "_\n"), 13, weight="bold", ha="left")


def _edge(sketch: Sketch, start: Point, end: Point) -> None:
    sketch.arrow((start[0] + _WIDE / 2 + 0.03, start[1]), (end[0] - _WIDE / 2 - 0.03, end[1]), head=16)


def _step(sketch: Sketch, name: str, place: Point, state: StepState | None) -> None:
    look = _LOOKS[state] if state else _Look("", "#FFFFFF", colour_of(STEPS[name].service), width=2.0)
    style = {"facecolor": look.fill, "edgecolor": look.edge, "linestyle": look.line}
    sketch.box(place, (_WIDE, _HIGH), line=look.width, **style)
    text = f"{STEPS[name].procedure}\n{look.mark} {state}" if state else STEPS[name].procedure
    sketch.text(place, text, 13, linespacing=1.35)


def _legend(sketch: Sketch, known: Mapping[str, StepState], place: Point) -> None:
    shown = [state for state in StepState if state in known.values()]
    handles = [
        Patch(
            facecolor=_LOOKS[state].fill,
            edgecolor=_LOOKS[state].edge,
            linestyle=_LOOKS[state].line,
            linewidth=_LOOKS[state].width * sketch.scale,
            label=f"{_LOOKS[state].mark} {state}",
        )
        for state in shown
    ]
    sketch.legend(handles, place, len(handles))


def _alt(known: Mapping[str, StepState]) -> str:
    services = len({step.service for step in STEPS.values()})
    steps = [
        f"{name} of {step.service}"
        + (f" after {' and '.join(step.needs)}" if step.needs else "")
        + (f": {known[name]}" if name in known else "")
        for name, step in STEPS.items()
    ]
    return f"Dependency graph of the checkout. {len(STEPS)} steps of {services} services: {'; '.join(steps)}."
