"""One JupyterLab and one browser for all tests of this folder."""

import shutil

import nbformat
import pytest
from playwright.sync_api import sync_playwright

from tests.browser.jupyter import ROOT, Sheet, jupyter, launch
from tests.support import eventually, still_running


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    for sheet in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(sheet, folder)
    nbformat.write(all_panels(), folder / "all_panels.ipynb")
    with jupyter(folder, folder / "jupyter.log") as served:
        yield served


@pytest.fixture(scope="session")
def lab_url(lab):
    url, _ = lab
    return url


def all_panels():
    """A notebook with a start cell, and then a cell for each panel."""
    start = "from bookstore_lib import *\n\nshop = Bookstore(executors=3, lease_ttl=1.5, links=True)"
    panels = ["OrderPanel", "ClusterPanel", "ElectionPanel", "LoadPanel", "FaultPanel", "ClockPanel"]
    cells = [start, *(f"{panel}(shop)" for panel in panels)]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_sheet(page, lab):
    """Opens a sheet; it is closed at the end of the test, and then nothing of it runs any more."""
    url, server = lab
    opened = []

    def open_(name):
        opened.append(Sheet(page, url, name))
        return opened[-1]

    yield open_
    everything = server.children(recursive=True)
    if opened:
        opened[-1].close()
    eventually(lambda: not still_running(everything), seconds=30)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder for screenshots, to be looked at: `screenshots0` below the folder of `--basetemp`."""
    return tmp_path_factory.mktemp("screenshots")
