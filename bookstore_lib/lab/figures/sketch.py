"""A sheet to sketch on: one coordinate system in inches, from the top left, scaled to the size asked for."""

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.picture import Picture, Size, size_or
from bookstore_lib.lab.figures.style import BLACK

_MARGIN, _TITLE, _ROUND = 0.2, 16.0, 0.08


class Sketch:
    """A picture of boxes, circles, arrows and texts; to be used while `styled`.

    All lengths are inches at the natural size, y grows downwards, sizes of letters are points. A sheet that is asked
    for in another size is scaled as a whole.

    Args:
        title: On the left, in the first half inch.
        width: Of the sheet.
        height: Of the sheet.
        figsize: The size asked for; the natural one when `None`.
    """

    def __init__(self, title: str, width: float, height: float, figsize: Size | None = None) -> None:
        wide, high = size_or((width, height), figsize)
        self.scale = min(wide / width, high / height)
        self.picture = Picture(wide, high)
        self._axes = self.picture.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()
        spare_x, spare_y = (wide / self.scale - width) / 2, (high / self.scale - height) / 2
        self._axes.set_xlim(-spare_x, width + spare_x)
        self._axes.set_ylim(height + spare_y, -spare_y)
        x, y = (_MARGIN + spare_x) * self.scale / wide, 1 - (0.32 + spare_y) * self.scale / high
        self.picture.suptitle(title, x=x, y=y, ha="left", va="center", size=_TITLE * self.scale, weight="bold")

    def text(self, at: Point, text: str, size: float = 12.0, *, boxed: bool = False, **style: Any) -> None:
        """A text, in the middle of its place unless `ha` and `va` say otherwise; `boxed` hides what is below."""
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5 * self.scale} if boxed else None
        align: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 5}
        self._axes.text(*at, text, size=size * self.scale, bbox=box, **(align | style))

    def box(self, middle: Point, size: Size, *, line: float = 1.6, **style: Any) -> None:
        """A box with round corners about its middle."""
        x, y = middle[0] - size[0] / 2, middle[1] - size[1] / 2
        shape = f"round,pad=0,rounding_size={min(_ROUND, *size)}"
        look: dict[str, Any] = {"facecolor": "white", "edgecolor": BLACK, "zorder": 3} | style
        self._axes.add_patch(FancyBboxPatch((x, y), *size, boxstyle=shape, linewidth=line * self.scale, **look))

    def band(self, corner: Point, size: Size, **style: Any) -> None:
        """A bare rectangle behind everything, from its upper left corner."""
        self._axes.add_patch(Rectangle(corner, *size, edgecolor="none", zorder=0.4, **style))

    def circle(self, middle: Point, radius: float, *, line: float = 1.6, **style: Any) -> None:
        """A circle about its middle."""
        look: dict[str, Any] = {"facecolor": "white", "edgecolor": BLACK, "zorder": 3} | style
        self._axes.add_patch(Circle(middle, radius, linewidth=line * self.scale, **look))

    def arrow(self, start: Point, end: Point, *, line: float = 1.6, head: float = 14.0, **style: Any) -> None:
        """An arrow from one point to another."""
        look: dict[str, Any] = {"arrowstyle": "-|>", "color": BLACK, "zorder": 2, "shrinkA": 0, "shrinkB": 0} | style
        self._axes.add_patch(
            FancyArrowPatch(start, end, mutation_scale=head * self.scale, linewidth=line * self.scale, **look)
        )

    def line(self, xs: Sequence[float], ys: Sequence[float], *, line: float = 1.6, **style: Any) -> None:
        """A line through points."""
        self._axes.plot(xs, ys, linewidth=line * self.scale, **style)

    def legend(self, handles: Sequence[Artist], at: Point, columns: int) -> None:
        """A legend with its left edge, half way up, at a place."""
        self._axes.legend(
            handles=list(handles),
            loc="center left",
            bbox_to_anchor=at,
            bbox_transform=self._axes.transData,
            ncols=columns,
            frameon=False,
            fontsize=12 * self.scale,
            borderpad=0,
            borderaxespad=0,
        )
