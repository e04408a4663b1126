"""The exercises of sheets 2 to 4: what is shipped is not solved, says kindly what is missing, and can be solved.

A sheet marks its cells with tags: `exercise` for the stub and what the check needs, `check` for the check, and
`solution` for the text with a solution folded away.
"""

import ast
import json
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SHEETS = ["02_order_flow", "03_vector_clocks", "04_leader_election"]


def cells(sheet, tag=""):
    for cell in json.loads((NOTEBOOKS / f"{sheet}.ipynb").read_text())["cells"]:
        if not tag or tag in cell["metadata"].get("tags", []):
            yield cell["cell_type"], "".join(cell["source"])


def imports(sheet):
    for kind, source in cells(sheet):
        if kind == "code":
            found = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
            yield "\n".join(ast.unparse(node) for node in found)


def solutions(sheet):
    for _, text in cells(sheet, "solution"):
        assert text.startswith("<details>"), "a solution is folded away"
        yield from re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def verdict(sheet, *answers):
    """What the sheet's check prints, after the stub and then each of the answers was run."""
    told = StringIO()
    exercise = [source for _, source in cells(sheet, "exercise")]
    checks = [source for _, source in cells(sheet, "check")]
    with redirect_stdout(told):
        names = {"__name__": "sheet"}
        for source in (*imports(sheet), *exercise, *answers, *checks):
            exec(source, names)
    return told.getvalue()


@pytest.mark.parametrize("sheet", SHEETS)
class TestExercise:
    def test_a_stub_that_is_not_filled_in_is_told_kindly_what_is_missing(self, sheet):
        assert verdict(sheet).startswith("Not yet: ")

    def test_the_solution_folded_away_is_right(self, sheet):
        (solution,) = solutions(sheet)
        assert verdict(sheet, solution).startswith("Well done")


MAY_START = "def may_start(states):\n    return {n for n, step in STEPS.items() if states[n] == 'waiting' and (%s)}"
RECEIVE = "def receive(mine, message, host):\n    return dict(VectorClock(mine).receive(message, host))"
MISTAKES = [
    ("02_order_flow", MAY_START % "False"),
    ("02_order_flow", MAY_START % "True"),
    ("02_order_flow", MAY_START % "all(states[need] == 'passed' for need in step.needs)"),  # goes on after a rejection
    ("03_vector_clocks", "def receive(mine, message, host):\n    return {**mine, host: mine.get(host, 0) + 1}"),
    (
        "03_vector_clocks",
        "def receive(mine, message, host):\n    return {**mine, **message, host: mine.get(host, 0) + 1}",
    ),
    ("03_vector_clocks", RECEIVE + "\n\ndef happened_before(a, b):\n    return sum(a.values()) < sum(b.values())"),
    (
        "03_vector_clocks",
        RECEIVE + "\n\ndef happened_before(a, b):\n    return all(n <= b.get(p, 0) for p, n in a.items())",
    ),
]


@pytest.mark.parametrize(("sheet", "mistake"), MISTAKES)
def test_a_wrong_answer_is_not_taken_for_right(sheet, mistake):
    assert verdict(sheet, mistake).startswith("Not yet: ")
