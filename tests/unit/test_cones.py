"""Causal past and future, and cuts, against their definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.cones import cone_of, cut_at
from bookstore_lib.core.errors import HistoryError
from tests.executions import Execution, complete_order, random_execution

executions = st.builds(
    random_execution, st.randoms(use_true_random=False), processes=st.integers(1, 4), events=st.integers(1, 30)
)


@given(executions, st.data())
def test_past_and_future_are_what_right_clocks_say(events, data):
    event = data.draw(st.sampled_from(events))
    cone = cone_of(events, event.id)
    assert cone.past == {other.id for other in events if other.clock < event.clock}
    assert cone.future == {other.id for other in events if event.clock < other.clock}


@given(executions, st.data())
def test_a_cut_is_consistent_if_and_only_if_it_holds_the_past_of_all_that_it_holds(events, data):
    processes = sorted({event.process for event in events})
    own = {process: [event.id for event in events if event.process == process] for process in processes}
    frontier = [last for process in processes if (last := data.draw(st.sampled_from(["", *own[process]])))]
    cut = cut_at(events, frontier)
    assert cut.consistent == all(cone_of(events, event_id).past <= cut.inside for event_id in cut.inside)


def test_a_cut_names_the_receives_whose_send_is_outside():
    run = Execution()
    run.local("p1", "work")
    message = run.send("p1", "hello", "p2")
    received = run.receive("p2", message)
    assert cut_at(run.events, ["p1#1", "p2#1"]).breaking == (received,)
    assert cut_at(run.events, ["p1#2"]).consistent


@pytest.mark.parametrize("frontier", [["nobody#1"], ["executor-2#1", "executor-2#2"]])
def test_a_cut_behind_an_unknown_event_or_two_of_one_process_is_an_error(frontier):
    with pytest.raises(HistoryError, match=r"no event 'nobody#1'|two events of executor-2"):
        cut_at(complete_order(), frontier)


def test_the_cone_of_an_unknown_event_is_an_error():
    with pytest.raises(HistoryError, match="nobody#1"):
        cone_of(complete_order(), "nobody#1")
