"""Measure what the panels cost when nothing happens, and write benchmarks/PANELS.md: `python benchmarks/panels.py`."""

import os
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

SECONDS, RUNS = 30.0, 5
ROOT = Path(__file__).parents[1]
START = "from bookstore_lib import *\nshop = Bookstore(executors=3)"
Processes = list[psutil.Process]


def main() -> None:
    """Measure and write."""
    manager, client = start_new_kernel(cwd=str(ROOT), env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        write(measure(client))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def measure(client: BlockingKernelClient) -> list[tuple[str, str, str]]:
    """The rows of the table: a figure, what it is, and what it should be."""
    starts = [run(client, START) for _ in range(1 + RUNS)]
    run(client, "shop.leader")
    kernel, *shop = psutil.Process().children(recursive=True)
    before = [share([kernel], client)[0], share(shop, client)[0]]
    run(client, "Dashboard(shop)")
    drain(client, 5)  # what is drawn at first is not idle
    (kernel_after, rate), (shop_after, _) = share([kernel], client), share(shop, client)
    return [
        ("kernel, of a core, without panels", f"{before[0]:.1%}", ""),
        ("kernel, of a core, with the dashboard", f"{kernel_after:.1%}", ""),
        ("all other processes, of a core, without panels", f"{before[1]:.1%}", ""),
        ("all other processes, of a core, with the dashboard", f"{shop_after:.1%}", ""),
        ("what the dashboard costs, of a core", f"{kernel_after + shop_after - sum(before):.1%}", "10 %"),
        ("updates of the timeline each second", f"{rate:.1f}", "5 at least"),
        ("start cell, first run, s", f"{starts[0]:.1f}", ""),
        (f"start cell, run again, slowest of {RUNS}, s", f"{max(starts[1:]):.1f}", "5"),
    ]


def run(client: BlockingKernelClient, code: str) -> float:
    """Run a cell, always the same one; returns how many seconds it took."""
    began = time.monotonic()
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = client.session.msg("execute_request", content, metadata={"cellId": "start"})
    client.shell_channel.send(message)
    while True:
        answer = client.get_iopub_msg(timeout=60)
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if answer["msg_type"] == "error":
            raise RuntimeError(answer["content"]["evalue"])
        if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
            return time.monotonic() - began


def drain(client: BlockingKernelClient, seconds: float) -> Counter[str]:
    """Read what the kernel sends for some seconds; returns how often each widget was updated."""
    updates: Counter[str] = Counter()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            message = client.get_iopub_msg(timeout=left)
        except Empty:
            break
        if message["msg_type"] == "comm_msg":
            updates[message["content"]["comm_id"]] += 1
    return updates


def share(processes: Processes, client: BlockingKernelClient) -> tuple[float, float]:
    """How much of a core the processes use, and how often each second the liveliest widget is updated."""
    began, spent = time.monotonic(), used(processes)
    updates = drain(client, SECONDS)
    seconds = time.monotonic() - began
    return (used(processes) - spent) / seconds, max(updates.values(), default=0) / seconds


def used(processes: Processes) -> float:
    """Seconds of a core that they have used."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def write(rows: list[tuple[str, str, str]]) -> None:
    """Write the table, and print it."""
    text = "\n".join(
        [
            "# The panels, measured",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}; {psutil.cpu_count()} cores, {SECONDS:g} s each. Three executors, all",
            "panels as one screen, no orders. `python benchmarks/panels.py` writes this again.",
            "",
            "| figure | measured | goal (at most) |",
            "|---|---|---|",
            *(f"| {name} | {value} | {goal} |" for name, value, goal in rows),
            "",
        ]
    )
    Path(__file__).with_name("PANELS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
