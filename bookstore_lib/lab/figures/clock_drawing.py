"""Puts a sheet on a picture: title and captions on top, the field below, everything scaled to the size asked for."""

from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import pairwise
from math import ceil
from textwrap import wrap
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

from bookstore_lib.core.spacetime import Arrow, Stretch
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_emphasis import Emphasis
from bookstore_lib.lab.figures.clock_lanes import spans
from bookstore_lib.lab.figures.clock_marks import AGAIN, CUTS, HALOS, LANES, WRONG, Mark, legend, mark_of
from bookstore_lib.lab.figures.clock_sheet import MARK, Direction, Line, Sheet, Text
from bookstore_lib.lab.figures.clock_texts import is_answer
from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.picture import Picture, size_or
from bookstore_lib.lab.figures.style import BLACK, CHARACTER, FADED, LIGHT, MONOSPACE, colour_of

_POINTS = 72.0
_EDGE, _LEAST_WIDTH = 12.0, 480.0
_TITLE, _CAPTION = 15.0, 9.5  # sizes of letters
_LINE = 1.5  # in sizes of letters
_HANDLE = 44.0  # what a line of the legend is wider than its text
_STRAIGHT = 0.42  # how much of the way to the next lane the line of a cut goes straight
_BEYOND = 10.0  # from the last event inside a cut to its line


