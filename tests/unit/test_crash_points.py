"""Crash points: where a process can be told to crash, and that it does so once, there and nowhere else."""

import json
import select
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.crash_points import HOWS, SIDES, STEPS, CrashPoint, Trap, crash_point, reach, watch
from tests.support import eventually

CRASHING = """
import sys
from pathlib import Path
from bookstore_lib.runtime import crash_points
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker

tracker = OrderEventTracker(TraceLog(Path(sys.argv[1]), "executor-1"))
crash_points.arm(sys.argv[2], tracker)
with tracker.together(), crash_points.crash_point("settle"):
    print("settled", flush=True)
print("over", flush=True)
"""


@pytest.fixture
def reached():
    """What this process reaches, as (step, side)."""
    seen = []
    before = watch(lambda step, side: seen.append((step, side)))
    yield seen
    watch(before)


def test_every_crash_point_is_read_as_it_is_written():
    points = {CrashPoint(step, side, how) for step in STEPS for side in SIDES for how in HOWS}

    assert {CrashPoint.parse(str(point)) for point in points} == points
    assert CrashPoint.parse("settle:after") == CrashPoint("settle", "after", "kill")


@pytest.mark.parametrize("text", ["", "settle", "settle:", "lunch:before", "settle:during", "settle:after:explode"])
def test_a_mistake_is_one_sentence_that_lists_the_steps(text):
    with pytest.raises(SetupError) as caught:
        CrashPoint.parse(text)

    assert f"{text!r} is no crash point" in str(caught.value)
    assert all(step in str(caught.value) for step in STEPS)
    assert "\n" not in str(caught.value)


def test_a_step_is_reached_before_and_after_its_effect(reached):
    with crash_point("settle"):
        reached.append("effect")

    assert reached == [("settle", "before"), "effect", ("settle", "after")]


def test_after_a_step_that_failed_nothing_is_reached(reached):
    with pytest.raises(OSError, match="lost"), crash_point("settle"):
        raise OSError("lost")

    assert reached == [("settle", "before")]


def test_where_nobody_watches_nothing_happens():
    reach("settle", "before")


def test_a_trap_acts_once_at_its_own_point_however_many_threads_come_by():
    acted: list[CrashPoint] = []
    together = threading.Barrier(8)
    trap = Trap(CrashPoint("card", "after", "freeze"), acted.append)

    def come_by(_number):
        together.wait()
        for step in STEPS:
            for side in SIDES:
                trap(step, side)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_by, range(8)))

    assert acted == [CrashPoint("card", "after", "freeze")]


def run(tmp_path, at):
    return subprocess.Popen([sys.executable, "-c", CRASHING, tmp_path, at], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("side", "printed"), [("before", ""), ("after", "settled\n")])
def test_a_process_kills_itself_on_the_side_that_was_asked_for_and_its_trace_says_so(tmp_path, side, printed):
    with run(tmp_path, f"settle:{side}") as process:
        assert process.communicate(timeout=30)[0] == printed

    assert process.returncode == -signal.SIGKILL
    (event,) = map(json.loads, (tmp_path / "executor-1.jsonl").read_text().splitlines())
    assert (event["name"], event["detail"]) == ("crash point", {"step": "settle", "side": side, "how": "kill"})


def test_a_process_that_froze_itself_has_done_nothing_more_and_goes_on_when_told(tmp_path):
    with run(tmp_path, "settle:before:freeze") as process:
        eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        printed = select.select([process.stdout], [], [], 0)[0]
        process.send_signal(signal.SIGCONT)

        assert not printed
        assert process.communicate(timeout=30)[0] == "settled\nover\n"
    assert process.returncode == 0
