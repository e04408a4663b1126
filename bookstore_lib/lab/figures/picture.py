"""A figure that a notebook shows without pyplot, and that can say in words what it shows."""

from io import BytesIO
from typing import Any

from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from PIL import Image

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures.style import styled

Size = tuple[float, float]  # width and height, in inches

_DOTS_PER_INCH = 150
_CSS_PIXELS_PER_INCH = 72
_INCHES = 300.0  # beyond that a PNG has no room for it


def size_or(natural: Size, figsize: Size | None) -> Size:
    """The size asked for, or the natural one.

    Raises:
        HistoryError: What was asked for is no size.
    """
    size = natural if figsize is None else tuple(figsize)
    if len(size) != 2 or not all(isinstance(side, int | float) and 0 < side < _INCHES for side in size):
        raise HistoryError(f"A figsize is width and height in inches, such as (6.5, 4), not {figsize!r}.")
    return size[0], size[1]


class Picture(Figure):
    """A matplotlib figure with a description in words.

    A bare `Figure` is shown by a notebook only once pyplot was imported, and then as `<Figure size ...>` in text.

    Attributes:
        alt: What the picture shows, for those who cannot see it. The first sentence says what kind of picture it is
            and is the same for every execution.
    """

    def __init__(self, width: float, height: float, layout: LayoutEngine | None = None) -> None:
        """Make an empty picture; sizes in inches."""
        super().__init__(figsize=(width, height), facecolor="white", layout=layout)
        FigureCanvasAgg(self)
        self.alt = ""

    def draw(self, renderer: RendererBase) -> None:
        """Draw with the settings of this package, whoever asks."""
        with styled():
            super().draw(renderer)

    def __repr__(self) -> str:
        return self.alt

    __str__ = __repr__  # a Figure's would tell its size

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """For notebooks: a PNG, and the first sentence of the description as its text.

        There is no SVG among them: notebook checks compare it letter by letter, and two runs never draw the same.
        """
        width = round(self.get_figwidth() * _CSS_PIXELS_PER_INCH)
        text = self.alt.partition(". ")[0]
        return (
            {"image/png": self._small_png(), "text/plain": f"{text}."},
            {"image/png": {"alt": self.alt, "width": width}},
        )

    def _small_png(self) -> bytes:
        """With 256 colours, which nobody can tell from all: a third of the size, and notebooks keep every picture."""
        full, small = BytesIO(), BytesIO()
        with styled():
            self.savefig(full, format="png", dpi=_DOTS_PER_INCH)
        palette = Image.open(full).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        palette.save(small, format="png", optimize=True)
        return small.getvalue()
