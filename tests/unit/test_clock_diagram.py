"""The space-time diagram, measured with the renderer that draws it."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.colors import to_hex

from bookstore_lib.core.causality import check_clocks
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures import Picture, alt_text, draw_clock_diagram, save_figure
from bookstore_lib.lab.figures.clock_down import lay_downwards
from bookstore_lib.lab.figures.clock_emphasis import FUTURE, PAST
from bookstore_lib.lab.figures.clock_lanes import Span, spans
from bookstore_lib.lab.figures.clock_right import lay_rightwards
from bookstore_lib.lab.figures.clock_sheet import Direction, Sheet
from bookstore_lib.lab.figures.clock_texts import event_labels
from bookstore_lib.lab.figures.style import FADED, RED
from tests.executions import Execution, complete_order, election, interleaved, random_execution
from tests.measure import arrows, boxes, covered_marks, covering, ends, marks, outside, shown, texts

ORDERS = {
    "approved": complete_order(),
    "rejected": complete_order(status="rejected"),
    "retry": complete_order(retry=True),
    "by the orchestrator": complete_order(coordinator="orchestrator"),
    "outcome lost": complete_order(outcome_lost=True),
    "two at once": interleaved(complete_order("order-1"), complete_order("order-2", status="rejected")),
}
RANDOM = {f"{count} events": random_execution(seed, 5, count) for count, seed in ((10, 1), (40, 2), (120, 1), (300, 3))}
ALL = ORDERS | RANDOM
DIRECTIONS: tuple[Direction, ...] = ("right", "down")


@cache
def drawn(name: str, direction: Direction) -> Picture:
    """The diagram of one of `ALL`; not to be changed."""
    return draw_clock_diagram(ALL[name], direction=direction)


@cache
def measured(name: str, direction: Direction) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """The texts of such a diagram that cover each other, that leave the picture, and that cover marks."""
    figure = drawn(name, direction)
    found = boxes(figure)
    return covering(figure, found), outside(figure, found), covered_marks(figure, found)


def sheet(events: list[TraceEvent], direction: Direction, axis: Axis = "logical") -> Sheet:
    """The same without ink."""
    spacetime = lay_out(events, axis=axis)
    if direction == "down":
        return lay_downwards(spacetime, {}, axis)
    return lay_rightwards(spacetime, event_labels(spacetime, {}), axis)


def fault(name: str, process: str, wall: float) -> TraceEvent:
    """As the lab notes it."""
    return TraceEvent(f"lab#{wall}", "lab", "", "local", name, wall=wall, detail={"process": process})


def taken_over() -> tuple[list[TraceEvent], list[TraceEvent]]:
    """An order whose first executor is killed and whose second is frozen for a while, and what was done to them."""
    run = Execution()
    message = run.send("orchestrator", "order_queued", "executors")
    first = run.receive("executor-1", message)
    second = run.receive("executor-2", message)
    last = run.local("executor-2", "settled")
    begin, end = second.wall, last.wall
    started = TraceEvent("executor-1~1#1", "executor-1~1", "", "local", "started", wall=begin)
    faults = [
        fault("killed", "executor-1", first.wall),
        started,
        fault("paused", "executor-2", begin),
        fault("resumed", "executor-2", (begin + end) / 2),
    ]
    return run.events, faults


def test_the_measure_of_these_tests_sees_texts_that_cover_each_other():
    figure = draw_clock_diagram(ORDERS["approved"])
    label = next(text for text in texts(figure) if text.get_rotation())
    x, y = label.get_position()
    figure.axes[0].text(x + 3, y + 3, "over it", rotation=label.get_rotation(), rotation_mode="anchor")
    assert covering(figure)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ALL)
def test_no_text_covers_another_or_leaves_the_picture(name, direction):
    covering_each_other, leaving, _ = measured(name, direction)
    assert not covering_each_other
    assert not leaving


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ALL)
def test_no_text_covers_a_mark_or_the_cross_of_a_lost_message(name, direction):
    figure, spacetime = drawn(name, direction), lay_out(ALL[name])
    assert len(marks(figure)) == len(spacetime.events) + len(spacetime.lost)
    assert measured(name, direction)[2] == []


@pytest.mark.parametrize("axis", ["logical", "wall"])
@pytest.mark.parametrize("name", [*ORDERS, "120 events"])
def test_no_arrow_runs_backwards(name, axis: Axis):
    for direction in DIRECTIONS:
        place, sign = (0, 1) if direction == "right" else (1, -1)
        laid = sheet(ALL[name], direction, axis)
        lines = [laid.line(arrow.send, arrow.receive) for arrow in laid.spacetime.arrows]
        assert all(sign * line.start[place] < sign * line.end[place] for line in lines)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_message_that_arrives_is_an_arrow_as_it_was_laid_out(direction):
    laid = sheet(ORDERS["retry"], direction)
    expected = {laid.line(arrow.send, arrow.receive) for arrow in laid.spacetime.arrows}
    assert {tuple(ends(arrow)) for arrow in arrows(drawn("retry", direction))} == expected


@pytest.mark.parametrize("figsize", [(13.33, 7.5), (6.5, 9.0)], ids=["slide", "page"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_diagram_fits_the_size_asked_for(figsize, direction):
    figure = draw_clock_diagram(ORDERS["approved"], figsize=figsize, direction=direction)
    assert tuple(figure.get_size_inches()) == figsize
    assert covering(figure) == []
    assert outside(figure) == []


def test_an_order_runs_rightwards_on_a_screen_and_a_long_run_downwards():
    order, long = draw_clock_diagram(ORDERS["approved"]), draw_clock_diagram(RANDOM["300 events"])
    assert order.get_figwidth() > order.get_figheight()
    assert long.get_figwidth() < long.get_figheight()
    assert all(figure.get_figwidth() * 72 <= 1424 for figure in (order, long))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["approved", "retry", "10 events"])
def test_every_event_shows_its_clock_in_the_order_of_the_legend(name, direction):
    laid = sheet(ALL[name], direction)
    hosts = [process for process in laid.spacetime.processes if any(process in event.clock for event in ALL[name])]
    for event in laid.spacetime.events:
        said = [text.text.strip() for text in laid.texts if text.event_id == event.id]
        numbers = [text for part in said for text in part.strip("[]").split(",") if text.isdecimal()]
        assert numbers == [str(event.clock[host]) for host in hosts]


def test_the_entry_that_an_event_added_to_is_bold():
    laid = sheet(ORDERS["approved"], "down")
    bold = [text for text in laid.texts if text.event_id and text.weight == "bold"]
    by_id = {event.id: event for event in laid.spacetime.events}
    assert len(bold) == len(by_id)
    assert all(int(text.text) == by_id[text.event_id].clock[by_id[text.event_id].process] for text in bold)


def test_every_message_has_its_name_along_its_arrow_but_replies_are_thin():
    said = shown(drawn("approved", "right"))
    names = [arrow.send.name for arrow in lay_out(ORDERS["approved"]).arrows]
    assert all(said.count(name) == names.count(name) for name in set(names) if " " not in name)
    assert said.count("reply") == 1  # in the legend
    assert {arrow.get_linewidth() for arrow in arrows(drawn("approved", "right"))} == {0.9, 1.5}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_message_delivered_again_has_a_second_arrow_that_is_dashed(direction):
    figure = drawn("retry", direction)
    assert sum(arrow.get_linestyle() not in ("solid", "-") for arrow in arrows(figure)) == 1
    assert "delivered again" in shown(figure)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_lost_message_is_a_stub_with_a_cross_towards_its_receiver(direction):
    run = Execution()
    run.receive("p2", run.send("p1", "first", "p2"))
    run.send("p1", "second", "p2")
    run.send("p2", "third", "p1")
    figure = draw_clock_diagram(run.events, direction=direction)
    crosses = marks(figure, "x")
    assert len(crosses) == 2
    assert "never received" in shown(figure)
    across = 1 if direction == "right" else 0
    lanes = sorted({round(mark[across]) for mark in marks(figure)} - {round(cross[across]) for cross in crosses})
    assert all(lanes[0] < cross[across] < lanes[-1] for cross in crosses)


def test_the_caption_names_the_order_of_the_clock_entries():
    assert "Vector clocks [O, E2, TV, FD, S], from top to bottom." in shown(drawn("approved", "right"))
    assert "Vector clocks [O, E2, TV, FD, S]." in shown(drawn("approved", "down"))


def test_clocks_of_two_orders_are_told_apart():
    said = shown(drawn("two at once", "right"))
    assert {"a accepted", "b accepted", "a = order order-1; b = order order-2"} <= set(said)


def test_names_with_dollar_signs_are_shown_as_they_are():
    event = replace(ORDERS["approved"][0], name="paid $5 or $6")
    assert "paid $5 or $6" in shown(draw_clock_diagram([event]))


def test_too_many_events_are_an_error_that_says_what_to_do():
    with pytest.raises(HistoryError, match="draw one order"):
        draw_clock_diagram(random_execution(1, 4, 401))


def test_an_event_without_a_clock_and_a_receive_without_a_send_are_drawn():
    events = [event for event in ORDERS["approved"] if event.process != "orchestrator"]
    elected = next(event for event in election("none") if event.name == "elected")
    figure = draw_clock_diagram([*events, elected])
    assert {"order_queued", "elected", "sender not known"} <= set(shown(figure))
    assert len(marks(figure, "d")) == 1


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_wrong_clock_is_red_with_a_mark_of_its_own_and_the_sentence_says_why(direction):
    events = [
        replace(event, clock=VectorClock({"fraud_detection": 3})) if event.id == "fraud_detection#3" else event
        for event in ORDERS["approved"]
    ]
    figure = draw_clock_diagram(events, direction=direction)
    found = check_clocks(events)
    assert len(marks(figure, "*")) == len({event.id for violation in found for event in violation.events})
    red = " ".join(text.get_text() for text in texts(figure) if to_hex(text.get_color()) == RED.lower())
    assert found[0].sentence in red
    assert found[0].sentence in alt_text(figure)
    assert covering(figure) == []


def test_right_clocks_have_no_violation_and_any_other_may_be_given():
    assert "violation" not in shown(drawn("approved", "right"))
    settled = next(event for event in ORDERS["approved"] if event.name == "settled")
    figure = draw_clock_diagram(ORDERS["approved"], violations=[Violation("fenced", "Settled twice.", (settled,))])
    assert {"violation", "Settled twice."} <= set(shown(figure))
    assert len(marks(figure, "*")) == 1


def test_a_highlighted_event_has_its_past_and_future_coloured_and_the_rest_grey():
    run = Execution()
    before = run.send("p1", "before", "p2")
    run.receive("p2", before)
    after = run.send("p2", "after", "p1")
    run.receive("p1", after)
    run.local("p3", "elsewhere")
    figure = draw_clock_diagram(run.events, highlight=after)
    past, future = arrows(figure)
    assert [to_hex(arrow.get_edgecolor()) for arrow in (past, future)] == [PAST.lower(), FUTURE.lower()]
    lines: Any = figure.axes[0].lines
    squares = [to_hex(line.get_color()) for line in lines if line.get_marker() == "s" and len(line.get_xdata()) == 1]
    assert FADED.lower() in squares
    assert {"causal past", "causal future", "concurrent"} <= set(shown(figure))


def test_a_highlighted_event_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(HistoryError, match="executor-9#1"):
        draw_clock_diagram(ORDERS["approved"], highlight="executor-9#1")


def test_a_cut_is_said_to_be_consistent_or_which_message_breaks_it():
    run = Execution()
    sent = run.send("p1", "hello", "p2")
    received = run.receive("p2", sent)
    assert "consistent cut" in shown(draw_clock_diagram(run.events, cut=[sent, received]))
    broken = draw_clock_diagram(run.events, cut=[received.id])
    said = " ".join(shown(broken))
    assert "inconsistent cut" in said
    assert "received inside, but sent outside: hello to p2" in said
    assert to_hex(arrows(broken)[0].get_edgecolor()) == RED.lower()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_fault_stands_on_the_line_of_the_process_that_it_hit(direction):
    events, faults = taken_over()
    figure = draw_clock_diagram(events, process_events=faults, direction=direction)
    assert {"killed", "paused", "resumed", "started"} <= set(shown(figure))
    assert "lab" not in shown(figure)
    across = 1 if direction == "right" else 0
    (killed,), (started,) = marks(figure, "X"), marks(figure, "P")
    assert killed[across] == started[across]
    assert covering(figure) == []


def test_a_line_is_broken_while_its_process_is_down_and_different_while_it_is_frozen():
    events, faults = taken_over()
    spacetime = lay_out([*events, *faults])

    def states(lane: int) -> list[str]:
        own = [event for event in spacetime.events if spacetime.lanes[event.process] == lane]
        return [span.state for span in spans(own, spacetime.columns, (-1.0, 9.0))]

    assert states(1) == ["up", "down", "up"]
    assert states(2) == ["up", "frozen", "up"]


def test_a_line_is_broken_between_two_lives_even_if_nobody_noted_the_fault():
    run = Execution()
    message = run.send("orchestrator", "order_queued", "executors")
    lives = [run.receive("executor-1", message), run.receive("executor-1~1", message)]
    along = {event.id: float(place) for place, event in enumerate(lives)}
    assert spans(lives, along, (-1.0, 2.0)) == [Span(-1, 0, "up"), Span(0, 1, "down"), Span(1, 2, "up")]
    assert "E1~1" in shown(draw_clock_diagram(run.events))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_collapsed_diagram_is_shorter_and_says_how_much_it_leaves_out(direction):
    whole = drawn("approved", direction)
    short = draw_clock_diagram(ORDERS["approved"], direction=direction, collapse=True)
    assert len(marks(short)) < len(marks(whole))
    left_out = [int(text.strip(" .").split()[0]) for text in shown(short) if text.endswith(" events")]
    assert sum(left_out) == len(marks(whole)) - len(marks(short))
    assert covering(short) == []


def test_wall_times_stand_in_order():
    rightwards = shown(draw_clock_diagram(ORDERS["approved"], axis="wall", direction="right"))
    ticks = [int(text.removesuffix(" ms")) for text in rightwards if text.endswith(" ms")]
    assert len(ticks) > 3
    assert all(one <= other for one, other in pairwise(ticks))


def test_an_svg_has_text_that_can_be_searched_and_copied(tmp_path):
    svg = save_figure(drawn("approved", "down"), tmp_path / "clock.svg").read_text()
    assert ">InitializeOrder → TV<" in svg
    assert "monospace" in svg


def test_the_description_says_how_much_there_is_and_who_talks_to_whom():
    text = alt_text(drawn("rejected", "right"))
    assert "55 events of 5 processes" in text
    assert "orchestrator to executor-2: 1" in text
    assert "1 are never received" in text
