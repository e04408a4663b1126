"""JupyterLab and a browser on it, for the tests of this folder."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import requests
from playwright.sync_api import Browser, Page, Playwright, Request

from tests.support import eventually

ROOT = Path(__file__).parents[2]
TOKEN = "browser-tests"
# A browser that asks nobody anything: what it still sends belongs to the page.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
_OFFLINE = [
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]
_OPEN = "(name) => window.jupyterapp?.shell.currentWidget?.context?.path === name"
_RUN = """async ([command, cell]) => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    panel.content.activeCellIndex = cell;
    await app.commands.execute(command);
}"""
_CODE_CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter((cell) => cell.model.type === "code")
    .map((cell) => [cell.model.executionCount, cell.model.outputs.toJSON()])"""
_RESTART = "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
_THEME = "async (name) => { await window.jupyterapp.commands.execute('apputils:change-theme', { theme: name }); }"
_CLOSE = "async () => { await window.jupyterapp.serviceManager.sessions.shutdownAll(); }"


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium where it is installed, else Playwright's own."""
    own = shutil.which("chromium")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=own, args=[*as_root, *QUIET])


@contextmanager
def jupyter(folder: Path, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A JupyterLab on a folder; gives its address and its process."""
    port = free_port()
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", *as_root, *_OFFLINE, "--no-browser", f"--port={port}"]
    command += ["--expose-app-in-browser", f"--IdentityProvider.token={TOKEN}", str(folder)]
    news = folder / ".settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false"}')  # else it asks whether it may, on top of what is to be seen
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "JUPYTER_CONFIG_DIR": str(folder / ".jupyter"),  # not what the developer has chosen
        "JUPYTER_DATA_DIR": str(folder / ".jupyter-data"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
        "IPYTHONDIR": str(folder / ".ipython"),
    }
    with serving(command, f"http://127.0.0.1:{port}", "/api", log, environment) as served:
        yield served


@contextmanager
def serving(
    command: list[str], url: str, path: str, log: Path, environment: dict[str, str]
) -> Iterator[tuple[str, psutil.Process]]:
    """A web server for the time of the block; gives its address and its process."""
    with log.open("ab") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
    try:
        eventually(lambda: _answers(url + path) or server.poll() is not None, seconds=180)
        assert server.poll() is None, log.read_text()
        yield url, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(timeout=60)


class Sheet:
    """A lab sheet in JupyterLab.

    Attributes:
        page: The browser's page.
        strangers: The addresses outside this machine that the page asked for.
    """

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page = page
        self.strangers = watch_requests(page)
        # In a workspace of its own: the default one brings back the sheet of the test before, in front of this one.
        page.goto(f"{url}/lab/workspaces/{uuid4().hex}/tree/{name}?token={TOKEN}")
        page.wait_for_function(_OPEN, arg=name)

    def run_all(self) -> None:
        """Run all cells and wait until each has been run."""
        self.page.evaluate(_RUN, ["notebook:run-all-cells", 0])

    def run_above(self, cell: int) -> None:
        """Run the cells before this one."""
        self.page.evaluate(_RUN, ["notebook:run-all-above", cell])

    def run_from(self, cell: int) -> None:
        """Run this cell and those after it."""
        self.page.evaluate(_RUN, ["notebook:run-all-below", cell])

    def run_cell(self, cell: int) -> None:
        """Run one cell."""
        self.page.evaluate(_RUN, ["notebook:run-cell", cell])

    def restart(self) -> None:
        """Restart the kernel."""
        self.page.evaluate(_RESTART)

    @property
    def counts(self) -> list[int | None]:
        """The execution counts of its code cells."""
        return [count for count, _ in self.page.evaluate(_CODE_CELLS)]

    @property
    def errors(self) -> list[str]:
        """The errors that its cells show."""
        outputs = [output for _, outputs in self.page.evaluate(_CODE_CELLS) for output in outputs]
        return [f"{each['ename']}: {each['evalue']}" for each in outputs if each["output_type"] == "error"]

    def theme(self, name: str) -> None:
        """Change to `JupyterLab Light` or `JupyterLab Dark`, and wait until what hides the change is gone."""
        self.page.evaluate(_THEME, name)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def close(self) -> None:
        """End its kernel, as closing and shutting down a notebook does."""
        self.page.evaluate(_CLOSE)


def watch_requests(page: Page) -> list[str]:
    """The addresses outside this machine that the page asks for from now on, but for what its own policy forbids."""
    strangers: list[str] = []

    def note(url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1":
            strangers.append(url)

    def forbidden(request: Request) -> None:
        if request.failure == "csp":
            strangers.remove(request.url)

    page.on("request", lambda request: note(request.url))
    page.on("requestfailed", forbidden)
    page.on("websocket", lambda socket: note(socket.url))
    return strangers


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
