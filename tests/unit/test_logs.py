"""What a process logs, and all logs of a bookstore read as one."""

import json
import subprocess
import sys
import threading
from contextvars import copy_context

import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.logs import LogReader, find_logs
from bookstore_lib.runtime.log_context import begin_log_context, log_fields, request_id

WORK = """
import logging
from bookstore_lib.runtime.log_context import begin_log_context
from bookstore_lib.runtime.logs import audit, set_up_logs

set_up_logs("executor-2")
begin_log_context(order_id="order-1", request_id="request-7")
logging.getLogger("any").info("Several\\nlines")
audit("CheckCard", "passed")
audit("settle", "approved", "order-2")
try:
    raise RuntimeError("sesame")
except RuntimeError:
    logging.getLogger("any").exception("It failed", extra={"epoch": 3, "card": "4111111111111111"})
"""

# Standard error is a socket that keeps writes apart.
TOGETHER = """
import os, socket, threading
from bookstore_lib.runtime.logs import audit, audits_together, set_up_logs

writes, reads = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
os.dup2(writes.fileno(), 2)
set_up_logs("executor-2")
try:
    with audits_together():
        audit("CheckCard", "passed")
        other = threading.Thread(target=audit, args=("take", "taken"))
        other.start()
        other.join()
        audit("CheckFraud", "passed")
        raise RuntimeError("sesame")
except RuntimeError:
    audit("settle", "approved")
for _ in range(3):
    print(reads.recv(4096).decode().replace("\\n", "\\t"))
"""


@pytest.fixture(scope="module")
def logged():
    """What a process logs; in one of its own, since it changes the logging of the one that it runs in."""
    result = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stderr.splitlines()]


def in_new_context(act):
    copy_context().run(act)


def test_a_line_is_one_json_object_with_time_process_and_what_the_work_is_about(logged):
    first = logged[0]

    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "INFO",
        "message": "Several\nlines",
        "process": "executor-2",
        "order_id": "order-1",
        "request_id": "request-7",
    }


def test_an_audit_line_names_the_step_and_its_outcome(logged):
    assert (logged[1]["step"], logged[1]["outcome"], logged[1]["order_id"]) == ("CheckCard", "passed", "order-1")


def test_what_a_line_says_itself_counts_more_than_what_the_work_is_about(logged):
    assert (logged[2]["order_id"], logged[2]["request_id"]) == ("order-2", "request-7")


def test_a_line_about_a_failure_says_how_it_came_about(logged):
    assert (logged[3]["message"], logged[3]["epoch"]) == ("It failed", 3)
    assert logged[3]["exc_info"].startswith("Traceback")
    assert logged[3]["exc_info"].endswith("RuntimeError: sesame")


def test_a_line_holds_nothing_that_it_is_not_meant_to(logged):
    assert "4111111111111111" not in json.dumps(logged[3])


def test_audit_lines_of_a_block_are_written_in_one_go_at_its_end_however_it_ends():
    result = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True, check=True, timeout=20)
    writes = [[json.loads(line)["step"] for line in write.split("\t") if line] for write in result.stdout.splitlines()]
    assert writes == [["take"], ["CheckCard", "CheckFraud"], ["settle"]]


def test_new_work_forgets_what_the_work_before_was_about():
    def work():
        begin_log_context(order_id="order-1", request_id="request-7")
        begin_log_context(order_id="order-2", request_id="")
        assert (log_fields(), request_id()) == ({"order_id": "order-2"}, None)

    in_new_context(work)


def test_each_thread_has_its_own_work():
    seen = []

    def work():
        begin_log_context(order_id="order-1")
        thread = threading.Thread(target=lambda: seen.append(dict(log_fields())))
        thread.start()
        thread.join()

    in_new_context(work)

    assert seen == [{}]


# Reading


def line(time, message, **fields):
    return json.dumps({"time": f"2026-01-01T00:00:0{time}.000Z", "message": message, **fields}) + "\n"


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "executor-1.log").write_text(line(2, "two", order_id="a") + line(4, "four", process="executor-1~1"))
    (folder / "orchestrator.log").write_text(
        line(1, "one", order_id="a") + "Traceback\n" + line(3, "three", order_id="bcd")
    )
    (folder / "redis.log").write_text("ready\n")
    return folder


def messages(lines):
    return [line.fields["message"] for line in lines]


def test_the_lines_of_all_services_come_in_the_order_of_time_and_what_is_no_json_stays_where_it_was(logs):
    lines = LogReader(logs).read()

    assert messages(lines) == ["one", "Traceback", "two", "three", "four"]
    assert [line.process for line in lines] == [
        "orchestrator",
        "orchestrator",
        "executor-1",
        "orchestrator",
        "executor-1~1",
    ]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"order": "a"}, ["one", "two"]),
        ({"order": "b"}, ["three"]),
        ({"service": "executor"}, ["two", "four"]),
        ({"service": "orchestrator", "order": "a"}, ["one"]),
        ({"service": "redis"}, ["ready"]),
        ({"order": "nobody's"}, []),
    ],
)
def test_the_lines_of_one_service_or_one_order_can_be_had_alone(logs, chosen, found):
    assert messages(LogReader(logs, **chosen).read()) == found


def test_what_is_written_later_is_read_once_it_is_whole(logs):
    reader = LogReader(logs)
    reader.read()
    whole, half = line(5, "five"), line(6, "six")
    with (logs / "executor-1.log").open("a") as log:
        log.write(whole + half[:20])
        log.flush()
        assert messages(reader.read()) == ["five"]
        log.write(half[20:])
    (logs / "suggestions.log").write_text(line(7, "seven"))

    assert messages(reader.read()) == ["six", "seven"]
    assert reader.read() == []


def test_a_line_shows_its_time_its_process_and_what_else_it_says(logs):
    shown = str(LogReader(logs, order="b").read()[0])

    assert shown.split() == ["2026-01-01T00:00:03.000Z", "orchestrator", "three", "order_id=bcd"]


def test_without_logs_it_is_said_where_they_were_looked_for(tmp_path):
    with pytest.raises(SetupError, match=f"{tmp_path}.*--run-dir"):
        find_logs(tmp_path)


def test_the_logs_of_a_folder_are_found_though_its_bookstore_has_ended(logs):
    assert find_logs(logs.parent) == logs
