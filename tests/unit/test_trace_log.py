"""The trace file: one event a line, there as soon as it happened, one name for each life of a process."""

import errno
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.trace_log import TraceLog

WRITES_AND_DIES = """
import os, signal, sys
from pathlib import Path
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker
tracker = OrderEventTracker(TraceLog(Path(sys.argv[1]), "executor-1"))
for number in range(100):
    tracker.local("order-1", f"event {number}")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def open_log(tmp_path):
    logs = []

    def make(name="executor-1", folder=tmp_path):
        logs.append(TraceLog(folder, name))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


def event(number=1, **fields):
    return TraceEvent(f"executor-1#{number}", "executor-1", "order-1", "local", "settled", **fields)


def written(folder, process="executor-1"):
    return [TraceEvent.from_json(line) for line in (folder / f"{process}.jsonl").read_text().splitlines()]


def test_an_event_can_be_read_as_soon_as_it_is_written(open_log, tmp_path):
    log = open_log()
    events = [event(n, clock=VectorClock({"executor-1": n}), detail={"title": "Émile\nor"}) for n in range(1, 4)]
    for number, each in enumerate(events, 1):
        log.write(each)
        assert written(tmp_path) == events[:number]


def test_events_survive_the_kill_of_their_process(tmp_path):
    killed = subprocess.run([sys.executable, "-c", WRITES_AND_DIES, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [each.name for each in written(tmp_path)] == [f"event {number}" for number in range(100)]


def test_each_life_of_a_process_has_its_own_name_and_file(open_log, tmp_path):
    lives = [open_log() for _ in range(3)]
    assert [log.process for log in lives] == ["executor-1", "executor-1~1", "executor-1~2"]
    lives[1].write(event())
    assert written(tmp_path, "executor-1~1") == [event()]
    assert written(tmp_path) == written(tmp_path, "executor-1~2") == []


def test_processes_that_start_at_once_never_share_a_name(open_log):
    with ThreadPoolExecutor(16) as pool:
        names = [log.process for log in pool.map(lambda _: open_log(), range(16))]
    assert len(set(names)) == 16


def test_the_folder_is_made_where_it_is_missing(open_log, tmp_path):
    open_log(folder=tmp_path / "a" / "run").write(event())
    assert written(tmp_path / "a" / "run") == [event()]


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"Traces cannot be written to .*file: .*\. Choose another folder\."):
        TraceLog(tmp_path / "file", "executor-1")


def test_a_full_disk_is_said_once_and_the_trace_goes_on_when_there_is_room(open_log, tmp_path, monkeypatch, caplog):
    log = open_log()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda *_: raise_full())
        log.write(event(1))
        log.write(event(2))
    log.write(event(3))
    assert written(tmp_path) == [event(3)]
    assert [record.getMessage() for record in caplog.records] == [
        "The trace cannot be written: No space left on device. Make room on the disk."
    ]


def test_an_event_cut_short_by_a_full_disk_takes_no_other_with_it(open_log, tmp_path, monkeypatch):
    log, write = open_log(), os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: write(file, data[:20]))
        log.write(event(1))
    log.write(event(2))
    assert event(2) in readable(tmp_path)


def raise_full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def readable(folder):
    events = []
    for line in (folder / "executor-1.jsonl").read_text().splitlines():
        try:
            events.append(TraceEvent.from_json(line))
        except DamagedEventError:
            continue
    return events


def test_what_is_written_together_is_there_after_the_block_and_before_what_another_thread_writes(tmp_path):
    log = TraceLog(tmp_path, "p")
    names = []

    def write(name):
        log.write(TraceEvent("p#1", "p", "order-1", "local", name, VectorClock({"p": 1})))

    with log.together():
        write("first")
        write("second")
        assert (tmp_path / "p.jsonl").read_text() == ""
        other = threading.Thread(target=write, args=["third"])
        other.start()
        other.join()
        names += [TraceEvent.from_json(line).name for line in (tmp_path / "p.jsonl").read_text().splitlines()]
        write("fourth")
    log.close()

    assert names == ["first", "second", "third"]
    assert (tmp_path / "p.jsonl").read_text().count("\n") == 4
