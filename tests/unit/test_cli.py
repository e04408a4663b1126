"""What the command says when it is used wrongly. What it does when used rightly is shown with real processes."""

import subprocess
import sys

import pytest

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
        (["sell"], "sell"),
    ],
)
def test_a_bad_argument_is_named_and_starts_nothing(arguments, named):
    result = bookstore(*arguments)

    assert result.returncode == 2
    assert named in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_the_lab_without_its_folder_says_where_to_run_it(tmp_path):
    result = bookstore("lab", cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "notebooks" in result.stderr
