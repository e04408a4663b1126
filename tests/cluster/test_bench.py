"""The benchmark on real processes, as short as it can be; and nothing of it stays behind."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.bench.compare import DRAIN, HTTP, OURS, RATE, Comparison, Plan
from bookstore_lib.lab.bench.drain import Way
from bookstore_lib.lab.bench.peers.table import PEERS, Peer, Setting
from bookstore_lib.lab.bench.peers.workers import Place, run, running
from tests.support import eventually, still_running

WAY = Way("stream", 0.01, 16)
# Starts a process of its own, and says which; neither ends by itself.
PARENT = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
BROKEN = Peer("Broken", "broken_app", (), False, "", (Setting("any", (("no_such_module",),)),))


@pytest.fixture(scope="module")
def compared():
    """What was measured, and what was noted: one turn of this system, a peer that is there, and one that is not."""
    saq = [
        peer._replace(settings=(peer.settings[0]._replace(concurrency=8),))  # few, as there are few orders
        for peer in PEERS
        if peer.name == "SAQ" and peer.installed
    ]
    noted: list[str] = []
    comparison = Comparison(Plan(200, 1, [WAY], [BROKEN, *saq], 1, 4, 1.0), lambda _line: None, noted.append)
    rows = comparison.take_turns()
    return {(row.topic, row.who, row.figure): row.value for row in rows}, noted, saq


def test_a_backlog_is_worked_off_at_a_rate_and_a_cost(compared):
    rows, _, saq = compared
    for who in [OURS, *(peer.name for peer in saq)]:
        assert rows[DRAIN, who, RATE] > 0
        assert rows[DRAIN, who, "CPU ms an order"] > 0
    assert rows[DRAIN, OURS, "CPU ms an order, order_executor"] > 0


def test_customers_order_over_http(compared):
    rows, _, saq = compared
    for who in [OURS, *(peer.name for peer in saq)]:
        assert rows[HTTP, who, RATE] > 0
        assert 0 < rows[HTTP, who, "ms an order, median"] <= rows[HTTP, who, "ms an order, 99 %"]


def test_a_peer_that_does_not_work_is_left_out_with_a_sentence(compared):
    rows, noted, _ = compared
    assert (DRAIN, "Broken", RATE) not in rows
    assert len(noted) == 1
    assert "Broken is left out" in noted[0]
    assert "broken_app" in noted[0]


@pytest.fixture
def place(tmp_path):
    return Place(dict(os.environ), tmp_path / "log", "")


def family(place):
    """The process that says its child's number, and that child."""
    eventually(lambda: place.log.exists() and place.log.read_text().endswith("\n"), 60)
    child = psutil.Process(int(place.log.read_text()))
    return [child, child.parent()]


def test_workers_end_with_their_children_whatever_happens_meanwhile(place):
    with pytest.raises(KeyboardInterrupt), running([("timeit", "-n", "1", PARENT)], place):  # noqa: PT012 - the block
        workers = family(place)
        raise KeyboardInterrupt
    eventually(lambda: not still_running(workers))


def test_workers_end_with_their_children_when_who_started_them_is_killed(place):
    script = (
        "import os, sys, time; from pathlib import Path; from bookstore_lib.lab.bench.peers.workers import *\n"
        "with running([('timeit', '-n', '1', sys.argv[2])], Place(dict(os.environ), Path(sys.argv[1]), '')):\n"
        "    time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, place.log, PARENT])
    workers = family(place)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    eventually(lambda: not still_running(workers))


def test_what_cannot_be_run_says_why_in_its_last_line(place):
    with pytest.raises(BookstoreError, match="no_such_module"):
        run(["no_such_module"], place)
