"""The exercises of the sheets: what is shipped is not solved, says kindly what is missing, and can be solved.

A sheet marks its cells with tags: `exercise` for the stub and what the check needs, `check` for the check, and
`solution` for the text with a solution folded away.
"""

import ast
import re
from contextlib import redirect_stdout
from io import StringIO

import pytest

from bookstore_lib.lab.history import History
from tests.executions import complete_order, interleaved
from tests.notebooks.sheets import SHEETS, cells, source

EVERY = {sheet.stem: sheet for sheet in SHEETS}


def imports(sheet):
    for cell in cells(sheet, "code"):
        found = [node for node in ast.parse(source(cell)).body if isinstance(node, ast.Import | ast.ImportFrom)]
        yield "\n".join(ast.unparse(node) for node in found)


def solution(sheet):
    folded = "\n".join(source(cell) for cell in cells(sheet, tag="solution"))
    assert folded.startswith("<details>"), "a solution is folded away"
    (found,) = re.findall(r"```python\n(.*?)```", folded, re.DOTALL)
    return found


def verdict(name, answer=""):
    """What the check of a sheet prints of a run of two orders, after the stub and then the answer was run."""
    sheet, told = EVERY[name], StringIO()
    orders = complete_order("order-1"), complete_order("order-2", status="rejected")
    names = {"__name__": "sheet", "history": History(interleaved(*orders))}
    exercise, check = ([source(cell) for cell in cells(sheet, "code", tag)] for tag in ("exercise", "check"))
    with redirect_stdout(told):
        for text in (*imports(sheet), *exercise, answer, *check):
            exec(text, names)
    return told.getvalue()


@pytest.mark.parametrize("name", EVERY)
class TestExercise:
    def test_a_stub_that_is_not_filled_in_is_told_kindly_what_is_missing(self, name):
        assert verdict(name).startswith("Not yet: ")

    def test_the_solution_folded_away_is_right(self, name):
        assert verdict(name, solution(EVERY[name])).startswith("Well done")


FIRST = 'alice_2 = VectorClock({"alice": 2})\nalice_3 = VectorClock({"alice": 3})\nbob_1 = VectorClock().%s'
MAY_START = "def may_start(states):\n    return {n for n, step in STEPS.items() if states[n] == 'waiting' and (%s)}"
RECEIVE = "def receive(mine, message, host):\n    return %s\n"
RIGHT = RECEIVE % "dict(VectorClock(mine).receive(message, host))"
BEFORE = RIGHT + "def happened_before(a, b):\n    return %s"
LEADS = """
def leads(now, renewals, ttl, margin):
    until = float("inf")
    for asked, answered, result in renewals:
        if answered > now:
            break
        if %s:
            return False
        until = %s + ttl - margin if result else until
    return now < until
"""
MAY_SETTLE = "def may_settle(epoch, current_epoch, status):\n    return %s"
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
SERVERS = "def servers_needed(demands, rate):\n    return {station: %s for station, ms in demands.items()}"
GUARANTEE = """
def approved_too_early(history):
    return [order_id for order_id in history.order_ids if is_too_early(history.order(order_id))]

def is_too_early(order):
    settled = [event for event in order.events if event.name == "settled"]
    checks = [[e for e in order.events if e.name == name] for name in ("card checked", "fraud scored")]
    return %s
"""
APPROVED = "settled[0].detail['status'] == 'approved'"
MISTAKES = {
    "the receiver learns nothing": ("01_first_order", FIRST % 'tick("bob")', "Bob learns what Alice knew"),
    "the receiver does not count": ("01_first_order", FIRST % "merge(alice_2)", "counts his own event"),
    "nothing starts": ("02_order_flow", MAY_START % "False", "where everything is waiting"),
    "all starts at once": ("02_order_flow", MAY_START % "True", "where everything is waiting"),
    "it goes on after a rejection": (
        "02_order_flow",
        MAY_START % "all(states[need] == 'passed' for need in step.needs)",
        "is rejected",
    ),
    "it does not merge": ("03_vector_clocks", RECEIVE % "{**mine, host: mine.get(host, 0) + 1}", "its clock is"),
    "it overwrites": ("03_vector_clocks", RECEIVE % "{**mine, **message, host: mine.get(host, 0) + 1}", "its clock is"),
    "the sum decides": ("03_vector_clocks", BEFORE % "sum(a.values()) < sum(b.values())", "happened_before("),
    "an event before itself": (
        "03_vector_clocks",
        BEFORE % "all(n <= b.get(p, 0) for p, n in a.items())",
        "happened_before(",
    ),
    "it counts from the answer": (
        "04_leader_election",
        LEADS % ("result is False or answered >= until", "answered"),
        "Redis counts from before",
    ),
    "a term begins again": ("04_leader_election", LEADS % ("result is False", "asked"), "when the term was over"),
    "it goes on without the lock": ("04_leader_election", LEADS % ("answered >= until", "asked"), "is not ours"),
    "it forgets the margin": (
        "04_leader_election",
        LEADS % ("result is False or answered >= until", "margin + asked"),
        "less than the margin is left",
    ),
    "only the epoch": ("05_leader_failover", MAY_SETTLE % "epoch == current_epoch", "paid for 2 times"),
    "only the status": ("05_leader_failover", MAY_SETTLE % "status == 'accepted'", "though 2 had been taken"),
    "nobody settles": ("05_leader_failover", MAY_SETTLE % "False", "paid for 0 times"),
    "never taken over": ("06_failure_modes", QUEUE + FORGET, "nobody has worked on the first order"),
    "never acknowledged": ("06_failure_modes", QUEUE + GIVE_BACK, "comes again, though it was acknowledged"),
    "it rounds up": ("07_load_and_bottlenecks", SERVERS % "-(-rate * ms // 1000)", "busy all of the time"),
    "it rounds down": ("07_load_and_bottlenecks", SERVERS % "rate * ms // 1000", "one server has time left"),
    "rejected orders, too": ("08_report", GUARANTEE % "not all(checks)", "a rejected order has no fraud check"),
    "one check": ("08_report", GUARANTEE % f"not checks[0] and {APPROVED}", "approved order has no fraud check"),
    "not by happens-before": (
        "08_report",
        GUARANTEE % f"not all(checks) and {APPROVED}",
        "never heard the fraud score",
    ),
}


@pytest.mark.parametrize(("name", "answer", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_answer_is_told_what_is_wrong(name, answer, sentence):
    told = verdict(name, answer)

    assert told.startswith("Not yet: ")
    assert sentence in told


def test_a_mistake_is_known_for_every_sheet():
    assert {name for name, _, _ in MISTAKES.values()} == set(EVERY)