class Drawing:
    """Draws a sheet.

    Args:
        sheet: What is where.
        emphasis: What stands out.
        title: Above all.
        captions: Lines below the title, each with its colour; wrapped where they are too long.
        figsize: Width and height in inches, or the natural size.
    """

    def __init__(
        self,
        sheet: Sheet,
        emphasis: Emphasis,
        title: str,
        captions: Sequence[tuple[str, str]],
        figsize: tuple[float, float] | None,
    ) -> None:
        self._sheet, self._emphasis = sheet, emphasis
        width = max(sheet.width + 2 * _EDGE, _LEAST_WIDTH)
        letters = int((width - 2 * _EDGE) / (CHARACTER * _CAPTION))
        lines = [(part, colour) for line, colour in captions for part in wrap(line, letters)]
        labels = [str(handle.get_label()) for handle in legend(sheet, emphasis, 1.0)]
        columns = _legend_columns(labels, width - 2 * _EDGE)
        rows = ceil(len(labels) / columns)
        head = 2.2 * _TITLE + (len(lines) + rows) * _CAPTION * _LINE + _EDGE
        height = head + sheet.height
        wide, high = size_or((width / _POINTS, height / _POINTS), figsize)
        self._scale = min(wide * _POINTS / width, high * _POINTS / height)
        self.picture = Picture(wide, high)
        self._axes = self._make_axes(width, height)
        self._head(title, lines, columns)

    def draw(self) -> Picture:
        """Everything, from the back to the front."""
        spacetime = self._sheet.spacetime
        for rule in self._sheet.rules:
            self._line(rule, color=LIGHT, linewidth=0.6, zorder=0)
        for stretch in spacetime.stretches:
            self._left_out(stretch)
        for lane in range(len(self._sheet.across)):
            self._lane(lane)
        for arrow in spacetime.arrows:
            self._arrow(arrow)
        for event in (*spacetime.lost, *spacetime.orphans):
            self._stub(event)
        for event in spacetime.events:
            self._event(event)
        for text in self._sheet.texts:
            self._text(text)
        self._cut()
        return self.picture

    def _make_axes(self, width: float, height: float) -> Axes:
        axes = self.picture.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        spare_x = self.picture.get_figwidth() * _POINTS / self._scale - width
        spare_y = self.picture.get_figheight() * _POINTS / self._scale - height
        axes.set_xlim(-_EDGE - spare_x / 2, width - _EDGE + spare_x / 2)
        axes.set_ylim(-spare_y / 2, height + spare_y / 2)
        self._top = height
        return axes

    def _head(self, title: str, lines: Sequence[tuple[str, str]], columns: int) -> None:
        top = self._top - 1.1 * _TITLE
        x, y = self.picture.transFigure.inverted().transform(self._axes.transData.transform((0.0, top)))
        self.picture.suptitle(title, x=x, y=y, ha="left", va="center", size=_TITLE * self._scale, weight="bold")
        top -= 1.1 * _TITLE
        for line, colour in lines:
            top -= _CAPTION * _LINE
            self._axes.text(
                0, top + 3, line, size=_CAPTION * self._scale, family=MONOSPACE, color=colour, va="baseline"
            )
        self._axes.legend(
            handles=legend(self._sheet, self._emphasis, self._scale),
            loc="upper left",
            bbox_to_anchor=(0.0, top - 4),
            bbox_transform=self._axes.transData,
            ncols=columns,
            frameon=False,
            fontsize=_CAPTION * self._scale,
            borderpad=0,
            borderaxespad=0,
            handletextpad=0.5,
            columnspacing=1.6,
            labelspacing=0.4,
        )

    def _add(self, artist: Artist) -> None:
        """Without looking whether the limits of the axes hold it, for which `plot` and `add_patch` take most time."""
        self._axes.add_artist(artist)

    def _line(self, line: Line, **style: Any) -> None:
        (x1, y1), (x2, y2) = line
        style["linewidth"] *= self._scale
        self._add(Line2D([x1, x2], [y1, y2], solid_capstyle="butt", dash_capstyle="butt", **style))

    def _marker(self, at: Point, mark: Mark, colour: str, face: str, zorder: int) -> None:
        look: dict[str, Any] = {"marker": mark.marker, "markersize": mark.size * self._scale, "color": colour}
        self._add(
            Line2D([at[0]], [at[1]], markerfacecolor=face, markeredgewidth=1.5 * self._scale, zorder=zorder, **look)
        )

    def _left_out(self, stretch: Stretch) -> None:
        """A faint band across all lanes."""
        sheet, at = self._sheet, self._sheet.gap(stretch)
        if sheet.direction == "right":
            corner, size = (at - MARK, 0.0), (2 * MARK, sheet.height - 2 * MARK)
        else:
            corner, size = (0.0, sheet.height - at - MARK), (sheet.width, 2 * MARK)
        self._add(Rectangle(corner, *size, facecolor=LIGHT, alpha=0.6, edgecolor="none", zorder=0))

    def _lane(self, lane: int) -> None:
        """A line that is as the process was: up, down or frozen; dotted where a stretch is left out."""
        sheet = self._sheet
        own = [event for event in sheet.spacetime.events if sheet.spacetime.lanes[event.process] == lane]
        process = next(name for name, place in sheet.spacetime.lanes.items() if place == lane)
        colour = FADED if self._emphasis.highlight else colour_of(process)
        for start, end, state in spans(own, sheet.along, sheet.span):
            width, style = LANES[state]
            line = Line(sheet.point(lane, start), sheet.point(lane, end))
            self._line(line, color=colour, linewidth=width, linestyle=style, zorder=1)
        for stretch in sheet.spacetime.stretches:
            at = sheet.gap(stretch)
            hidden = Line(sheet.point(lane, at - MARK), sheet.point(lane, at + MARK))
            self._line(hidden, color="white", linewidth=6, zorder=1)
            self._line(hidden, color=colour, linewidth=1.4, linestyle=":", zorder=1)

    def _arrow(self, arrow: Arrow) -> None:
        sheet = self._sheet
        start, end = sheet.line(arrow.send, arrow.receive)
        if sheet.along[arrow.send.id] == sheet.along[arrow.receive.id]:
            return  # both ends are in one stretch that is left out
        thin = is_answer(arrow.send)
        strong = self._emphasis.breaks(arrow.receive)
        shrink = (MARK / 2 + 1) * self._scale
        self._add(
            FancyArrowPatch(
                start,
                end,
                arrowstyle="->" if thin else "-|>",
                mutation_scale=10 * self._scale,
                shrinkA=shrink,
                shrinkB=shrink,
                linewidth=(2.6 if strong else 0.9 if thin else 1.5) * self._scale,
                linestyle=AGAIN if arrow.again else "solid",
                color=self._emphasis.arrow_colour(arrow),
                zorder=2,
            )
        )

    def _stub(self, event: TraceEvent) -> None:
        line = self._sheet.stub(event)
        lost = event.kind == "send"
        colour = self._emphasis.colour(event)
        self._line(line, color=colour, linewidth=1.3, linestyle="-" if lost else ":", zorder=2)
        ink = self._emphasis.ink(event, BLACK)
        self._marker(line.end if lost else line.start, Mark("x", 8) if lost else Mark("d", 9), ink, ink, 3)

    def _event(self, event: TraceEvent) -> None:
        at, colour, role = self._sheet.mark(event), self._emphasis.colour(event), self._emphasis.role(event)
        if role in HALOS:
            self._marker(at, HALOS[role], colour, "white", 3)
        mark = WRONG if event.id in self._emphasis.wrong else mark_of(event, self._sheet.direction)
        self._marker(at, mark, colour, colour if mark.filled else "white", 4)

    def _text(self, text: Text) -> None:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6 * self._scale} if text.boxed else None
        event = self._by_id.get(text.event_id)
        self._axes.text(
            *text.at,
            text.text,
            size=text.size * self._scale,
            family=MONOSPACE,
            weight=text.weight,
            style=text.style,
            color=self._emphasis.ink(event, text.colour) if event else text.colour,
            ha=text.align[0],
            va=text.align[1],
            rotation=text.angle,
            rotation_mode="anchor",
            bbox=box,
            zorder=5,
        )

    @cached_property
    def _by_id(self) -> dict[str, TraceEvent]:
        return {event.id: event for event in self._sheet.spacetime.events}

    def _cut(self) -> None:
        """A line straight across each lane just behind its last event inside, so that it passes over no other event."""
        cut = self._emphasis.cut
        if cut is None:
            return
        sheet = self._sheet
        colour, style = CUTS[cut.consistent]
        points = [sheet.point(lane, self._cut_at(lane, cut.inside)) for lane in range(len(sheet.across))]
        xs, ys = zip(*_stepped(points, sheet.direction), strict=True)
        self._add(Line2D(xs, ys, color=colour, linestyle=style, linewidth=2.2 * self._scale, zorder=2.5))

    def _cut_at(self, lane: int, inside: Collection[str]) -> float:
        sheet = self._sheet
        own = [event for event in sheet.spacetime.events if sheet.spacetime.lanes[event.process] == lane]
        last = max([sheet.along[event.id] for event in own if event.id in inside], default=sheet.span[0])
        later = [sheet.along[event.id] for event in own if sheet.along[event.id] > last]
        return last + min([_BEYOND, *((along - last) / 2 for along in later)])


def _stepped(points: Sequence[Point], direction: Direction) -> list[Point]:
    """A line through points that goes from one lane to the next halfway between them."""
    found = [points[0]]
    for (x1, y1), (x2, y2) in pairwise(points):
        if direction == "right":
            found += [(x1, y1 + _STRAIGHT * (y2 - y1)), (x2, y2 - _STRAIGHT * (y2 - y1))]
        else:
            found += [(x1 + _STRAIGHT * (x2 - x1), y1), (x2 - _STRAIGHT * (x2 - x1), y2)]
    return [*found, points[-1]]


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """How many columns of the legend fit side by side, when each is as wide as the widest."""
    widths = [len(label) * CHARACTER * _CAPTION + _HANDLE for label in labels]
    return len(labels) if sum(widths) <= width else max(1, int(width / max(widths)))
