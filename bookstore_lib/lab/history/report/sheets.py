"""A report as a PDF of sheets of A4, by matplotlib alone: a sheet is a picture that is saved with a wide margin."""

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import Any, NamedTuple

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox

from bookstore_lib.lab.figures import Picture
from bookstore_lib.lab.figures.style import BLACK, GREY, RED, styled
from bookstore_lib.lab.history.report.parts import Exhibit, Heading, Paragraph, Part, Report, Table

# Inches: of a sheet, of its margins, of what is between them.
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 8.27, 11.69, 0.635, 0.7, 0.7
_COLUMN = _WIDTH - 2 * _LEFT
_FONT = "STIXGeneral"  # comes with matplotlib
_BODY, _SECTION, _TITLE, _FOOT, _SMALL = 10.5, 14.0, 20.0, 9.0, 9.5  # points
_LINE = 1.25 / 72  # inches of a line for each point of its letters
_ROW = _SMALL * _LINE
_GAP, _BETWEEN = 0.12, 0.22  # inches: after a part, between the columns of a table


class _Text(NamedTuple):
    """A line of text, from its lower left corner on, in inches from the left and the top of the sheet."""

    x: float
    y: float
    text: str
    style: dict[str, Any]


class _Rule(NamedTuple):
    """A line from the left, to `end`; `width` in points."""

    y: float
    end: float
    width: float


class _Sheet:
    """What stands on a sheet so far, and where there is still room: at most one picture."""

    def __init__(self) -> None:
        self.y = _TOP
        self.marks: list[_Text | _Rule] = []
        self.picture: Picture | None = None
        self.bottom = 0.0  # of the picture

    def room(self) -> float:
        """Inches that are left."""
        return _HEIGHT - _BOTTOM - self.y


def to_pdf(report: Report) -> bytes:
    """The whole file, which has no date in it."""
    sheets = _Layout().lay(report)
    stream = BytesIO()
    with styled(), PdfPages(stream, metadata={"Title": report.title, "CreationDate": None}) as pages:
        for number, sheet in enumerate(sheets, 1):
            footer = f"{report.title}, page {number} of {len(sheets)}"
            sheet.marks.append(_Text(_LEFT, _HEIGHT - 0.45, footer, {"size": _FOOT, "color": GREY}))
            pages.savefig(_drawn(sheet), bbox_inches=Bbox.from_bounds(*_frame(sheet)), facecolor="white")
    return stream.getvalue()


def _frame(sheet: _Sheet) -> tuple[float, float, float, float]:
    """The sheet, seen from the lower left corner of its picture."""
    wide = sheet.picture.get_figwidth() if sheet.picture else _COLUMN
    return -(_WIDTH - wide) / 2, -(_HEIGHT - sheet.bottom), _WIDTH, _HEIGHT


def _drawn(sheet: _Sheet) -> Picture:
    """The picture of a sheet with all texts around it; on the saved sheet inches count from its own corner."""
    picture = sheet.picture or Picture(_COLUMN, 1.0)
    # Its layout is done now: on the larger sheet a legend would go to the foot of the sheet.
    picture.draw_without_rendering()
    picture.set_layout_engine("none")
    for legend in picture.legends:
        legend.set_bbox_to_anchor((0, 0, 1, 1), picture.transFigure)
    inches = picture.dpi_scale_trans
    for mark in sheet.marks:
        if isinstance(mark, _Text):
            picture.text(mark.x, _HEIGHT - mark.y, mark.text, transform=inches, family=_FONT, **mark.style)
        else:
            y = _HEIGHT - mark.y
            picture.add_artist(Line2D([_LEFT, mark.end], [y, y], transform=inches, color=BLACK, linewidth=mark.width))
    return picture


