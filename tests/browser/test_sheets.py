"""Every lab sheet in JupyterLab, in a real browser: all cells run, the buttons do what they say, nobody is asked."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ROOT
from tests.browser.learner import press_all

SHEETS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.timeout(900)


def after_the_last_panel(path):
    """The number of the cell after the last one that makes a panel; 0 where none does."""
    cells = json.loads(path.read_text())["cells"]
    made = [
        cell["cell_type"] == "code" and re.search(r"(Panel|Dashboard)\(", "".join(cell["source"])) for cell in cells
    ]
    return max((number + 1 for number, panel in enumerate(made) if panel), default=0)


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_a_sheet_runs_without_an_error_and_its_buttons_do_what_they_say(open_sheet, pictures, path):
    sheet = open_sheet(path.name)
    last = after_the_last_panel(path)

    if last:
        sheet.run_above(last)
        assert press_all(sheet.page)
    sheet.run_from(last)
    for theme in ("Light", "Dark"):
        sheet.theme(f"JupyterLab {theme}")
        sheet.page.screenshot(path=pictures / f"{path.stem}-{theme.lower()}.png")

    assert sheet.errors == []
    assert sheet.counts == list(range(1, len(sheet.counts) + 1))
    assert sheet.strangers == []


def test_the_sliders_of_the_sheet_on_elections_draw_another_timeline(open_sheet):
    sheet = open_sheet("04_leader_election.ipynb")
    cells = json.loads((ROOT / "notebooks" / "04_leader_election.ipynb").read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    sliders = next(number for number, source in enumerate(sources) if "ipywidgets.VBox(" in source)
    sheet.run_above(sliders + 1)

    sheet.page.get_by_role("slider").first.press("ArrowRight")

    expect(sheet.page.get_by_alt_text("Timeline of leadership").first).to_be_visible(timeout=60_000)
    sheet.page.get_by_role("slider").nth(1).press("End")
    expect(sheet.page.get_by_text("has to lie between")).to_be_visible()
