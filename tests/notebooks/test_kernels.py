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
_SECONDS = 90
START = """
from bookstore_lib import Bookstore, ClusterPanel, OrderPanel
shop = Bookstore(executors=2)
print(shop.supervisor_pid)
"""


class Notebook:
    """A kernel that cells are sent to, as JupyterLab does."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(ROOT), env=os.environ | {"PYTHONPATH": str(ROOT)})
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
            error = f"{content['ename']}: {content['evalue']}" if message["msg_type"] == "error" else error
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed, error

    def run(self, code: str, cell: str = "some cell") -> str:
        """Runs a cell that is to go well; returns what it printed."""
        printed, error = self.result(self.send(code, cell))
        assert not error
        return printed

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
    assert "NameError" in error

    one.run(START, "start")

    assert "Order Approved" in one.run("print(shop.checkout({'Dracula': 1}).status)", "order")


def test_an_interrupted_order_leaves_a_kernel_that_goes_on(one):
    one.run(START, "start")
    one.run("shop.pause(shop.leader)")
    number = one.send("print('ordering', flush=True); shop.checkout({'Dracula': 1})", "order")
    eventually(lambda: "ordering" in str(one.client.get_iopub_msg(timeout=_SECONDS)["content"]), seconds=30)

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
