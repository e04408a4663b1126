"""The exercises of the sheets: the stub as shipped is told what is missing, the solution folded away below passes.

A sheet marks its cells with tags: `exercise` for the stub and what the check needs, `check` for the check, and
`solution` for the text with a solution folded away.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bookstore_lib.lab.history import History
from tests.executions import complete_order, interleaved

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FAILOVER, FAILURES, REPORT = "05_leader_failover", "06_failure_modes", "08_report"


def tagged(sheet, tag):
    cells = json.loads((NOTEBOOKS / f"{sheet}.ipynb").read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if tag in cell["metadata"].get("tags", ()))


def told(sheet, answer, capsys):
    """What the check of a sheet prints of a run of two orders, after the stub and then the answer was run."""
    orders = complete_order("order-1"), complete_order("order-2", status="rejected")
    names: dict[str, Any] = {"History": History, "history": History(interleaved(*orders))}
    for source in (tagged(sheet, "exercise"), answer, tagged(sheet, "check")):
        exec(source, names)
    return capsys.readouterr().out


@pytest.mark.parametrize("sheet", [FAILOVER, FAILURES, REPORT])
class TestExercise:
    def test_a_stub_is_told_kindly_what_is_missing(self, sheet, capsys):
        assert told(sheet, "", capsys).startswith("Not yet: ")

    def test_the_solution_folded_away_passes(self, sheet, capsys):
        folded = tagged(sheet, "solution")
        (solution,) = re.findall(r"```python\n(.*?)```", folded, re.DOTALL)

        assert folded.startswith("<details>")
        assert told(sheet, solution, capsys).startswith("Well done: ")


def may_settle(rule):
    return f"def may_settle(epoch, current_epoch, status):\n    return {rule}"


@pytest.mark.parametrize("half", ["epoch == current_epoch", "status == 'accepted'", "False"])
def test_half_a_fence_is_found_out(half, capsys):
    assert told(FAILOVER, may_settle(half), capsys).startswith("Not yet: ")


QUEUE = """
class MyQueue(BarePop):
    def __init__(self):
        super().__init__()
        self.held = deque()

    def take(self, worker):
        order = super().take(worker)
        self.held.extend([order] if order else [])
        return order
"""
FORGET = "    def acknowledge(self, worker, order):\n        self.held.remove(order)\n"
GIVE_BACK = "    def take_over(self, worker):\n        self.waiting.extend(self.held)\n        self.held.clear()\n"


@pytest.mark.parametrize(
    ("half", "sentence"),
    [
        (QUEUE + FORGET, "nobody has worked on the first order"),
        (QUEUE + GIVE_BACK, "comes again, though it was acknowledged"),
    ],
    ids=["never taken over", "never acknowledged"],
)
def test_half_a_queue_is_found_out(half, sentence, capsys):
    assert sentence in told(FAILURES, half, capsys)


GUARANTEE = """
def approved_too_early(history):
    return [order_id for order_id in history.order_ids if is_too_early(history.order(order_id))]

def is_too_early(order):
    settled = [event for event in order.events if event.name == "settled"]
    checks = [[e for e in order.events if e.name == name] for name in ("card checked", "fraud scored")]
"""


@pytest.mark.parametrize(
    ("half", "sentence"),
    [
        ("    return not all(checks)", "a rejected order has no fraud check"),
        ("    return not checks[0] and settled[0].detail['status'] == 'approved'", "approved order has no fraud check"),
        ("    return not all(checks) and settled[0].detail['status'] == 'approved'", "never heard the fraud score"),
    ],
    ids=["rejected orders, too", "one check", "not by happens-before"],
)
def test_half_a_guarantee_is_found_out(half, sentence, capsys):
    assert sentence in told(REPORT, GUARANTEE + half, capsys)
