"""The dashboard as a page by itself, in a real browser."""

import os
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.access import faint, nameless, unreachable
from tests.browser.jupyter import ROOT, free_port, serving, watch_requests
from tests.browser.learner import LONG, PRESS, press_all, shown

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dashboard")
    port = free_port()
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", "dashboard", f"--port={port}", "--no-browser"]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "JUPYTER_CONFIG_DIR": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    # The page itself would start a bookstore.
    with serving(command, f"http://127.0.0.1:{port}", "/voila/static/voila.js", folder / "log", environment) as served:
        yield served


@pytest.mark.parametrize(("theme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 17, 17)")])
def test_the_dashboard_shows_all_panels_and_its_buttons_work(page, dashboard, pictures, theme, ground):
    url, _ = dashboard
    strangers = watch_requests(page)
    page.set_viewport_size({"width": 1920, "height": 1300})
    page.goto(f"{url}/?theme={theme}", timeout=LONG)

    for title in PRESS:
        expect(shown(page, title)).to_be_visible(timeout=LONG)
    assert press_all(page) == list(PRESS)
    page.screenshot(path=pictures / f"dashboard-{theme}.png")

    expect(page.locator("body")).to_have_css("background-color", ground)
    assert [
        fault for title in PRESS for check in (nameless, unreachable, faint) for fault in check(shown(page, title))
    ] == []
    assert strangers == []
