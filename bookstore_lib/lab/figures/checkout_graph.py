"""The checks of an order as a graph, and what became of each."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle

from bookstore_lib.core.checkout_graph import STEPS, StepState
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.style import BLACK, GREY, LIGHT, colour_of, styled

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


def draw_checkout_graph(states: Mapping[str, str] | None = None, *, title: str | None = None) -> Picture:
    """Draw `STEPS`: a row for each service, an arrow from each step to those that need it.

    Args:
        states: What became of each step, by its name: the values of `StepState`. A step left out has no mark.
        title: Above the picture.

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
        picture = Picture(width, height)
        picture.suptitle(
            title or "Checkout", x=0.2 / width, y=1 - 0.32 / height, ha="left", va="center", size=16, weight="bold"
        )
        axes = picture.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(_HEAD - height, _HEAD)
        for service, y in lanes.items():
            _lane(axes, service, y, width)
        for name in STEPS:
            needs = sorted(graph.predecessors(name), key=lambda need: places[need][1])
            for rank, need in enumerate(needs):
                up = _FAN * (rank - (len(needs) - 1) / 2)
                _edge(axes, places[need], (places[name][0], places[name][1] + up))
        for name, place in places.items():
            _step(axes, name, place, known.get(name))
        if known:
            _legend(axes, known, (0.2, _HEAD - height + _FOOT / 2))
    picture.alt = _alt(known)
    return picture


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
        name: (_LEFT + _WIDE / 2 + depth * _APART, -(services.index(STEPS[name].service) + 0.5) * _LANE)
        for depth, names in enumerate(nx.topological_generations(graph))
        for name in names
    }


def _lane(axes: Axes, service: str, y: float, width: float) -> None:
    band = Rectangle(
        (0.1, y - _LANE / 2 + 0.06), width - 0.2, _LANE - 0.12, facecolor=LIGHT, alpha=0.5, edgecolor="none"
    )
    axes.add_patch(band)
    axes.add_patch(Rectangle((0.1, y - _LANE / 2 + 0.06), 0.09, _LANE - 0.12, facecolor=colour_of(service)))
    axes.text(0.3, y, service.replace("_", "_\n"), size=13, weight="bold", va="center")


def _edge(axes: Axes, start: Point, end: Point) -> None:
    arrow = FancyArrowPatch(
        (start[0] + _WIDE / 2, start[1]),
        (end[0] - _WIDE / 2, end[1]),
        arrowstyle="-|>",
        mutation_scale=16,
        linewidth=1.6,
        color=BLACK,
        shrinkA=2,
        shrinkB=2,
        zorder=2,
    )
    axes.add_patch(arrow)


def _step(axes: Axes, name: str, place: Point, state: StepState | None) -> None:
    look = _LOOKS[state] if state else _Look("", "#FFFFFF", colour_of(STEPS[name].service), width=2.0)
    box = FancyBboxPatch(
        (place[0] - _WIDE / 2, place[1] - _HIGH / 2),
        _WIDE,
        _HIGH,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=look.fill,
        edgecolor=look.edge,
        linewidth=look.width,
        linestyle=look.line,
        zorder=3,
    )
    axes.add_patch(box)
    text = f"{STEPS[name].procedure}\n{look.mark} {state}" if state else STEPS[name].procedure
    axes.text(*place, text, size=13, ha="center", va="center", linespacing=1.35, zorder=4)


def _legend(axes: Axes, known: Mapping[str, StepState], place: Point) -> None:
    shown = [state for state in StepState if state in known.values()]
    handles = [
        Patch(
            facecolor=_LOOKS[state].fill,
            edgecolor=_LOOKS[state].edge,
            linestyle=_LOOKS[state].line,
            linewidth=_LOOKS[state].width,
            label=f"{_LOOKS[state].mark} {state}",
        )
        for state in shown
    ]
    axes.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=place,
        bbox_transform=axes.transData,
        ncols=len(handles),
        frameon=False,
        fontsize=12,
        borderpad=0,
        borderaxespad=0,
    )


def _alt(known: Mapping[str, StepState]) -> str:
    services = len({step.service for step in STEPS.values()})
    steps = [
        f"{name} of {step.service}"
        + (f" after {' and '.join(step.needs)}" if step.needs else "")
        + (f": {known[name]}" if name in known else "")
        for name, step in STEPS.items()
    ]
    return f"Dependency graph of the checkout. {len(STEPS)} steps of {services} services: {'; '.join(steps)}."
