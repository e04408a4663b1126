"""A short part of each campaign of `bookstore verify`, on real processes; the full one is `bookstore verify --full`."""

import json
import subprocess
import sys

import pytest

from bookstore_lib.lab.verify import command
from bookstore_lib.lab.verify.backlog import run_backlog
from bookstore_lib.lab.verify.campaign import run_schedules
from bookstore_lib.lab.verify.crash_matrix import crash_schedule

MATRIX = [
    ("elect", "after", "kill"),
    ("take", "after", "kill"),
    ("card", "after", "freeze"),
    ("settle", "before", "freeze"),
    ("settle", "after", "kill"),
    ("acknowledge", "before", "kill"),
    ("renew", "before", "freeze"),
    ("accept", "after", "kill"),
]


@pytest.fixture
def verify(tmp_path):
    """Runs `bookstore verify`."""

    def run(*arguments, timeout=300):
        command = [sys.executable, "-m", "bookstore_lib.lab.cli", "verify", "--out", str(tmp_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return run


def test_random_schedules_of_faults_violate_nothing(verify):
    done = verify("--schedules", "16", "--seed", "2026", "--json")

    seen = json.loads(done.stdout)
    assert (seen["violations"], seen["failures"]) == (0, []), done.stdout
    assert seen["schedules"] == 16
    assert seen["orders"] == 16 * 18
    assert seen["faults_landed"] >= 0.9 * seen["faults_planned"] > 0, done.stderr


def test_killed_or_frozen_between_any_two_effects_nothing_is_lost_and_nothing_happens_twice(tmp_path):
    report = run_schedules([crash_schedule(*point) for point in MATRIX], tmp_path)

    assert report.failures == []
    assert report.landed >= len(MATRIX), report.misses


def test_redis_and_postgresql_may_fail_however_redis_writes_to_disk(tmp_path):
    report = command.run_stores(6, 1, tmp_path)

    assert report.failures == []
    assert report.landed >= 0.8 * report.planned, report.misses


def test_a_backlog_is_worked_off_to_the_last_order_while_leader_after_leader_is_killed():
    backlog = run_backlog(800)

    assert backlog.finished == 800
    assert backlog.verdict.holds, str(backlog)
    assert backlog.kills >= 1


def test_one_schedule_can_be_run_again_and_so_can_one_of_a_person(verify, tmp_path):
    mine = {"orders": [{"items": {"Frankenstein": 1}}], "faults": [{"at": 0, "fault": {"kind": "flush"}}]}
    (tmp_path / "mine.json").write_text(json.dumps(mine))

    again, own = verify("--replay", "1-17", "--json"), verify("--file", str(tmp_path / "mine.json"), "--json")

    assert json.loads(again.stdout)["schedules"] == 1
    assert json.loads(own.stdout)["by_kind"] == {"flush": {"planned": 1, "landed": 1}}
    assert json.loads(own.stdout)["violations"] == 0


@pytest.mark.parametrize(
    "wrong", [("--schedules", "0"), ("--replay", "17"), ("--replay", "x"), ("--file", "nowhere.json")], ids=" ".join
)
def test_what_cannot_be_run_is_one_line_and_exit_code_2(verify, wrong):
    done = verify(*wrong)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bookstore: ")
    assert done.stderr.count("\n") == 1
