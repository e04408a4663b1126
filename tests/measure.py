"""What is in a picture, measured with the renderer that draws it."""

from collections.abc import Sequence
from math import cos, radians, sin
from typing import Any

from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from bookstore_lib.lab.figures.style import styled

Corners = list[tuple[float, float]]
Boxes = list[tuple[Corners, str]]


def texts(figure: Figure) -> list[Text]:
    """All that can be read in the figure."""
    _arrange(figure)
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible() and text.get_text()]
    hidden = _beyond_the_axes(figure)
    return [text for text in found if text not in hidden]


def _arrange(figure: Figure) -> None:
    """Let legends and axes find their places; drawing everything takes ten times as long, and most places are fixed."""
    if figure.get_layout_engine():
        if figure.stale:
            figure.draw_without_rendering()
    else:
        canvas: Any = figure.canvas
        for legend in figure.findobj(Legend):
            legend.draw(canvas.get_renderer())


def _beyond_the_axes(figure: Figure) -> set[Text]:
    """The numbers of axes that matplotlib keeps, but does not draw, as they lie outside the view."""
    axes: list[Any] = [axis for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis)]
    drawn = {tick.label1 for axis in axes for tick in axis._update_ticks()}
    return {label for axis in axes for label in axis.get_ticklabels()} - drawn


def corners(text: Text) -> Corners:
    """The corners of a text as drawn, in pixels: its level extent, turned about its anchor; to be called `styled`."""
    x, y = text.get_transform().transform(text.get_position())
    angle = text.get_rotation()
    text.set_rotation(0)
    box = text.get_window_extent()
    text.set_rotation(angle)
    c, s = cos(radians(angle)), sin(radians(angle))
    level = [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)]
    return [(x + (a - x) * c - (b - y) * s, y + (a - x) * s + (b - y) * c) for a, b in level]


def cover(one: Corners, other: Corners) -> bool:
    """Whether two convex polygons overlap: no side of either has all of the other beyond it."""
    for polygon, against in ((one, other), (other, one)):
        for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if all((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) <= 0 for x, y in against):
                return False
    return True


def arrows(figure: Figure) -> list[FancyArrowPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def ends(arrow: Any) -> Any:
    """Where an arrow begins and ends; matplotlib has no public name for that."""
    return arrow._posA_posB


def boxes(figure: Figure) -> Boxes:
    """The corners of each text that can be read, from left to right."""
    with styled():
        return sorted(((corners(text), text.get_text()) for text in texts(figure)), key=lambda box: _frame(box[0])[0])


def covering(figure: Figure, found: Boxes | None = None) -> list[tuple[str, str]]:
    """The pairs of texts that cover each other; `found` spares measuring them again."""
    frames = [(_frame(box), box, text) for box, text in found or boxes(figure)]
    pairs = []
    for place, ((_, right, low, high), one, a) in enumerate(frames):
        for (left, _, other_low, other_high), other, b in frames[place + 1 :]:
            if left >= right:  # and so are all that come after it
                break
            if other_low < high and low < other_high and cover(one, other):
                pairs.append((a, b))
    return pairs


def outside(figure: Figure, found: Boxes | None = None) -> list[str]:
    """The texts that leave the picture; `found` as for `covering`."""
    width, height = figure.canvas.get_width_height()
    return [
        text for box, text in found or boxes(figure) if not all(0 <= x <= width and 0 <= y <= height for x, y in box)
    ]


def covered_marks(figure: Figure, found: Boxes | None = None) -> list[str]:
    """The texts over marks; `found` as for `covering`."""
    middles = marks(figure)
    over = []
    for box, text in found or boxes(figure):
        xs, ys = zip(*box, strict=True)
        near = [(x, y) for x, y in middles if min(xs) - 4 < x < max(xs) + 4 and min(ys) - 4 < y < max(ys) + 4]
        over += [text for middle in near if cover(square(middle, 3.5), box)]
    return over


def shown(figure: Figure) -> list[str]:
    """All that can be read."""
    return [text.get_text() for text in texts(figure)]


def marks(figure: Figure, marker: str = "") -> list[tuple[float, float]]:
    """Where the marks of events and the ends of stubs are, in pixels; of one kind only where `marker` names it."""
    axes = figure.axes[0]
    lines: Any = axes.lines
    chosen = [line for line in lines if len(line.get_xydata()) == 1 and marker in ("", line.get_marker())]
    return [tuple(axes.transData.transform(line.get_xydata()[0])) for line in chosen]


def square(middle: Sequence[float], half: float) -> Corners:
    """A square about a point, in pixels."""
    x, y = middle
    return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]


def _frame(polygon: Corners) -> tuple[float, float, float, float]:
    """Left, right, low, high."""
    xs, ys = zip(*polygon, strict=True)
    return min(xs), max(xs), min(ys), max(ys)
