"""Bookstores in real kernels: cells run twice or out of order, kernels interrupted, restarted, side by side."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import KernelManager

from tests.support import eventually, still_running

ROOT = Path(__file__).parents[2]
HINTS = str(ROOT / "bookstore_lib" / "lab" / "kernel_start.py")  # as `bookstore lab` sets it
_SECONDS = 90
START = """
from bookstore_lib import Bookstore, ClusterPanel, OrderPanel, run_load
shop = Bookstore(executors=2)
print(shop.supervisor_pid)
"""


class Notebook:
    """A kernel that cells are sent to, as JupyterLab does."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(ROOT), env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSTARTUP": HINTS})
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=_SECONDS)

    def send(self, code: str, cell: str) -> str:
        """Sends a cell; returns the number of the message."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def result(self, number: str) -> tuple[str, str]:
        """What the cell printed, and its error; both empty where there was none."""
        printed, error = "", ""
        while True:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=_SECONDS)
            if message["parent_header"].get("msg_id") != number:
                continue
            content = message["content"]
            printed += content["text"] if message["msg_type"] == "stream" else ""
            if message["msg_type"] == "error":
                error = "\n".join([f"{content['ename']}: {content['evalue']}", *content["traceback"]])
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed, error

    def run(self, code: str, cell: str = "some cell") -> str:
        """Runs a cell that is to go well; returns what it printed."""
        printed, error = self.result(self.send(code, cell))
        assert not error
        return printed

    def await_print(self, text: str) -> None:
        """Waits until a cell that still runs has printed this."""
        while True:
            message = self.client.get_iopub_msg(timeout=_SECONDS)
            if message["msg_type"] == "stream" and text in message["content"]["text"]:
                return

    def close(self) -> None:
        """Ends the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel()


@contextmanager
def notebook() -> Iterator[Notebook]:
    opened = Notebook()
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def one():
    with notebook() as opened:
        yield opened


def all_of(supervisor):
    process = psutil.Process(int(supervisor))
    return [process, *process.children(recursive=True)]


def test_a_second_run_of_the_start_cell_ends_the_first_bookstore_and_its_panels_say_so(one):
    first = all_of(one.run(START, "start"))
    one.run("old = ClusterPanel(shop)")

    second = one.run(START, "start")

    assert not still_running(first)
    assert "Order Approved" in one.run("print(OrderPanel(shop).order('Dracula').status)")
    assert "was stopped; start a new one" in one.run("import time; time.sleep(0.5); print(old.message)")
    assert still_running(all_of(second))


def test_a_panel_of_a_bookstore_that_was_closed_says_what_to_do(one):
    one.run(START, "start")
    one.run("panel = OrderPanel(shop)")
    one.run("shop.close()")

    one.run("panel.place_button.click(); panel.wait()")

    assert "was stopped; start a new one" in one.run("print(panel.message)")
    _, error = one.result(one.send("ClusterPanel(shop)", "another panel"))
    assert "was stopped; start a new one" in error


def test_an_interrupted_load_ends_and_the_kernel_goes_on(one):
    one.run(START, "start")
    number = one.send("print('loading', flush=True); run_load(shop, rate=200, seconds=600)", "load")
    one.await_print("loading")

    one.manager.interrupt_kernel()

    _, error = one.result(number)
    assert "KeyboardInterrupt" in error
    assert "Order Approved" in one.run("print(shop.checkout({'Dracula': 1}).status)", "order")


def test_another_cell_starts_another_bookstore(one):
    first = one.run(START, "start")

    one.run(START.replace("shop", "other"), "another")

    assert still_running(all_of(first))


def test_two_notebooks_at_once_do_not_meet(one):
    with notebook() as two:
        for each in (one, two):
            each.run(START, "start")
        one.run("panel = OrderPanel(shop); panel.order('Dracula')")

        orders = [
            each.run("print(len(shop.history().order_ids) if shop.tables().orders else 0)") for each in (one, two)
        ]

    assert [int(count) for count in orders] == [1, 0]


def test_a_cell_that_is_run_too_early_fails_and_the_right_order_then_works(one):
    _, error = one.result(one.send("shop.checkout({'Dracula': 1})", "order"))
    assert "NameError: name 'shop' is not defined" in error
    assert "Run the cells above first" in error

    one.run(START, "start")

    assert "Order Approved" in one.run("print(shop.checkout({'Dracula': 1}).status)", "order")


def test_an_interrupted_order_leaves_a_kernel_that_goes_on(one):
    one.run(START, "start")
    one.run("shop.pause(shop.leader)")
    number = one.send("print('ordering', flush=True); shop.checkout({'Dracula': 1})", "order")
    one.await_print("ordering")

    one.manager.interrupt_kernel()

    _, error = one.result(number)
    assert "KeyboardInterrupt" in error
    one.run("for p in shop.processes():\n    if p.state == 'paused': shop.resume(p.name)")
    assert "Order Approved" in one.run("print(shop.checkout({'Dracula': 1}).status)", "order")


def test_a_kernel_that_is_restarted_in_the_middle_of_an_order_leaves_nothing_behind(one):
    everything = all_of(one.run(START, "start"))
    one.send("shop.pause(shop.leader); shop.checkout({'Dracula': 1})", "order")

    one.manager.restart_kernel(now=True)

    eventually(lambda: not still_running(everything), seconds=30)
    one.client.wait_for_ready(timeout=_SECONDS)
    assert one.run(START, "start")