class _Layout:
    """Puts parts below each other, on a new sheet where there is no room."""

    def __init__(self) -> None:
        self._sheets = [_Sheet()]
        self._number = count(1)

    def lay(self, report: Report) -> list[_Sheet]:
        """All sheets."""
        self._lines(report.title, _TITLE, weight="bold")
        self._rule(_WIDTH - _LEFT, 1.4)
        self._sheet.y += _GAP
        for place, part in enumerate(report.parts):
            following = report.parts[place + 1 : place + 2]
            if isinstance(part, Heading):
                self._need(0.5 + sum(_least(each) for each in following), picture=isinstance(following[0], Exhibit))
            self._part(part)
        return self._sheets

    @property
    def _sheet(self) -> _Sheet:
        return self._sheets[-1]

    def _need(self, inches: float, *, picture: bool = False) -> None:
        if self._sheet.room() < inches or (picture and self._sheet.picture):
            self._sheets.append(_Sheet())

    def _part(self, part: Part) -> None:
        if isinstance(part, Heading):
            self._sheet.y += _GAP
            self._lines(part.text, _SECTION, weight="bold")
        elif isinstance(part, Paragraph):
            self._lines(part.text, _BODY, color=RED if part.alarm else BLACK)
        elif isinstance(part, Table):
            self._table(part)
        else:
            self._exhibit(part)
        self._sheet.y += _GAP

    def _lines(self, text: str, size: float, x: float = _LEFT, **style: Any) -> None:
        for line in _wrapped(text, size, _WIDTH - _LEFT - x, style.get("weight", "normal")):
            self._need(size * _LINE)
            self._sheet.y += size * _LINE
            self._sheet.marks.append(_Text(x, self._sheet.y, line, {"size": size, **style}))

    def _rule(self, end: float, width: float) -> None:
        self._sheet.y += 0.06
        self._sheet.marks.append(_Rule(self._sheet.y, end, width))

    def _exhibit(self, exhibit: Exhibit) -> None:
        self._need(_least(exhibit), picture=True)
        sheet = self._sheet
        sheet.picture = exhibit.picture
        sheet.y += exhibit.picture.get_figheight()
        sheet.bottom = sheet.y
        self._lines(f"Figure {next(self._number)}. {exhibit.caption}", _SMALL)

    def _table(self, table: Table) -> None:
        xs, end = _columns(table)
        self._need(_least(table))
        self._rule(end, 1.0)
        if table.header:
            self._row(table.header, xs, weight="bold")
            self._rule(end, 0.5)
        for row in table.rows:
            self._row(row, xs)
        self._rule(end, 1.0)

    def _row(self, row: tuple[str, ...], xs: list[float], **style: Any) -> None:
        """Only the last cell may need more than a line."""
        last = _wrapped(row[-1], _SMALL, _WIDTH - _LEFT - xs[-1])
        self._need(len(last) * _ROW)
        sheet, top = self._sheet, self._sheet.y
        for x, cell in zip(xs[:-1], row[:-1], strict=True):
            sheet.marks.append(_Text(x, top + _ROW, cell, {"size": _SMALL, **style}))
        self._lines(row[-1], _SMALL, xs[-1], **style)


def _least(part: Part) -> float:
    """Inches that the part needs on a sheet."""
    if isinstance(part, Exhibit):
        return float(part.picture.get_figheight()) + (len(_wrapped(part.caption, _SMALL, _COLUMN)) + 1) * _ROW
    return (len(part.rows) + 1) * _ROW + 0.2 if isinstance(part, Table) else _ROW


def _columns(table: Table) -> tuple[list[float], float]:
    """Where each column begins, and where the last one ends."""
    rows = [table.header, *table.rows] if table.header else table.rows
    widths = [max(_width(cell, _SMALL, "bold") for cell in cells) for cells in zip(*rows, strict=True)]
    xs = [_LEFT + sum(widths[:place]) + place * _BETWEEN for place in range(len(widths))]
    return xs, min(xs[-1] + widths[-1], _WIDTH - _LEFT)


def _wrapped(text: str, size: float, inches: float, weight: str = "normal") -> list[str]:
    return list(_filled(text.split(), size, inches, weight)) or [""]


def _filled(words: list[str], size: float, inches: float, weight: str) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line} {word}".strip()
        if line and _width(longer, size, weight) > inches:
            yield line
            longer = word
        line = longer
    yield line


def _width(text: str, size: float, weight: str = "normal") -> float:
    """Inches."""
    font = FontProperties(family=_FONT, size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72
