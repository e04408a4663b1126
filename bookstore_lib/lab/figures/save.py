"""Saving pictures: byte for byte the same each time, with their letters and their description inside."""

from io import StringIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures.fonts import with_fonts
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.style import styled

ENDINGS = (".svg", ".pdf", ".png")
_DOTS_PER_INCH = 200


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Save a figure in the format that the ending of `path` names, and make its folder.

    Args:
        figure: Any matplotlib figure.
        path: Ends in `.svg`, `.pdf` or `.png`.

    Returns:
        The path.

    Raises:
        HistoryError: The ending is another one, or the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise HistoryError(
            f"A figure is saved as {', '.join(ENDINGS)}; choose one of these endings, not {path.name!r}."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".svg":
            path.write_text(svg_of(figure), encoding="utf-8", newline="\n")
        else:
            with styled():
                figure.savefig(path, format=ending[1:], dpi=_DOTS_PER_INCH, metadata=_metadata(figure, ending))
    except OSError as error:
        raise HistoryError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
    return path


def svg_of(figure: Figure) -> str:
    """The SVG of a figure, with its letters and its description inside."""
    stream = StringIO()
    with styled():
        figure.savefig(stream, format="svg", dpi=_DOTS_PER_INCH, metadata=_metadata(figure, ".svg"))
        return with_fonts(stream.getvalue(), figure)


def alt_text(figure: Figure) -> str:
    """What a figure of this package shows, in words; empty for other figures."""
    return figure.alt if isinstance(figure, Picture) else ""


def _metadata(figure: Figure, ending: str) -> dict[str, Any]:
    """Title and description, and no date: it would make every file another."""
    title, text = figure.get_suptitle() or "Figure", alt_text(figure)
    if ending == ".svg":
        return {"Title": title, "Description": text, "Date": None}
    if ending == ".pdf":
        return {"Title": title, "Subject": text, "CreationDate": None}
    return {"Title": title, "Description": text}
