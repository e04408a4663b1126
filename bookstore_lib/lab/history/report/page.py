"""A report as one page of HTML that needs nothing else: its pictures are inside, with their descriptions."""

from base64 import b64encode
from html import escape
from itertools import count

from bookstore_lib.lab.figures import alt_text, svg_of
from bookstore_lib.lab.history.report.parts import Exhibit, Heading, Paragraph, Part, Report, Table

_STYLE = """
body { margin: 0; background: #fff; color: #111; font: 17px/1.5 "STIX Two Text", "Times New Roman", Times, serif; }
main { max-width: 56rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 1.2rem; padding-bottom: .5rem; border-bottom: 2px solid #111; }
h2 { font-size: 1.35rem; margin: 2.4rem 0 .6rem; break-after: avoid; }
p { margin: .5rem 0; }
.alarm { color: #c1001f; }
table { border-collapse: collapse; border-top: 2px solid #111; border-bottom: 2px solid #111; margin: .8rem 0;
  font-size: .92rem; font-variant-numeric: tabular-nums; }
td, th { text-align: left; vertical-align: top; padding: .16rem 1.2rem .16rem .2rem; }
thead th { border-bottom: 1px solid #111; }
tbody th { white-space: nowrap; }
tr { break-inside: avoid; }
.wide { overflow-x: auto; }
figure { margin: 1rem 0; break-inside: avoid; text-align: center; }
figure img { max-width: 100%; height: auto; }
figcaption { font-size: .92rem; text-align: left; margin: .4rem 0 0; }
@media print { body { font-size: 10.5pt; } main { max-width: none; padding: 0; } @page { size: A4; margin: 18mm; } }
"""
_PIXELS_PER_INCH = 120  # a picture that fills a printed page fills the column on a screen


def to_html(report: Report) -> str:
    """The whole page."""
    number = count(1)
    parts = "\n".join(_part(part, number) for part in report.parts)
    title = escape(report.title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n<style>{_STYLE}</style>\n'
        f"</head>\n<body>\n<main>\n<h1>{title}</h1>\n{parts}\n</main>\n</body>\n</html>\n"
    )


def _part(part: Part, number: "count[int]") -> str:
    if isinstance(part, Heading):
        return f"<h2>{escape(part.text)}</h2>"
    if isinstance(part, Paragraph):
        return f"<p class={'alarm' if part.alarm else 'text'}>{escape(part.text)}</p>"
    if isinstance(part, Table):
        return _table(part)
    return _figure(part, next(number))


def _table(table: Table) -> str:
    head = f"<thead><tr>{_cells('th', table.header)}</tr></thead>" if table.header else ""
    first = "td" if table.header else "th"
    rows = "\n".join(f"<tr>{_cells(first, row[:1])}{_cells('td', row[1:])}</tr>" for row in table.rows)
    return f'<div class="wide"><table>{head}<tbody>\n{rows}\n</tbody></table></div>'


def _cells(tag: str, cells: tuple[str, ...]) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)


def _figure(exhibit: Exhibit, number: int) -> str:
    data = b64encode(svg_of(exhibit.picture).encode()).decode()
    wide, high = (round(_PIXELS_PER_INCH * side) for side in exhibit.picture.get_size_inches())
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" width="{wide}" height="{high}" '
        f'alt="{escape(alt_text(exhibit.picture))}">\n'
        f"<figcaption><b>Figure {number}.</b> {escape(exhibit.caption)}</figcaption></figure>"
    )
