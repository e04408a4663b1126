"""Queue depth and throughput of a run over time, with the faults that explain them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.chart import Chart
from bookstore_lib.lab.figures.load import Load, loads, throughput
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.style import BLACK, BLUE, GREEN, ORANGE, VERMILLION, styled
from bookstore_lib.lab.figures.terms import fault_of, subject

Line = Literal["solid", "dashed", "dashdot", "dotted"]

_NATURAL = (12.0, 5.6)
_BARS = 40  # about as many are drawn
_SPANS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds that a bar may stand for
_FAULTS: Mapping[str, Line] = {"killed": "solid", "paused": "dashed", "stopped": "dashdot", "flushed": "dotted"}


def draw_queue(events: Sequence[TraceEvent], *, title: str | None = None, figsize: Size | None = None) -> Picture:
    """Draw how many orders wait and how many are under way, and below it how many are settled per second.

    Args:
        events: Of a whole run, in any order.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: No order was accepted.
    """
    first = min((event.wall for event in events if event.name == "accepted"), default=None)
    if first is None:
        raise HistoryError("There are no accepted orders to count; place an order first.")
    during = [event for event in events if event.wall >= first]
    last = max(event.wall for event in during if event.order_id)
    during = [event for event in during if event.wall <= last]
    depth = loads(during)
    with styled():
        chart = Chart(title or "Queue depth and throughput", _NATURAL, figsize, (1.4, 1.0))
        _depth(chart, depth, first, last)
        _throughput(chart, during, last - first)
        handles = _faults(chart, during, first)
        chart.legend([*_legend(), *handles])
    chart.picture.alt = _alt(depth, during, last - first)
    return chart.picture


def _depth(chart: Chart, depth: Sequence[Load], first: float, last: float) -> None:
    axes = chart.axes[0]
    times = [load.wall - first for load in depth] + [last - first]
    waiting = [load.waiting for load in depth] + [depth[-1].waiting]
    under_way = [load.under_way for load in depth] + [depth[-1].under_way]
    both = [a + b for a, b in zip(waiting, under_way, strict=True)]
    axes.fill_between(times, under_way, step="post", color=BLUE, linewidth=0)
    hatched: dict[str, Any] = {"facecolor": ORANGE, "hatch": "////", "edgecolor": "white"}
    axes.fill_between(times, both, under_way, step="post", linewidth=0, **hatched)
    axes.step(times, both, where="post", color=BLACK, linewidth=chart.scale)
    axes.set_ylabel("orders")
    axes.set_ylim(0, None)
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))


def _throughput(chart: Chart, events: Sequence[TraceEvent], span: float) -> None:
    axes, seconds = chart.axes[-1], _seconds_of_a_bar(span)
    rates = throughput(events, seconds)
    places = [seconds * (place + 0.5) for place in range(len(rates))]
    axes.bar(places, rates, width=0.9 * seconds, color=GREEN)
    axes.set_ylabel("settled per second")
    axes.set_xlabel("seconds since the first order")
    axes.set_xlim(-0.01 * span, seconds * len(rates))


def _seconds_of_a_bar(span: float) -> float:
    return next((seconds for seconds in _SPANS if span / seconds <= _BARS), span / _BARS)


def _faults(chart: Chart, events: Sequence[TraceEvent], first: float) -> list[Line2D]:
    """A line through both charts for each fault, with the name of whom it hit."""
    names: dict[str, None] = {}
    for event in sorted(events, key=lambda event: event.wall):
        name = fault_of(event)
        if name not in _FAULTS or event.order_id:
            continue
        names[name] = None
        for axes in chart.axes:
            line = _FAULTS[name]
            axes.axvline(event.wall - first, color=VERMILLION, linestyle=line, linewidth=1.6 * chart.scale)
    return [
        Line2D([], [], color=VERMILLION, linestyle=_FAULTS[name], linewidth=1.6 * chart.scale, label=name)
        for name in names
    ]


def _legend() -> list[Patch]:
    return [
        Patch(facecolor=ORANGE, hatch="////", edgecolor="white", label="waiting in the queue"),
        Patch(facecolor=BLUE, label="under way"),
        Patch(facecolor=GREEN, label="settled"),
    ]


def _alt(depth: Sequence[Load], events: Sequence[TraceEvent], span: float) -> str:
    settled = sum(event.name == "settled" and not event.detail.get("refused") for event in events)
    most = max(depth, key=lambda load: load.waiting + load.under_way)
    faults = [
        f"{subject(event)} {fault_of(event)}" for event in events if fault_of(event) in _FAULTS and not event.order_id
    ]
    return (
        f"Queue depth and throughput over time. {settled} orders are settled in {span:.1f} seconds; at most "
        f"{most.waiting + most.under_way} are open at once. Faults: {', '.join(faults) or 'none'}."
    )
