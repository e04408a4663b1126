"""One JupyterLab and one browser for all tests of this folder."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.jupyter import ROOT, Sheet, jupyter, launch


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    for sheet in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(sheet, folder)
    with jupyter(folder, folder / "jupyter.log") as url:
        yield url


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_sheet(page, lab_url):
    """Opens a sheet; its kernel ends with the test."""
    opened = []

    def open_(name):
        opened.append(Sheet(page, lab_url, name))
        return opened[-1]

    yield open_
    for sheet in opened:
        sheet.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder for screenshots, to be looked at: `screenshots0` below the folder of `--basetemp`."""
    return tmp_path_factory.mktemp("screenshots")
