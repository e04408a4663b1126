"""What the command says when it is used wrongly. What it does when used rightly is shown with real processes."""

import subprocess
import sys

import pytest

from tests.executions import complete_order, election, interleaved

COMMANDS = ["demo", "up", "lab", "bench"]


def bookstore(*arguments, cwd=None):
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = bookstore(command, "--help")

    assert result.returncode == 0
    assert command in result.stdout


@pytest.mark.parametrize("command", ["demo", "up", "bench"])
def test_what_reports_something_offers_json(command):
    assert "--json" in bookstore(command, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["demo", "--executors", "1"], "executors"),
        (["up", "--port", "0"], "port"),
        (["up", "--coordinator", "nobody"], "coordinator"),
        (["up", "--lease-ttl", "-1"], "LEASE_TTL"),
        (["bench", "--orders", "0"], "orders"),
        (["sell"], "sell"),
    ],
)
def test_a_bad_argument_is_named_and_starts_nothing(arguments, named):
    result = bookstore(*arguments)

    assert result.returncode == 2
    assert named in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.fixture
def run_dir(tmp_path):
    events = [*interleaved(complete_order("ab-1"), complete_order("ac-2")), *election("none")]
    (tmp_path / "run" / "traces").mkdir(parents=True)
    text = "".join(f"{event.to_json()}\n" for event in events if event.process != "executor-2")
    (tmp_path / "run" / "traces" / "all.jsonl").write_text(text)
    return tmp_path / "run"


def test_a_trace_is_exported_in_the_format_that_is_asked_for_or_that_the_ending_names(run_dir):
    for arguments, begin in (
        (["log.txt", "--format", "shiviz"], "(?<event>"),
        (["events.csv"], "id,process"),
        (["one.mmd", "--order", "ab"], "sequenceDiagram"),
    ):
        file = run_dir / arguments[0]
        result = bookstore("trace", "export", str(file), *arguments[1:], "--run-dir", str(run_dir))
        assert (result.returncode, result.stdout, result.stderr) == (0, "", f"Wrote {file}.\n")
        assert file.read_text().startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.svg", "--order", "zz"], "There is no order 'zz'"),
        (["a.jpeg"], "names no format"),
        (["a.log", "--format", "gif"], "'gif' is not known"),
        (["a.csv", "--run-dir", "nowhere"], "nowhere does not exist"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence_and_no_file(run_dir, arguments, said):
    file = run_dir / arguments[0]
    result = bookstore("trace", "export", "--run-dir", str(run_dir), str(file), *arguments[1:])
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not file.exists()


def test_the_lab_without_its_folder_says_where_to_run_it(tmp_path):
    result = bookstore("lab", cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "notebooks" in result.stderr
