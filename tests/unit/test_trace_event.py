"""Trace events: what is written is what is read, and half a line is never taken for an event."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.trace_event import KINDS, DamagedEventError, TraceEvent
from bookstore_lib.core.vector_clock import VectorClock

names = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | names,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(names, parts, max_size=3),
    max_leaves=5,
)
clocks = st.dictionaries(st.text(string.ascii_lowercase, min_size=1), st.integers(0, 9), max_size=3).map(VectorClock)
trace_events = st.builds(
    TraceEvent,
    id=names,
    process=names,
    order_id=names,
    kind=st.sampled_from(KINDS),
    name=names,
    clock=clocks,
    message_id=names,
    peer=names,
    wall=numbers,
    epoch=st.none() | st.integers(0),
    detail=st.dictionaries(names, values, max_size=3),
)
EVENT = TraceEvent("bob#2", "bob", "order-1", "local", "settled", VectorClock({"bob": 2}), epoch=3)


@given(trace_events)
def test_an_event_is_read_as_it_was_written(event):
    assert TraceEvent.from_json(event.to_json()) == event


@given(trace_events)
def test_an_event_is_one_line_of_ascii(event):
    line = event.to_json()
    assert line.splitlines() == [line]
    assert line.isascii()


@given(trace_events, st.data())
def test_a_line_cut_anywhere_is_never_taken_for_an_event(event, data):
    line = event.to_json()
    cut = data.draw(st.integers(0, len(line) - 1))
    with pytest.raises(DamagedEventError):
        TraceEvent.from_json(line[:cut])


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "teleport"},
        {"clock": {"bob": -1}},
        {"clock": {"bob": 1.5}},
        {"clock": [2]},
        {"colour": "red"},
        {"order_id": 7},
        {"message_id": None},
        {"wall": "noon"},
        {"epoch": "3"},
        {"detail": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_whole_line_that_is_no_event_is_refused(change):
    line = json.dumps(json.loads(EVENT.to_json()) | change)
    with pytest.raises(DamagedEventError):
        TraceEvent.from_json(line)


@pytest.mark.parametrize("line", ["[]", "7", "null", "{}", '"bob"', "[" * 100_000], ids=lambda line: line[:9])
def test_json_that_is_no_event_is_refused(line):
    with pytest.raises(DamagedEventError):
        TraceEvent.from_json(line)
