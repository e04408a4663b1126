"""The exercises of the sheets: the stub as shipped is told what is missing, the solution folded away below passes.

A sheet marks its cells with tags: `exercise` for the stub and what the check needs, `check` for the check, and
`solution` for the text with a solution folded away.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FAILOVER, FAILURES = "05_leader_failover", "06_failure_modes"


def tagged(sheet, tag):
    cells = json.loads((NOTEBOOKS / f"{sheet}.ipynb").read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if tag in cell["metadata"].get("tags", ()))


def told(sheet, answer, capsys):
    """What the check of a sheet prints, after the stub and then the answer was run."""
    names: dict[str, Any] = {}
    for source in (tagged(sheet, "exercise"), answer, tagged(sheet, "check")):
        exec(source, names)
    return capsys.readouterr().out


@pytest.mark.parametrize("sheet", [FAILOVER, FAILURES])
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
