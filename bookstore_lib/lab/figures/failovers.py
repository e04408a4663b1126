"""How long nobody led: the failovers of a run, and their distribution."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple

from matplotlib.lines import Line2D

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.chart import Chart, seconds_text
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILLION, styled
from bookstore_lib.lab.figures.terms import Term, fault_of, subject, terms

_WIDTH, _ROW, _REST = 12.0, 0.95, 1.9  # inches
_BINS = 60  # dots nearer to each other than a bin stand on each other
_GOLDEN = 0.618  # steps of it, without their whole part, spread evenly and show no pattern
_COLOURS = {"killed": VERMILLION, "frozen": PURPLE, "handed over": GREEN, "lost the lock": BLUE}
_FAULTS = {"killed": "killed", "paused": "frozen"}


class Failover(NamedTuple):
    """A change of leaders.

    Attributes:
        leader: Who led before.
        successor: Who led after; both with incarnations.
        how: `killed`, `frozen`, `handed over` (it was stopped), or `lost the lock`.
        seconds: From the end of the leader's work to the election of the successor; 0 where the terms overlap.
    """

    leader: str
    successor: str
    how: str
    seconds: float


def failovers(events: Iterable[TraceEvent]) -> list[Failover]:
    """The changes of leaders in a run, by time.

    Args:
        events: Of a run, in any order; those of orders are passed over.
    """
    own = sorted((event for event in events if not event.order_id), key=lambda event: event.wall)
    found = []
    for term, after in pairwise(terms(own)):
        how, end = _end(term, own, after.start)
        found.append(Failover(term.process, after.process, how, max(after.start - end, 0.0)))
    return found


def life_of_the_lock(events: Iterable[TraceEvent]) -> float | None:
    """For how many seconds a renewal keeps the lock; `None` where nobody renewed it."""
    lives = (e.detail["key_until"] - e.detail["began"] for e in events if e.name == "renewed" and "began" in e.detail)
    return max(lives, default=None)


def draw_failovers(
    seconds: Mapping[str, Sequence[float]],
    *,
    lease: float | None = None,
    title: str | None = None,
    figsize: Size | None = None,
) -> Picture:
    """Draw how long failovers took: a row for each way to lose a leader, a dot for each time.

    Args:
        seconds: By how the leader was lost, such as `killed`; `failovers` finds them in a run.
        lease: Life of the lock in seconds, drawn as a line: who is not told of a crash has to wait for its end.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: There is no failover to draw, or one that took less than no time.
    """
    rows = {how: sorted(times) for how, times in seconds.items() if times}
    if not rows:
        raise HistoryError("There is no failover to draw; kill the leader and wait for the next one.")
    if min(times[0] for times in rows.values()) < 0:
        raise HistoryError("A failover cannot take less than 0 seconds.")
    with styled():
        chart = Chart(title or "How long nobody leads", (_WIDTH, _REST + _ROW * len(rows)), figsize)
        _draw(chart, rows, lease)
    chart.picture.alt = _alt(rows, lease)
    return chart.picture


def _end(term: Term, events: Sequence[TraceEvent], until: float) -> tuple[str, float]:
    """How a term ended, and when its leader did its last work."""
    for event in events:
        if not term.start <= event.wall <= until or subject(event) != term.process:
            continue
        if fault_of(event) in _FAULTS:
            return _FAULTS[fault_of(event)], event.wall
        if event.name == "demoted" and "stopped" in str(event.detail.get("reason")):
            return "handed over", event.wall
    return "lost the lock", min(term.end, term.key_until)


def _draw(chart: Chart, rows: Mapping[str, Sequence[float]], lease: float | None) -> None:
    axes = chart.axes[0]
    longest = max([*(times[-1] for times in rows.values()), lease or 0.0]) or 1.0
    chart.rows(rows)
    axes.set_xlim(-0.01 * longest, 1.06 * longest)
    axes.set_xlabel("seconds without a leader")
    for place, (how, times) in enumerate(rows.items()):
        middle = median(times)
        axes.plot([middle] * 2, [-place - 0.3, -place + 0.3], color=BLACK, linewidth=2.4 * chart.scale, zorder=2)
        for x, height in _stacked(times, longest / _BINS):
            colour = _COLOURS.get(how, GREY)
            chart.mark(axes, x, -place + height, "o", 8, face=colour, edge="white", zorder=3, alpha=0.9)
        told = f"median {seconds_text(middle)}, n = {len(times)}" if len(times) > 1 else seconds_text(middle)
        side: Literal["left", "center", "right"] = (
            "left" if middle < 0.2 * longest else "right" if middle > 0.8 * longest else "center"
        )
        axes.annotate(told, (middle, -place + 0.3), (0, 2), textcoords="offset points", ha=side, va="bottom")
    handles = [
        chart.handle("a failover", "o", 8, face=GREY, edge="white"),
        Line2D([], [], color=BLACK, linewidth=2.4 * chart.scale, label="median"),
    ]
    if lease is not None:
        axes.axvline(lease, color=BLACK, linestyle="--", linewidth=1.4 * chart.scale, zorder=1)
        label = f"life of the lock ({seconds_text(lease)})"
        handles.append(Line2D([], [], color=BLACK, linestyle="--", linewidth=1.4 * chart.scale, label=label))
    chart.legend(handles)


def _stacked(times: Sequence[float], width: float) -> list[tuple[float, float]]:
    """Each time with a height, so that dots near to each other stand above and below each other."""
    bins: dict[int, list[float]] = {}
    for time in times:
        bins.setdefault(int(time / width), []).append(time)
    high = min(0.5, 0.16 * (max(len(near) for near in bins.values()) - 1))
    return [
        (time, high * (place * _GOLDEN % 1 - 0.5 if len(near) > 1 else 0.0))
        for near in bins.values()
        for place, time in enumerate(near)
    ]


def _alt(rows: Mapping[str, Sequence[float]], lease: float | None) -> str:
    told = "; ".join(
        f"{how}: {len(times)} times, median {seconds_text(median(times))}, longest {seconds_text(times[-1])}"
        for how, times in rows.items()
    )
    life = "" if lease is None else f" The lock lives {seconds_text(lease)}."
    return f"Distribution of failover times. {told}.{life}"
