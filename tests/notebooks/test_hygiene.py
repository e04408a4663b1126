"""The lab sheets as they are committed: complete, run top to bottom, the same in every run."""

import re

import pytest

from tests.notebooks.sheets import SHEETS, cells, source

VOLATILE = {
    "a time of day": r"\d\d:\d\d:\d\d",
    "a port": r"(localhost|127\.0\.0\.1|\[::1\]):\d+",
    "an order id": r"\b[0-9a-f]{32}\b",
    "a memory address": r"0x[0-9a-f]{6,}",
    "a folder of this machine": r"/(tmp|home|root|Users)/",
    "a particular executor leading": r"executor-\d leads",
    "a card number": r"\b\d(?:[ -]?\d){12,18}\b",
}
IGNORED = "# NBVAL_IGNORE_OUTPUT"
REFERENCES = (
    "Lamport, *Time, Clocks",
    "Mattern, *Virtual Time",
    "Fidge, *Timestamps",
    "Kleppmann, *How to do distributed locking",
    "The Redis documentation",
)


def texts(cell):
    """What a cell shows in words; tables and widgets as HTML, too."""
    for output in cell["outputs"]:
        yield "".join(output.get("text", []))
        for kind in ("text/plain", "text/html"):
            yield "".join(output.get("data", {}).get(kind, []))


def prose(sheet):
    return "\n\n".join(source(cell) for cell in cells(sheet, "markdown"))


def test_there_are_eight_sheets():
    assert [sheet.stem[:2] for sheet in SHEETS] == [f"0{number}" for number in range(1, 9)]


def test_few_outputs_are_ignored():
    ignored = [sheet.stem for sheet in SHEETS for cell in cells(sheet, "code") if IGNORED in source(cell)]

    assert len(ignored) <= 2, ignored


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_sheets_name_what_they_stand_on(reference):
    assert sum(reference in prose(sheet) for sheet in SHEETS) >= 2


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
class TestOutputs:
    def test_was_run_from_top_to_bottom(self, sheet):
        counts = [cell["execution_count"] for cell in cells(sheet, "code")]
        assert counts == list(range(1, len(counts) + 1))

    def test_has_no_error_and_no_warning_in_its_outputs(self, sheet):
        for cell in cells(sheet, "code"):
            for output in cell["outputs"]:
                assert output["output_type"] != "error", source(cell)
                assert output.get("name") != "stderr", output["text"]

    def test_shows_nothing_that_differs_from_run_to_run(self, sheet):
        for cell in cells(sheet, "code"):
            for text in texts(cell):
                for what, pattern in VOLATILE.items():
                    assert not re.search(pattern, text), f"{what} in the output of:\n{source(cell)}"

    def test_carries_no_widget_state(self, sheet):
        assert '"widgets": {' not in sheet.read_text()

    def test_every_picture_has_a_description_and_a_text_that_is_the_same_in_every_run(self, sheet):
        for cell in cells(sheet, "code"):
            for output in cell["outputs"]:
                if "image/png" in output.get("data", {}):
                    assert len(output["metadata"]["image/png"]["alt"]) > 40, source(cell)
                    assert re.fullmatch(r"[A-Z][A-Za-z -]+\.", "".join(output["data"]["text/plain"])), source(cell)
                assert not {"image/svg+xml", "image/jpeg"} & set(output.get("data", {})), source(cell)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
class TestSheet:
    def test_opens_with_what_it_teaches_and_how_long_it_takes(self, sheet):
        opening = source(next(cells(sheet)))
        (minutes,) = re.findall(r"It takes about (\d+) minutes", opening)

        assert opening.startswith(f"# {int(sheet.stem[:2])} · ")
        assert "**What this sheet teaches.**" in opening
        assert int(minutes) <= 20

    def test_asks_three_to_six_times_to_predict_and_folds_the_answer_away(self, sheet):
        questions = re.findall(r"^> \*\*Predict first\.\*\*.*?(?=^[^>]|\Z)", prose(sheet), re.MULTILINE | re.DOTALL)

        assert 3 <= len(questions) <= 6
        for question in questions:
            assert re.search(r"<details><summary>Answer</summary>.+</details>", question), question

    def test_has_an_exercise_with_a_check_and_a_solution(self, sheet):
        assert "## Exercise" in prose(sheet)
        for tag in ("exercise", "check", "solution"):
            assert list(cells(sheet, tag=tag)), tag

    def test_ends_with_what_to_break_and_what_to_read(self, sheet):
        headings = re.findall(r"^## (.*)$", prose(sheet), re.MULTILINE)
        reading = prose(sheet).partition("## Read on")[2]

        assert headings[-2:] == ["Now break it yourself", "Read on"]
        assert sum(reference in reading for reference in REFERENCES) >= 1
        assert reading.count("\n- ") >= 4

    def test_ends_every_bookstore_that_it_starts(self, sheet):
        code = "\n".join(source(cell) for cell in cells(sheet, "code"))
        stays = "It ends with the notebook's kernel" in prose(sheet)
        for name in re.findall(r"^(\w+) = Bookstore\(", code, re.MULTILINE):
            assert stays or re.search(rf"^{name}\.close\(\)$", code, re.MULTILINE), name

    def test_imports_only_public_names_of_the_library(self, sheet):
        for cell in cells(sheet, "code"):
            for line in source(cell).splitlines():
                assert not re.match(r"\s*(from|import) bookstore_lib\.", line), line

    def test_no_cell_is_longer_than_a_screen(self, sheet):
        for cell in cells(sheet, "code"):
            assert source(cell).count("\n") < 30
