"""A child process of the supervisor: under which name it is known."""

import sys
import time

import pytest

from bookstore_lib.lab.supervisor.managed import Managed
from bookstore_lib.runtime.trace_log import TraceLog

# A service as far as its starter sees it: it claims a trace and its name with it, and says so when it is ready.
SERVICE = """
import sys
from pathlib import Path
from bookstore_lib.runtime.starter import READY
from bookstore_lib.runtime.trace_log import TraceLog
print("claims its trace", flush=True)
print(READY, TraceLog(Path(sys.argv[1]), "executor-2").process, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def service(tmp_path):
    process = Managed("executor-2", [sys.executable, "-c", SERVICE, str(tmp_path / "traces")], tmp_path / "log")
    yield process
    process.finish_stop(0.0)


def begin(service):
    service.start()
    service.await_ready(time.monotonic() + 20)


def end(service):
    service.finish_stop(0.0)


def test_each_life_is_known_by_the_name_that_it_says_it_has(service):
    names = []
    for _ in range(3):
        begin(service)
        names.append(service.host)
        end(service)
    assert names == ["executor-2", "executor-2~1", "executor-2~2"]


def test_a_life_that_was_killed_before_it_said_ready_does_not_shift_the_names_of_later_ones(service, tmp_path):
    begin(service)
    end(service)
    for _ in range(2):
        service.start()
        end(service)  # long before Python has started

    begin(service)

    assert service.starts == 4
    assert service.host == "executor-2~1"
    assert sorted(path.stem for path in (tmp_path / "traces").iterdir()) == ["executor-2", "executor-2~1"]


def test_a_name_that_somebody_else_has_claimed_is_not_ours(service, tmp_path):
    TraceLog(tmp_path / "traces", "executor-2").close()
    begin(service)
    assert service.host == "executor-2~1"
