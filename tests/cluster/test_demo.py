"""The main job, from the command line."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", "demo", "--json", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_all_orders_of_the_demo_end_although_the_leader_is_killed(demo):
    seen = json.loads(demo.stdout)

    assert demo.returncode == 0, demo.stderr
    assert seen["orders"] == 12
    assert seen["approved"] + seen["rejected"] == 12
    assert (seen["unfinished"], seen["violations"]) == (0, 0)
    assert seen["failovers"] >= 1


def test_the_demo_writes_each_figure_as_svg_and_pdf(demo):
    figures = json.loads(demo.stdout)["figures"]

    beginnings = {}
    for path in figures:
        with open(path, "rb") as file:  # noqa: PTH123 - only the beginning
            beginnings[path.rsplit("/", 1)[-1]] = file.read(5)
    assert set(beginnings) == {
        f"{name}.{kind}" for name in ("clock-diagram", "election-timeline", "checkout-graph") for kind in ("svg", "pdf")
    }
    assert all(start == (b"%PDF-" if name.endswith("pdf") else b"<?xml") for name, start in beginnings.items())


def test_with_json_everything_else_goes_to_standard_error(demo):
    assert demo.stdout.count("\n") == 1
    assert "leads" in demo.stderr
    assert "Traceback" not in demo.stderr
