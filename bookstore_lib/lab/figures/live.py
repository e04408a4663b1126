"""Pictures that change several times a second: plain SVG, in the colours of the page that they stand on."""

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.style import VERMILLION, colour_of
from bookstore_lib.lab.figures.terms import Term, overlaps, terms, times_frozen

_WIDTH, _LEFT, _RIGHT, _ROW, _AXIS = 640, 96, 8, 30, 22
_CURVE_HEIGHT, _CURVE_TOP = 120, 22
_TEXT = 'fill="currentColor" font-size="12"'


_Scale = Callable[[float], float]


class Curve(NamedTuple):
    """A line of numbers over time.

    Attributes:
        title: What it shows, with its unit.
        points: (seconds, value), by time.
        colour: Of the line.
    """

    title: str
    points: Sequence[tuple[float, float]]
    colour: str


def draw_election_strip(events: Sequence[TraceEvent], executors: Sequence[str], now: float, seconds: float) -> str:
    """Who believed to lead in the last seconds, and how long each lock lives: a moving `draw_election_timeline`.

    Args:
        events: Process events, by wall clock.
        executors: Names of the rows.
        now: Wall seconds at the right end of what has happened.
        seconds: How much of the past is shown; a tenth as much of the future is.

    Returns:
        An SVG element.
    """
    start, end = now - seconds, now + seconds / 10
    scale = (_WIDTH - _LEFT - _RIGHT) / (end - start)

    def at(wall: float) -> float:
        return _LEFT + (min(max(wall, start), end) - start) * scale

    rows = {name: 6 + place * _ROW for place, name in enumerate(executors)}
    height = 6 + len(rows) * _ROW + _AXIS
    known = [term for term in terms(events) if base_name(term.process) in rows]
    parts = [f'<text x="0" y="{y + 15}" {_TEXT}>{escape(name)}</text>' for name, y in rows.items()]
    for one, other, begin, stop in overlaps([_until(term, now) for term in known]):
        label = escape(f"split brain of {one.process} and {other.process}")
        parts.append(_box(at(begin), 0, at(stop) - at(begin), height - _AXIS, VERMILLION, "0.3", label))
    for term in known:
        if max(term.end, term.key_until) > start:
            parts += _term(term, rows[base_name(term.process)], at, now)
    for process, begin, stop in _frozen(events, now):
        if process in rows and stop > start:
            frame = 'none" stroke="currentColor" stroke-dasharray="3'
            width = at(stop) - at(begin)
            parts.append(_box(at(begin), rows[process] + 2, width, 15, frame, "1", f"{process} is frozen"))
    parts.append(f'<line x1="{at(now):.1f}" x2="{at(now):.1f}" y1="0" y2="{height - _AXIS}" stroke="currentColor"/>')
    parts += _seconds(at, now, seconds, height)
    leads = [base_name(term.process) for term in known if term.start <= now < term.end]
    return _svg(
        parts, height, f"Leadership of the last {seconds:g} seconds. Now leading: {', '.join(leads) or 'nobody'}."
    )


def draw_curves(curves: Sequence[Curve], seconds: float) -> str:
    """Small curves, one below the other, over the same last seconds; each with its last and its greatest value."""
    last = max((curve.points[-1][0] for curve in curves if curve.points), default=0.0)
    parts: list[str] = []
    for place, curve in enumerate(curves):
        parts += _curve(curve, place * _CURVE_HEIGHT, max(last, seconds) - seconds, seconds)
    told = "; ".join(f"{curve.title}: {curve.points[-1][1]:g}" for curve in curves if curve.points)
    return _svg(parts, len(curves) * _CURVE_HEIGHT, f"Curves of the last {seconds:g} seconds. {told}")


def _until(term: Term, now: float) -> Term:
    return Term(term.process, term.epoch, term.start, min(term.end, now), term.key_until, term.ended_by)


def _term(term: Term, y: float, at: _Scale, now: float) -> list[str]:
    colour, end = colour_of(term.process), min(term.end, now)
    title = f"{term.process} leads, epoch {term.epoch}"
    bars = [
        _box(at(term.start), y + 2, at(end) - at(term.start), 15, colour, "1", title),
        _box(at(term.start), y + 19, at(term.key_until) - at(term.start), 4, colour, "0.5", "its lock in Redis"),
    ]
    if at(end) - at(term.start) > 24:
        middle = (at(term.start) + at(end)) / 2
        paint = 'fill="currentColor" font-size="11" text-anchor="middle"'
        halo = 'stroke="var(--jp-layout-color0, white)" stroke-width="3" paint-order="stroke"'
        bars.append(f'<text x="{middle:.1f}" y="{y + 14}" {paint} {halo}>{term.epoch}</text>')
    return bars


def _frozen(events: Sequence[TraceEvent], now: float) -> list[tuple[str, float, float]]:
    """The pauses; one that nobody has ended lasts until now."""
    still = list(times_frozen([*events, TraceEvent("now", "now", "", "local", "now", wall=now)]))
    return [(process, begin, end) for process, begin, end in still if begin < end]


def _seconds(at: _Scale, now: float, seconds: float, height: float) -> list[str]:
    step = 5 if seconds <= 40 else 10
    return [
        f'<text x="{at(now - ago):.1f}" y="{height - 6}" text-anchor="middle" {_TEXT}>{"now" if ago == 0 else -ago}'
        f"{'' if ago == 0 else ' s'}</text>"
        for ago in range(0, int(seconds) + 1, step)
    ]


def _curve(curve: Curve, top: float, first: float, seconds: float) -> list[str]:
    shown = [point for point in curve.points if point[0] >= first]
    most = max((value for _, value in shown), default=0.0)
    now = f"{_number(shown[-1][1])} now, {_number(most)} at most" if shown else "nothing yet"
    base, room = top + _CURVE_HEIGHT - 6, _CURVE_HEIGHT - _CURVE_TOP - 12
    spots = " ".join(
        f"{(x - first) / seconds * _WIDTH:.1f},{base - room * value / (most or 1):.1f}" for x, value in shown
    )
    return [
        f'<text x="0" y="{top + 15}" {_TEXT}>{escape(curve.title)}: {now}</text>',
        f'<line x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}" stroke="currentColor" stroke-opacity="0.4"/>',
        f'<polyline points="{spots}" fill="none" stroke="{curve.colour}" stroke-width="2"/>',
    ]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _box(x: float, y: float, width: float, height: float, colour: str, opacity: str, title: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height}" fill="{colour}"'
        f' fill-opacity="{opacity}"><title>{escape(title)}</title></rect>'
    )


def _svg(parts: Sequence[str], height: float, label: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
        f' style="max-width: 100%; color: var(--jp-ui-font-color1, inherit)">{"".join(parts)}</svg>'
    )
