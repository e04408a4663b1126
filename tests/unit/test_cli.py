"""What the command says when it is used wrongly. What it does when used rightly is shown with real processes."""

import subprocess
import sys

import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab import cli, record
from tests.executions import complete_order, election, interleaved

COMMANDS = ["demo", "up", "lab", "bench", "logs"]


def bookstore(*arguments, cwd=None):
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = bookstore(command, "--help")

    assert result.returncode == 0
    assert command in result.stdout


@pytest.mark.parametrize("command", ["demo", "up", "bench", "logs"])
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
        (["bench", "--quick", "--orders", "many"], "orders"),
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


def in_here(monkeypatch, *arguments) -> object:
    """The exit code of the command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["bookstore", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


@pytest.mark.parametrize(
    ("arguments", "begin"),
    [
        (["log.txt", "--format", "shiviz"], "(?<event>"),
        (["events.csv"], "id,process"),
        (["one.mmd", "--order", "ab"], "sequenceDiagram"),
    ],
)
def test_a_trace_is_exported_in_the_format_asked_for_or_named_by_the_ending(
    run_dir, arguments, begin, monkeypatch, capsys
):
    file = run_dir / arguments[0]
    assert in_here(monkeypatch, "trace", "export", file, *arguments[1:], "--run-dir", run_dir) == 0
    assert file.read_text().startswith(begin)
    assert tuple(capsys.readouterr()) == ("", f"Wrote {file}.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.svg", "--order", "zz"], "There is no order 'zz'"),
        (["a.jpeg"], "names no format"),
        (["a.log", "--format", "gif"], "'gif' is not known"),
        (["a.csv", "--run-dir", "nowhere"], "nowhere does not exist"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence_and_no_file(run_dir, arguments, said, monkeypatch, capsys):
    file = run_dir / arguments[0]
    assert in_here(monkeypatch, "trace", "export", "--run-dir", run_dir, file, *arguments[1:]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert (out, err.count("\n")) == ("", 1)
    assert not file.exists()


def test_a_report_of_a_run_is_written_as_page_and_pdf(run_dir, monkeypatch, capsys):
    folder = run_dir / "report"
    assert in_here(monkeypatch, "trace", "report", folder, "--seed", "1-17", "--run-dir", run_dir) == 0
    assert "1-17" in (folder / "report.html").read_text()
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert capsys.readouterr().err.count("Wrote") == 2


def test_the_run_that_was_started_last_is_exported_where_none_is_named(run_dir, monkeypatch, tmp_path):
    monkeypatch.setattr(record, "runs_folder", lambda: tmp_path)
    assert record.find_traces(None) == run_dir / "traces"
    monkeypatch.setattr(record, "runs_folder", lambda: tmp_path / "empty")
    with pytest.raises(SetupError, match="left traces"):
        record.find_traces(None)


def test_the_lab_without_its_folder_says_where_to_run_it(tmp_path):
    result = bookstore("lab", cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "notebooks" in result.stderr
