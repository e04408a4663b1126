"""The happens-before graph against its definition."""

from itertools import permutations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_lib.core.causality import causal_order
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.happens_before import HappensBefore
from bookstore_lib.lab.figures import draw_happens_before, happens_before_graph
from bookstore_lib.lab.history import History
from tests.executions import Execution, complete_order, random_execution
from tests.measure import arrows, shown

executions = st.builds(random_execution, st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 20))


@settings(deadline=None, max_examples=30)
@given(executions)
def test_a_path_leads_from_one_event_to_another_exactly_if_the_one_happened_before(events):
    relation = HappensBefore(causal_order(events))
    pairs = {(a.id, b.id) for a, b in permutations(events, 2) if relation.holds(a, b)}
    assert set(happens_before_graph(events, "all").edges) == pairs
    for form in ("direct", "reduction"):
        assert set(nx.transitive_closure_dag(happens_before_graph(events, form)).edges) == pairs


@settings(deadline=None, max_examples=30)
@given(executions)
def test_nothing_can_be_taken_from_the_reduction(events):
    reduction = happens_before_graph(events, "reduction")
    for edge in list(reduction.edges):
        reduction.remove_edge(*edge)
        assert not nx.has_path(reduction, *edge)
        reduction.add_edge(*edge)


def test_a_reply_says_that_the_caller_waited_so_its_own_step_follows_from_it():
    run = Execution()
    request = run.send("a", "ask", "b")
    run.receive("a", run.serve(request))
    picture = draw_happens_before(run.events)
    assert len(arrows(picture)) == 4
    assert "follows from the rest" in shown(picture)
    assert len(arrows(draw_happens_before(run.events, form="reduction"))) == 3


def test_a_history_draws_its_graph():
    picture = History(complete_order(status="rejected")).draw_happens_before("Mine")
    assert picture.get_suptitle() == "Mine"
    assert "55 events" in picture.alt


@pytest.mark.parametrize(
    ("events", "form", "said"),
    [
        ([], "direct", "no events to draw"),
        (random_execution(1, 3, 201), "direct", "201 events; draw one order"),
        (complete_order(), "all", "arrows apart"),
        (complete_order(), "some", "no form 'some'"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_that_says_why(events, form, said):
    with pytest.raises(HistoryError, match=said):
        draw_happens_before(events, form=form)
