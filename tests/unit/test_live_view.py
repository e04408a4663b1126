"""What a live view is told and what stays when it is gone; what the browser makes of it is tested in tests/browser."""

from dataclasses import replace

import pytest

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.lab.history import History
from bookstore_lib.lab.live_view import LiveView, live_view, scene
from tests.executions import complete_order, election, interleaved, random_execution
from tests.gallery import forgotten_merge, rejected, taken_over


def told(history):
    return history.live().told


def test_a_view_shows_the_events_in_the_columns_and_lanes_of_the_figures():
    history = rejected()
    spacetime, view = lay_out(history.events), told(history)
    assert view["id"] == [event.id for event in spacetime.events]
    assert view["x"] == [spacetime.columns[event.id] for event in spacetime.events]
    assert view["lanes"] == list(spacetime.processes)
    assert [view["laneOf"][host] for host in view["host"]] == [spacetime.lanes[e.process] for e in spacetime.events]


def test_a_view_knows_which_messages_arrived_which_are_answers_and_which_were_lost():
    spacetime, view = lay_out(rejected().events), told(rejected())
    arrows = [(view["id"][send], view["id"][receive], again) for send, receive, again, _ in view["messages"]]
    assert arrows == [(arrow.send.id, arrow.receive.id, int(arrow.again)) for arrow in spacetime.arrows]
    answers = {view["words"][view["name"][send]] for send, _, _, answer in view["messages"] if answer}
    assert answers
    assert all(name.endswith((" reply", " error")) for name in answers)
    assert [view["id"][event] for event in view["lost"]] == [event.id for event in spacetime.lost]


def test_the_clock_of_an_event_is_whole():
    history = rejected()
    view = told(history)
    for event in history.events:
        pairs = view["clock"][view["id"].index(event.id)]
        hosts = [view["hosts"][host] for host in pairs[::2]]
        assert dict(zip(hosts, pairs[1::2], strict=True)) == dict(event.clock)


def test_a_wrong_clock_is_told_with_its_sentence():
    history = forgotten_merge()
    view = told(history)
    sentences = {view["id"][int(place)]: each for place, each in view["wrong"].items()}
    violations = history.check().violations
    assert violations
    for violation in violations:
        assert violation.sentence in sentences[violation.events[0].id]


def test_a_fault_is_shown_on_the_line_of_its_victim_and_nobody_can_ask_about_it():
    view = told(taken_over())
    (killed,) = (int(place) for place, name in view["marks"].items() if name == "killed")
    assert view["hosts"][view["host"][killed]] == "executor-1"
    assert view["noted"] == [killed]


def test_the_restart_of_a_process_shares_its_line():
    view = told(History(election("kill")))
    lanes = {host: lane for host, lane in zip(view["hosts"], view["laneOf"], strict=True) if "executor-1" in host}
    assert len(lanes) == 2
    assert len(set(lanes.values())) == 1


def test_events_that_arrive_later_are_shown_with_those_before():
    events, view = complete_order(), LiveView()
    assert view.told == {}
    view.show(events[:10])
    view.show(events)
    assert sorted(view.told["id"]) == sorted(event.id for event in events)


def test_an_empty_history_cannot_be_shown_and_the_sentence_says_what_to_do():
    with pytest.raises(HistoryError, match="place an order first"):
        History([]).live()


def test_a_history_that_is_too_long_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(scene, "MOST_EVENTS", 50)
    with pytest.raises(HistoryError, match="holds 50 events, not 51; show one order"):
        History(random_execution(1, events=51)).live()


def test_what_a_view_is_told_of_5000_events_is_small_enough_to_send_at_once():
    history = History(random_execution(1, 7, 5000))
    assert len(history.live().scene) < 600_000


def test_details_are_told_and_cut_short():
    events = complete_order()
    events[0] = replace(events[0], epoch=4, detail={"why": "x" * 1000})
    view = told(History(events))
    text = view["more"][str(view["id"].index(events[0].id))]
    assert text.startswith("epoch: 4, why: xx")
    assert len(text) < 200


@pytest.fixture
def shown(monkeypatch):
    """What a notebook is given to show."""
    outputs = []
    monkeypatch.setattr(live_view, "display", lambda thing, **_: outputs.append(thing))
    return outputs


def test_a_picture_of_the_same_events_stays_in_the_notebook(shown):
    history = rejected()
    view = history.live()
    view._ipython_display_()
    widget, picture = shown
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert widget["text/plain"] == "Live space-time diagram"
    assert picture.alt == history.draw().alt


def test_the_picture_has_what_is_chosen_and_the_cut(shown):
    view = rejected().live()
    view.chosen, view.cut = "executor-2#10", ["executor-2#12"]
    view._ipython_display_()
    legend = [text.get_text() for text in shown[1].axes[0].get_legend().get_texts()]
    assert {"causal past", "causal future", "inconsistent cut"} <= set(legend)


def test_the_picture_is_of_the_order_that_is_shown(shown):
    view = History(interleaved(complete_order("order-1"), complete_order("order-2"))).live()
    view.order, view.chosen = "order-2", "order-1 has another"
    view._ipython_display_()
    assert shown[1].get_suptitle() == "Order order-2"


def test_of_more_events_than_one_can_read_an_overview_stays(shown):
    History(random_execution(1, 5, 1000)).live()._ipython_display_()
    assert shown[1].alt.startswith("Space-time diagram with vector clocks. 1000 events of 5 processes")
    assert len(shown[1].axes[0].lines) == 5


def test_a_view_without_events_leaves_no_picture(shown):
    LiveView()._ipython_display_()
    assert len(shown) == 1
