"""The dashboard as a page by itself, in a real browser."""

import os
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ROOT, free_port, serving, watch_requests

_LONG = 120_000  # ms; a bookstore of its own starts with the page


@pytest.fixture(scope="module")
def dashboard_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dashboard")
    port = free_port()
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", "dashboard", f"--port={port}", "--no-browser"]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "JUPYTER_CONFIG_DIR": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    # The page itself would start a bookstore.
    with serving(command, f"http://127.0.0.1:{port}", "/voila/static/voila.js", folder / "log", environment) as url:
        yield url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_dashboard_shows_all_panels_and_its_buttons_work(page, dashboard_url, pictures, theme):
    strangers = watch_requests(page)
    page.set_viewport_size({"width": 1920, "height": 1900})
    page.goto(f"{dashboard_url}/?voila-theme={theme}", timeout=_LONG)

    for title in ("Processes", "Orders", "Election", "Load", "Faults", "Vector clocks"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=_LONG)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("table")).to_contain_text("Order Approved", timeout=_LONG)
    expect(page.get_by_role("application", name="Space-time diagram")).to_be_visible(timeout=_LONG)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("img", name="Curves of the last")).to_be_visible(timeout=_LONG)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Order Approved.").last).to_be_visible(timeout=_LONG)
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_text("It landed")).to_be_visible(timeout=_LONG)
    page.screenshot(path=pictures / f"dashboard-{theme}.png")

    assert strangers == []
