"""The lab sheets as they are committed: run top to bottom, and showing nothing that differs from run to run."""

import json
import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
VOLATILE = {
    "a time of day": r"\d\d:\d\d:\d\d",
    "a port": r"(localhost|127\.0\.0\.1):\d+",
    "an order id": r"\b[0-9a-f]{32}\b",
    "a memory address": r"0x[0-9a-f]{6,}",
    "a folder of this machine": r"/(tmp|home|root|Users)/",
    "a particular executor leading": r"executor-\d leads",
    "a card number": r"\b\d(?:[ -]?\d){12,18}\b",
}


def code_cells(sheet):
    return [cell for cell in json.loads(sheet.read_text())["cells"] if cell["cell_type"] == "code"]


def texts(cell):
    for output in cell["outputs"]:
        yield "".join(output.get("text", []))
        yield "".join(output.get("data", {}).get("text/plain", []))


def test_there_are_sheets():
    assert SHEETS


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
class TestSheet:
    def test_was_run_from_top_to_bottom(self, sheet):
        counts = [cell["execution_count"] for cell in code_cells(sheet)]
        assert counts == list(range(1, len(counts) + 1))

    def test_has_no_error_and_no_warning_in_its_outputs(self, sheet):
        for cell in code_cells(sheet):
            for output in cell["outputs"]:
                assert output["output_type"] != "error", cell["source"]
                assert output.get("name") != "stderr", output["text"]

    def test_shows_nothing_that_differs_from_run_to_run(self, sheet):
        for cell in code_cells(sheet):
            for text in texts(cell):
                for what, pattern in VOLATILE.items():
                    assert not re.search(pattern, text), f"{what} in the output of:\n{''.join(cell['source'])}"

    def test_ignores_no_output(self, sheet):
        assert "NBVAL_IGNORE_OUTPUT" not in sheet.read_text()

    def test_carries_no_widget_state(self, sheet):
        assert "widgets" not in json.loads(sheet.read_text())["metadata"]

    def test_every_picture_has_a_description(self, sheet):
        for cell in code_cells(sheet):
            for output in cell["outputs"]:
                if "image/png" in output.get("data", {}):
                    assert len(output["metadata"]["image/png"]["alt"]) > 40, "".join(cell["source"])

    def test_imports_only_public_names_of_the_library(self, sheet):
        for cell in code_cells(sheet):
            for line in "".join(cell["source"]).splitlines():
                assert not re.match(r"\s*(from|import) bookstore_lib\.", line), line

    def test_no_cell_is_longer_than_a_screen(self, sheet):
        for cell in code_cells(sheet):
            assert "".join(cell["source"]).count("\n") < 30
