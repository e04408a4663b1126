"""What the charts of orders count, and what they say."""

import pytest

from bookstore_lib.core.calls import calls
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures import alt_text, draw_gantt, draw_queue, draw_system
from bookstore_lib.lab.figures.load import loads, throughput
from bookstore_lib.lab.history import History
from tests.executions import Chronicle, complete_order, election, interleaved
from tests.gallery import PROCESSES, busy_shop
from tests.measure import shown


def test_every_call_is_found_with_its_answer():
    found = calls(complete_order(status="rejected"))
    assert len(found) == 10
    assert {call.step for call in found if call.answer == "none"} == {"check_fraud"}
    assert [call.service for call in found if call.answer == "error"] == ["fraud_detection"]
    assert all(call.answered.wall > call.asked.wall for call in found if call.answered)


def test_a_gantt_chart_has_a_row_for_each_call_and_says_what_decided():
    picture = draw_gantt(complete_order(status="rejected"))
    assert {"waits in queue", "CheckBilling TV", "CheckFraud FD", "no answer", "settled"} <= set(shown(picture))
    critical = alt_text(picture).partition("Critical path: ")[2]
    assert "CheckCard TV" in critical
    assert "ClearOrder" not in critical


def test_a_gantt_chart_shows_one_order_that_was_begun():
    both = interleaved(complete_order("a-1"), complete_order("b-2"))
    with pytest.raises(HistoryError, match="one order"):
        draw_gantt(both)
    with pytest.raises(HistoryError, match="Choose the order first"):
        History(both).draw_gantt()
    with pytest.raises(HistoryError, match="Nobody has worked on order order-1"):
        draw_gantt(complete_order()[:1])
    with pytest.raises(HistoryError, match="one order"):
        draw_gantt([])


def test_an_order_waits_is_under_way_and_waits_again_when_it_is_taken_over():
    story = Chronicle()
    story.note("orchestrator", "accepted", 0.0, of="a")
    story.note("orchestrator", "accepted", 0.1, of="b")
    story.took("executor-1", "a", 1, 0.2)
    story.note("executor-2", "took over", 3.0, orders=["a"])
    story.took("executor-2", "a", 2, 3.1)
    story.finished("executor-2", "a", 2, 3.2)
    story.note("orchestrator", "answered", 3.4, of="b")  # as of an order that was rejected before it was queued
    assert [load[1:] for load in loads(story.events)] == [(1, 0), (2, 0), (1, 1), (2, 0), (1, 1), (1, 0), (0, 0)]


def test_throughput_counts_each_settlement_once():
    events = busy_shop().events
    assert sum(throughput(events, 0.2)) * 0.2 == pytest.approx(60)


def test_the_queue_is_drawn_with_the_faults_that_explain_it():
    picture = busy_shop().draw_queue()
    assert {"waiting in the queue", "under way", "settled", "killed"} <= set(shown(picture))
    assert "executor-1 killed" in alt_text(picture)
    with pytest.raises(HistoryError, match="place an order first"):
        draw_queue(election("none"))


def test_the_system_model_shows_every_process_how_it_is_and_who_leads():
    states = dict.fromkeys(PROCESSES, "running") | {"executor-1": "dead", "fraud_detection": "paused"}
    said = "\n".join(shown(draw_system(states, leader="executor-2")))
    assert all(name in said for name in PROCESSES if name not in ("redis", "postgres"))
    assert {"★ executor-2", "✗ dead", "❚❚ frozen", "Redis", "PostgreSQL"} <= set(said.splitlines())
    assert "executor-1 (dead)" in alt_text(draw_system(states))


@pytest.mark.parametrize("processes", [["executor-1"], ["orchestrator", "suggestions"], ["redis", "mine"]])
@pytest.mark.parametrize("coordinator", ["executor", "orchestrator"])
def test_a_part_of_the_system_is_drawn_as_well(processes, coordinator):
    assert processes[-1] in alt_text(draw_system(processes, coordinator=coordinator))


def test_a_system_that_cannot_be_is_an_error_that_names_what_is_wrong():
    with pytest.raises(HistoryError, match="give the names"):
        draw_system([])
    with pytest.raises(HistoryError, match="cannot be 'asleep'"):
        draw_system({"redis": "asleep"})
    with pytest.raises(HistoryError, match="'executor-9' is none"):
        draw_system(PROCESSES, leader="executor-9")
