"""Every lab sheet in JupyterLab, in a real browser: all cells run, the buttons do what they say, nobody is asked."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ROOT
from tests.browser.learner import TITLES, press_all

SHEETS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.timeout(900)


def panels(path):
    """The headings of its panels, and the number of the cell after the one that makes the last of them."""
    titles, after = [], 0
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        made = re.findall(r"(\w+Panel)\(", "".join(cell["source"])) if cell["cell_type"] == "code" else []
        titles += [TITLES[name] for name in made]
        after = number + 1 if made else after
    return dict.fromkeys(titles), after


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_a_sheet_runs_without_an_error_and_its_buttons_do_what_they_say(open_sheet, pictures, path):
    sheet = open_sheet(path.name)
    titles, after = panels(path)

    if titles:
        sheet.run_above(after)
        press_all(sheet.page, titles)
    sheet.run_from(after)
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
    expect(sheet.page.get_by_text("has to be renewed sooner than every")).to_be_visible()
