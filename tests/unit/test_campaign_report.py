"""What a campaign says about itself: it passes only when its faults landed and every guarantee held."""

import json

import pytest

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import OrderRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.faults import Fault, Landing
from bookstore_lib.lab.history import History
from bookstore_lib.lab.verify.plan import plan
from bookstore_lib.lab.verify.report import Report, merge
from bookstore_lib.lab.verify.schedule import Schedule
from bookstore_lib.lab.verify.stage import Round

KILL, FLUSH = Fault("kill", process="executor-1"), Fault("flush")
LANDED, MISSED = Landing(landed=True, evidence="It was gone."), Landing(landed=False, evidence="Nothing came.")
STARTED = TraceEvent("executor-1#1", "executor-1", "", "local", "started")
STUCK = Tables((OrderRow("order-1", OrderStatus.ACCEPTED, None, 100, {1: 1}),))


def done(*landings, tables=None):
    history = History([STARTED], tables or Tables())
    return Round(plan(1, 1), landings, 18, history, history.check())


def report(*landings, folder="out", tables=None):
    made = Report()
    made.add(done(*landings, tables=tables), folder)
    return made


def test_a_campaign_whose_faults_landed_and_whose_guarantees_held_is_good():
    made = report((KILL, LANDED), (FLUSH, LANDED))
    assert (made.good, made.planned, made.landed, made.orders, made.invalid) == (True, 2, 2, 18, "")


@pytest.mark.parametrize(("misses", "good"), [(1, True), (2, False)])
def test_less_than_95_percent_landed_is_invalid_not_passed(misses, good):
    made = report(*[(KILL, LANDED)] * (20 - misses), *[(KILL, MISSED)] * misses)
    assert made.good is good
    assert bool(made.invalid) is not good
    assert ("This proves nothing" in str(made)) is not good


def test_a_kind_that_landed_too_seldom_is_invalid_however_often_the_others_did():
    made = report(*[(KILL, LANDED)] * 200, *[(FLUSH, LANDED)] * 5, *[(FLUSH, MISSED)] * 3)
    assert made.landed >= 0.95 * made.planned
    assert made.invalid == "Landed too seldom: flush (5 of 8)."


def test_a_failing_schedule_is_named_and_written_so_that_it_can_be_looked_at_and_run_again(tmp_path):
    made = report((KILL, LANDED), folder=tmp_path, tables=STUCK)

    (failure,) = made.failures
    assert not made.good
    assert failure.schedule == "1-1"
    assert failure.sentences == ("Order order-1 is still accepted.",)
    assert Schedule.from_fields("1-1", json.loads((failure.folder / "schedule.json").read_text())) == plan(1, 1)
    assert History.load(failure.folder / "events.jsonl").events == (STARTED,)
    assert "Order order-1 is still accepted." in (failure.folder / "verdict.txt").read_text()
    assert "--replay" in str(made)


def test_the_json_of_a_campaign_has_what_scripts_look_for():
    fields = json.loads(json.dumps(report((KILL, LANDED), (FLUSH, MISSED)).to_json()))
    asked = {"schedules", "orders", "faults_planned", "faults_landed", "by_kind", "violations", "seconds"}
    assert asked <= fields.keys()
    assert fields["by_kind"] == {"flush": {"planned": 1, "landed": 0}, "kill": {"planned": 1, "landed": 1}}


def test_the_reports_of_several_bookstores_add_up(tmp_path):
    total = merge([report((KILL, LANDED)), report((KILL, MISSED), (FLUSH, LANDED), folder=tmp_path, tables=STUCK)])
    assert (total.schedules, total.orders, total.planned, total.landed, len(total.failures)) == (2, 36, 3, 2, 1)
    assert total.misses == ["1-1: Nothing came."]
