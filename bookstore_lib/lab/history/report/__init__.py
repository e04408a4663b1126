"""The report of a run, ready to hand in: the same contents as one page of HTML and as a PDF."""

from pathlib import Path
from typing import TYPE_CHECKING

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.history.report.contents import contents
from bookstore_lib.lab.history.report.page import to_html
from bookstore_lib.lab.history.report.sheets import to_pdf

if TYPE_CHECKING:
    from bookstore_lib.lab.history.history import History

__all__ = ["write_report"]


def write_report(history: "History", folder: Path, title: str, seed: str) -> tuple[Path, Path]:
    """Write `report.html` and `report.pdf`; arguments, result and errors as those of `History.report`."""
    report = contents(history, title, seed)
    page, sheets = to_html(report).encode(), to_pdf(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.html").write_bytes(page)
        (folder / "report.pdf").write_bytes(sheets)
    except OSError as error:
        raise HistoryError(f"{folder} cannot be written to: {error.strerror}. Choose another folder.") from error
    return folder / "report.html", folder / "report.pdf"
