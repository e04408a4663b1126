"""The exercises of the sheets: the stub as shipped is told what is missing, the solution folded away below passes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PRAISE = "Well done"
_SOLUTION = re.compile(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```", re.DOTALL)


class Exercise:
    """A cell with a stub, the one that checks it, and the solution in the text after them."""

    def __init__(self, sheet, number):
        cells = json.loads((NOTEBOOKS / f"{sheet}.ipynb").read_text())["cells"]
        at = [i for i, cell in enumerate(cells) if "exercise" in cell["metadata"].get("tags", ())][number - 1]
        self.stub, self.check, after = ("".join(cell["source"]) for cell in cells[at : at + 3])
        found = _SOLUTION.search(after)
        assert found, "no solution follows the check"
        self.solution = found[1]

    def says(self, answer, capsys):
        """What the check prints of an answer."""
        names: dict[str, Any] = {}
        for source in (self.stub, answer, self.check):
            exec(source, names)
        return capsys.readouterr().out


EXERCISES = [("05_leader_failover", 1)]


@pytest.fixture(params=EXERCISES, ids=lambda exercise: f"{exercise[0]}-{exercise[1]}")
def exercise(request):
    return Exercise(*request.param)


def test_the_stub_is_told_kindly_what_is_missing(exercise, capsys):
    assert exercise.says("", capsys).startswith("Not yet: ")


def test_the_solution_passes(exercise, capsys):
    assert exercise.says(exercise.solution, capsys).startswith(PRAISE)


def rule(body):
    return f"def may_settle(epoch, current_epoch, status):\n    return {body}"


@pytest.mark.parametrize("half", ["epoch == current_epoch", "status == 'accepted'", "False"])
def test_half_a_fence_is_found_out(half, capsys):
    assert Exercise("05_leader_failover", 1).says(rule(half), capsys).startswith("Not yet: ")
