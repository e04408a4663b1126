"""Faults as data: what is read is what was written, and a mistake is one sentence."""

import json

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.faults import FIELDS, Fault

ONE_OF_EACH: list[dict[str, object]] = [
    {"kind": "kill", "process": "executor-2"},
    {"kind": "freeze", "process": "leader", "seconds": 0.8},
    {"kind": "cut", "between": ["leader", "redis"], "how": "mute", "seconds": 2},
    {"kind": "slow", "process": "fraud_detection", "delay": 0.3, "procedure": "CheckFraud"},
    {"kind": "unavailable", "process": "suggestions", "calls": 7},
    {"kind": "lose_reply", "process": "transaction_verification"},
    {"kind": "flush"},
    {"kind": "crash_point", "process": "orchestrator", "at": "accept:after:freeze", "within": 3.0},
    {"kind": "lose_tail", "lost": 500},
]


def test_there_is_an_example_of_each_kind_here():
    assert [values["kind"] for values in ONE_OF_EACH] == list(FIELDS)


@pytest.mark.parametrize("values", ONE_OF_EACH, ids=lambda values: values["kind"])
def test_a_fault_is_read_from_json_as_it_was_written(values):
    fault = Fault.from_fields(json.loads(json.dumps(values)))

    assert fault.to_fields() == values
    assert Fault.from_fields(fault.to_fields()) == fault


def test_what_is_over_at_once_does_not_last():
    assert Fault("flush").lasts == 0
    assert Fault("kill", "executor-1", seconds=3).lasts == 3


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("kill", "A fault is an object with a 'kind', not 'kill'."),
        ({"process": "redis"}, "A fault is an object with a 'kind', not {'process': 'redis'}."),
        ({"kind": "explode"}, "There is no fault 'explode'; there are kill, freeze, cut, "),
        ({"kind": ["kill"]}, "A fault needs a text as 'kind', not ['kill']."),
        ({"kind": "kill"}, "A fault of kind 'kill' needs 'process'."),
        ({"kind": "kill", "process": 2}, "A fault needs a text as 'process', not 2."),
        ({"kind": "kill", "process": "redis", "how": "reset"}, "does not take 'how'; it takes process, seconds."),
        ({"kind": "kill", "proces": "redis"}, "A fault has no 'proces'; it has kind, process, "),
        ({"kind": "freeze", "process": "redis", "seconds": -1}, "needs a number from 0 as 'seconds', not -1."),
        ({"kind": "freeze", "process": "redis", "seconds": "1"}, "needs a number from 0 as 'seconds', not '1'."),
        ({"kind": "freeze", "process": "redis", "seconds": True}, "needs a number from 0 as 'seconds', not True."),
        ({"kind": "freeze", "process": "redis", "seconds": float("nan")}, "needs a number from 0 as 'seconds'"),
        ({"kind": "flush", "seconds": 2}, "A fault of kind 'flush' does not take 'seconds'; it takes nothing."),
        ({"kind": "slow", "process": "suggestions"}, "A fault of kind 'slow' needs 'delay'."),
        ({"kind": "slow", "process": "suggestions", "delay": 1, "calls": 1.5}, "needs a whole number as 'calls'"),
        (
            {"kind": "cut", "between": "redis", "how": "mute"},
            "needs a list of two processes as 'between', not 'redis'.",
        ),
        ({"kind": "cut", "between": ["redis"], "how": "mute"}, "needs two processes as 'between'."),
        ({"kind": "cut", "between": ["redis", "redis"], "how": "mute"}, "needs two processes as 'between'."),
        ({"kind": "cut", "between": ["leader", "redis"], "how": "saw"}, "is cut by one of reset, silence, mute, delay"),
        ({"kind": "crash_point", "process": "leader", "at": "lunch:after"}, "'lunch:after' is no crash point"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence_that_names_it(values, sentence):
    with pytest.raises(BookstoreError) as caught:
        Fault.from_fields(values)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
