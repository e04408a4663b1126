"""What a service is told on its standard input, and what it answers on its standard output."""

import json
import os
import subprocess
import sys

import pytest

from bookstore_lib.runtime.starter import READY, WATCH_STDIN


@pytest.fixture
def start(tmp_path):
    """Starts a service that needs no server, with these settings, and waits until it is ready."""

    def service(**settings):
        settings = {"trace_dir": str(tmp_path), "listen": "127.0.0.1:0"} | settings
        env = {name: value for name, value in os.environ.items() if not name.startswith("BOOKSTORE_")}
        env |= {f"BOOKSTORE_{name.upper()}": value for name, value in settings.items()} | {WATCH_STDIN: "1"}
        command = [sys.executable, "-m", "services.fraud_detection"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    started: list[subprocess.Popen[str]] = []
    yield service
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def tell(start):
    """Tells a service something and returns its answer."""
    process = start()
    assert process.stdout.readline().split()[0] == READY

    def order(to, /, **fields):
        process.stdin.write(json.dumps([to, fields]) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return order


def test_what_it_is_told_is_answered_under_the_same_number(tell):
    assert tell(7, do="crash_at", at="settle:after:freeze") == [7, {"ok": {}}]
    assert tell(8, do="trouble", trouble={"kind": "unavailable"}) == [8, {"ok": {"number": 1}}]
    assert tell(9, do="calm", number=1) == [9, {"ok": {"hits": 0}}]


def test_a_mistake_is_answered_with_a_sentence_and_the_service_goes_on(tell):
    number, answer = tell(1, do="crash_at", at="lunch:before")

    assert number == 1
    assert "'lunch:before' is no crash point" in answer["error"]
    assert tell(2, do="trouble", trouble={"kind": "delay"})[1].keys() == {"error"}
    assert tell(3, do="crash_at", at="") == [3, {"ok": {}}]


def test_a_crash_point_in_the_settings_that_does_not_exist_ends_the_service_with_one_line(start):
    # Its standard input stays open: the end of that would end it, too.
    errors = start(crash_at="lunch:before").stderr.read()

    assert "fraud_detection: 'lunch:before' is no crash point" in errors
    assert len(errors.splitlines()) == 1
