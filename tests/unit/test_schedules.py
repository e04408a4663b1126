"""Schedules of a fault campaign: the same seed gives the same one, and what a person writes is checked."""

import json
from collections import Counter
from typing import get_args

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.faults import FIELDS, Fault
from bookstore_lib.lab.supervisor.plan import Fsync
from bookstore_lib.lab.verify.crash_matrix import crash_schedules
from bookstore_lib.lab.verify.plan import plan, replay, touches
from bookstore_lib.lab.verify.schedule import Schedule
from bookstore_lib.runtime.crash_points import STEPS

ORDER = {"at": 0.5, "items": {"Frankenstein": 1}}


def test_the_same_seed_and_number_always_give_the_same_schedule():
    assert plan(1, 17) == plan(1, 17)
    assert len({str(plan(seed, number)) for seed in range(3) for number in range(3)}) == 9


@pytest.mark.parametrize("fsync", [None, *get_args(Fsync)])
def test_a_schedule_can_be_run_again_from_its_name_alone(fsync):
    schedule = plan(7, 3, fsync)
    assert replay(schedule.name) == schedule


def test_a_schedule_without_streams_can_be_run_again_from_its_name_alone():
    schedule = plan(7, 3, unary=True)
    assert schedule.transport == "unary"
    assert replay(schedule.name) == schedule


@pytest.mark.parametrize("name", ["17", "abc", "1-", "-1", "1-2-sometimes", "1-2-always-3", "", "1--2"])
def test_a_name_that_no_campaign_gave_is_one_sentence(name):
    with pytest.raises(BookstoreError, match="There is no schedule"):
        replay(name)


def test_a_schedule_has_twenty_orders_some_twice_and_three_to_six_faults():
    for number in range(100):
        schedule = plan(2, number)
        assert len(schedule.orders) == 20
        assert len({order.key for order in schedule.orders}) == 18
        assert 3 <= len(schedule.faults) <= 6
        assert [timed.at for timed in schedule.faults] == sorted(timed.at for timed in schedule.faults)


def test_every_kind_of_fault_is_drawn_and_a_lost_tail_only_where_redis_may_lose_one():
    kinds = Counter(timed.fault.kind for number in range(200) for timed in plan(1, number).faults)
    assert set(kinds) == FIELDS.keys() - {"lose_tail"}
    stores = {way: {timed.fault.kind for n in range(50) for timed in plan(1, n, way).faults} for way in get_args(Fsync)}
    assert stores["always"] == {"kill", "freeze", "flush", "cut"}
    assert stores["everysec"] == stores["no"] == {"kill", "freeze", "flush", "cut", "lose_tail"}


def test_faults_of_whoever_leads_keep_clear_of_all_that_tells_who_leads():
    all_that = {"executor-1", "executor-2", "executor-3", "redis", "postgres"}
    assert touches(Fault("kill", process="leader")) > all_that
    assert touches(Fault("cut", between=("leader", "suggestions"), how="reset")) > {*all_that, "suggestions"}
    assert touches(Fault("kill", process="suggestions")) == {"suggestions"}
    assert touches(Fault("flush")) == {"redis"}


def test_the_matrix_has_every_step_before_and_after_its_effect_killed_and_frozen():
    names = [schedule.name for schedule in crash_schedules()]
    assert sorted(names) == sorted(
        f"{s}:{side}:{how}" for s in STEPS for side in ("before", "after") for how in ("kill", "freeze")
    )


def test_a_schedule_written_to_a_file_is_read_back_as_it_was(tmp_path):
    schedule = plan(1, 1, "no")
    file = tmp_path / schedule.name
    file.write_text(json.dumps(schedule.to_fields()))
    assert Schedule.load(file) == schedule


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "a schedule is an object"),
        ({"orders": []}, "a schedule is an object"),
        ({"orders": [{"items": {}}]}, 'order 1: an order needs "items"'),
        ({"orders": [ORDER, {"items": {"Dracula": 0}}]}, "order 2: the number of copies"),
        ({"orders": [ORDER | {"customer": "Eve"}]}, "there is no customer 'Eve'"),
        ({"orders": [ORDER | {"at": -1}]}, "'at' has to be a number"),
        ({"orders": [ORDER | {"at": "soon"}]}, "'at' has to be a number"),
        ({"orders": [ORDER | {"colour": 1}]}, "an order has no 'colour'"),
        ({"orders": [ORDER], "faults": {}}, "'faults' has to be a list"),
        ({"orders": [ORDER], "faults": [{"at": 1}]}, "fault 1: it is written as"),
        ({"orders": [ORDER], "faults": [{"at": 1, "fault": {"kind": "flood"}}]}, "fault 1: There is no fault 'flood'"),
        (
            {"orders": [ORDER], "faults": [{"at": 1, "fault": {"kind": "kill"}}]},
            "fault 1: A fault of kind 'kill' needs",
        ),
        ({"orders": [ORDER], "fsync": "rarely"}, "'fsync' has to be one of"),
        ({"orders": [ORDER], "transport": "pigeon"}, "'transport' has to be one of"),
    ],
)
def test_a_mistake_in_a_schedule_is_one_sentence_that_says_where(values, sentence, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(values))
    with pytest.raises(BookstoreError, match=r"^mine\.json") as caught:
        Schedule.load(file)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_json_is_one_sentence(tmp_path):
    (tmp_path / "mine.json").write_text("{")
    for name, sentence in (("mine.json", "is not JSON"), ("yours.json", "cannot be read")):
        with pytest.raises(BookstoreError, match=sentence):
            Schedule.load(tmp_path / name)
