"""An order's Gantt chart: how long it waited in the queue, how long each call took, and which of them decided."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.patches import Patch

from bookstore_lib.core.calls import Call, calls
from bookstore_lib.core.causality import causal_order
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.happens_before import HappensBefore
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.chart import Chart, seconds_text
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.style import BLACK, GREEN, GREY, RED, VERMILLION, colour_of, styled, tags

_WIDTH, _ROW, _REST = 12.0, 0.32, 1.7  # inches
_BAR = 0.62
_ENDS = {"settled": ("D", GREEN), "answered": ("*", VERMILLION), "cleared": ("o", "white")}


class _Bar(NamedTuple):
    """A row of the chart; times are wall seconds, `critical` when the order's end had to wait for it."""

    name: str
    colour: str
    start: float
    end: float
    answer: str
    critical: bool


def draw_gantt(events: Sequence[TraceEvent], *, title: str | None = None, figsize: Size | None = None) -> Picture:
    """Draw a row for the time in the queue and one for each call of a service, by the wall clock.

    The bars that the answer to the customer had to wait for, one after the other, have a black edge: shorten one of
    them and the order is done sooner. The picture compares the wall clocks of the processes, which only makes sense on
    one machine.

    Args:
        events: Those of one order, in any order.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: There are no events, those of more than one order, or nobody worked on the order yet.
    """
    events = causal_order(events)
    orders = {event.order_id for event in events}
    if len(orders) != 1 or "" in orders:
        raise HistoryError("A Gantt chart shows one order: give the events of one, history.order(order_id) has them.")
    bars = _bars(events)
    if not bars:
        raise HistoryError(f"Nobody has worked on order {events[0].order_id} yet: there is nothing to draw.")
    with styled():
        title = title or f"Order {events[0].order_id}"
        chart = Chart(title, (_WIDTH, _REST + _ROW * len(bars)), figsize)
        _draw(chart, bars, events)
    chart.picture.alt = _alt(bars, events)
    return chart.picture


def _bars(events: Sequence[TraceEvent]) -> list[_Bar]:
    answers = [event for event in events if event.name == "answered"]
    path = HappensBefore(events).critical_path(answers[-1] if answers else events[-1])
    critical = {hop.event.id for hop in path}
    found = calls(events)
    callers = {call.asked.process for call in found}
    last = max(event.wall for event in events)
    bars = [*_waits(events, critical), *(_bar(call, critical, last, several=len(callers) > 1) for call in found)]
    return sorted(bars, key=lambda bar: bar.start)


def _waits(events: Sequence[TraceEvent], critical: set[str]) -> list[_Bar]:
    """The times between `order_queued` and each time that an executor received it."""
    sent = {event.id: event for event in events if event.kind == "send"}
    return [
        _Bar("waits in queue", GREY, sent[event.message_id].wall, event.wall, "reply", event.id in critical)
        for event in events
        if event.name == "order_queued" and event.kind == "receive" and event.message_id in sent
    ]


def _bar(call: Call, critical: set[str], last: float, *, several: bool) -> _Bar:
    (caller,) = tags((call.asked.process,)).values()
    (service,) = tags((call.service,)).values()
    name = f"{call.asked.name} {service}" + (f" by {caller}" if several else "")
    end = call.answered.wall if call.answered else last
    is_critical = call.answered is not None and call.answered.id in critical and call.asked.id in critical
    return _Bar(name, colour_of(call.service), call.asked.wall, end, call.answer, is_critical)


def _draw(chart: Chart, bars: Sequence[_Bar], events: Sequence[TraceEvent]) -> None:
    axes, zero = chart.axes[0], min(event.wall for event in events)
    span = max(event.wall for event in events) - zero or 0.001
    chart.rows(bar.name for bar in bars)
    axes.set_xlim(-0.01 * 1000 * span, 1.1 * 1000 * span)
    axes.set_xlabel("milliseconds since the order was accepted")
    for place, bar in enumerate(bars):
        start, length = 1000 * (bar.start - zero), 1000 * (bar.end - bar.start)
        axes.barh(
            -place,
            length,
            left=start,
            height=_BAR,
            color=bar.colour if bar.answer == "reply" else "white",
            edgecolor=BLACK if bar.critical else bar.colour,
            hatch=None if bar.answer == "reply" else "////",
            linewidth=(2.4 if bar.critical else 1.0) * chart.scale,
        )
        text = {"none": "no answer", "error": f"error after {seconds_text(bar.end - bar.start)}"}
        told = text.get(bar.answer, seconds_text(bar.end - bar.start))
        axes.annotate(
            told,
            (start + length, -place),
            (5 * chart.scale, 0),
            textcoords="offset points",
            va="center_baseline",
            size="small",
            color=BLACK if bar.answer == "reply" else RED,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8 * chart.scale},
        )
    _moments(chart, events, zero)
    chart.legend([*_patches(bars), *_handles(chart, events)])


def _moments(chart: Chart, events: Sequence[TraceEvent], zero: float) -> None:
    axes = chart.axes[0]
    for event in events:
        if event.name in _ENDS:
            marker, face = _ENDS[event.name]
            x = 1000 * (event.wall - zero)
            axes.axvline(x, color=GREY, linewidth=chart.scale, linestyle=":", zorder=0.5)
            chart.mark(axes, x, 0.55, marker, 12 if marker == "*" else 8, face=face, zorder=5)


def _patches(bars: Sequence[_Bar]) -> list[Patch]:
    named = {bar.colour: bar.name for bar in bars if bar.colour != GREY}
    services = ("transaction_verification", "fraud_detection", "suggestions")
    patches = [Patch(facecolor=colour_of(name), label=name) for name in services if colour_of(name) in named]
    if any(bar.critical for bar in bars):
        patches.append(Patch(facecolor="white", edgecolor=BLACK, linewidth=2, label="critical path"))
    if any(bar.answer != "reply" for bar in bars):
        patches.append(Patch(facecolor="white", edgecolor=GREY, hatch="////", label="error or no answer"))
    return patches


def _handles(chart: Chart, events: Sequence[TraceEvent]) -> list[object]:
    names = {event.name for event in events}
    return [
        chart.handle(name, marker, 11 if marker == "*" else 8, face=face)
        for name, (marker, face) in _ENDS.items()
        if name in names
    ]


def _alt(bars: Sequence[_Bar], events: Sequence[TraceEvent]) -> str:
    told = "; ".join(
        f"{bar.name}: {'no answer' if bar.answer == 'none' else seconds_text(bar.end - bar.start)}" for bar in bars
    )
    critical = ", ".join(bar.name for bar in bars if bar.critical)
    return f"Gantt chart of an order. {events[0].order_id}: {told}. Critical path: {critical or 'none of these'}."
