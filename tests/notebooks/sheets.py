"""The lab sheets as data."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHEETS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

Cell = dict[str, Any]


def cells(sheet: Path, kind: str = "", tag: str = "") -> Iterator[Cell]:
    """The cells of a sheet, of one kind (`code` or `markdown`) or with a tag where they are given."""
    for cell in json.loads(sheet.read_text())["cells"]:
        if kind in ("", cell["cell_type"]) and (not tag or tag in cell["metadata"].get("tags", ())):
            yield cell


def source(cell: Cell) -> str:
    """The text of a cell."""
    return "".join(cell["source"])
