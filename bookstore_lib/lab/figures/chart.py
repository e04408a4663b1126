"""What all charts share: the title on the left, axes without ornament, the legend below, letters that fit the size."""

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from bookstore_lib.lab.figures.picture import Picture, Size, size_or
from bookstore_lib.lab.figures.style import BLACK, LIGHT

_LETTERS, _TITLE = 12.0, 1.35  # points at the natural size; of the title, in sizes of letters
_SMALLEST, _LARGEST = 7.0, 15.0  # points
_LETTER = 0.57  # width of most letters, in sizes of letters
_HANDLE = 3.4  # what an entry of the legend is wider than its text, in sizes of letters
_POINTS = 72.0


class Chart:
    """A picture with axes below each other that share their time; to be used while `styled`.

    Letters shrink and grow with the width, but stay readable.

    Args:
        title: Above the picture.
        natural: Width and height in inches that it is meant for.
        figsize: Those asked for; the natural ones when `None`.
        heights: Of the axes, in shares.

    Attributes:
        picture: The picture.
        axes: From top to bottom.
        letters: The size of the letters, in points.
        scale: What lines and marks have to be multiplied with.
    """

    def __init__(self, title: str, natural: Size, figsize: Size | None, heights: Sequence[float] = (1.0,)) -> None:
        self._width, height = size_or(natural, figsize)
        self.letters = min(max(_LETTERS * self._width / natural[0], _SMALLEST), _LARGEST)
        self.scale = self.letters / _LETTERS
        mpl.rcParams.update({"font.size": self.letters, "hatch.linewidth": self.scale})
        pad = 0.08 * self.scale
        self.picture = Picture(self._width, height, ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, hspace=0.04))
        self.picture.suptitle(
            title, x=pad / self._width, ha="left", size=_TITLE * self.letters, weight="bold", wrap=True
        )
        grid = self.picture.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=list(heights))
        self.axes: list[Axes] = list(grid[:, 0])
        for axes in self.axes:
            self._plain(axes)

    def rows(self, names: Iterable[str]) -> None:
        """Name the rows of the first axes, from the top down: at 0, -1, -2, ..."""
        names = list(names)
        axes = self.axes[0]
        axes.set_yticks([-place for place in range(len(names))], names)
        axes.set_ylim(0.55 - len(names), 0.55)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)

    def mark(self, axes: Axes, x: float, y: float, marker: str, size: float, **style: Any) -> None:
        """One mark; `size` in points at the natural size."""
        axes.plot(x, y, linestyle="", clip_on=False, **self.look(marker, size, **style))

    def look(self, marker: str, size: float, face: str = BLACK, edge: str = BLACK, **style: Any) -> dict[str, Any]:
        """How a mark looks, in the chart and in its legend."""
        return {
            "marker": marker,
            "markersize": size * self.scale,
            "markerfacecolor": face,
            "markeredgecolor": edge,
            "markeredgewidth": 1.2 * self.scale,
        } | style

    def handle(self, label: str, marker: str, size: float, **style: Any) -> Line2D:
        """The entry of a mark in the legend."""
        return Line2D([], [], linestyle="", label=label, **self.look(marker, size, **style))

    def legend(self, handles: Sequence[Any]) -> None:
        """Below everything, in as many columns as there is room for."""
        longest = max(len(str(handle.get_label())) for handle in handles)
        wide = (longest * _LETTER + _HANDLE) * self.letters
        columns = max(1, min(len(handles), int(self._width * _POINTS / wide)))
        self.picture.legend(
            handles=list(handles),
            loc="outside lower left",
            ncols=columns,
            frameon=False,
            borderpad=0.2,
            borderaxespad=0.2,
            handlelength=1.6,
            handletextpad=0.6,
            columnspacing=1.4,
            labelspacing=0.4,
        )

    def _plain(self, axes: Axes) -> None:
        axes.tick_params(labelsize=self.letters, width=0.8 * self.scale, length=3.5 * self.scale)
        axes.grid(axis="x", color=LIGHT, linewidth=self.scale)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for spine in axes.spines.values():
            spine.set_linewidth(0.8 * self.scale)


def seconds_text(seconds: float) -> str:
    """A duration as people say it."""
    return f"{seconds:.1f} s" if abs(seconds) >= 0.9995 else f"{1000 * seconds:.0f} ms"
