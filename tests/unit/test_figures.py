"""The pictures, measured with the renderer that draws them."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import matplotlib as mpl
import nbformat
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from nbclient import NotebookClient

from bookstore_lib.core.checkout_graph import STEPS, StepState
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.lab.figures import (
    Picture,
    alt_text,
    draw_checkout_graph,
    draw_clock_diagram,
    draw_election_timeline,
    save_figure,
)
from bookstore_lib.lab.figures.style import styled, tags
from bookstore_lib.lab.figures.terms import overlaps, terms
from tests.executions import Execution, complete_order, election, interleaved, random_execution

ORDERS = {
    "approved": complete_order(),
    "rejected": complete_order(status="rejected"),
    "retry": complete_order(retry=True),
    "by the orchestrator": complete_order(coordinator="orchestrator"),
    "outcome lost": complete_order(outcome_lost=True),
    "two at once": interleaved(complete_order("order-1"), complete_order("order-2", status="rejected")),
}
RANDOM = {f"{count} events, seed {seed}": random_execution(seed, 5, count) for count in (10, 40, 60) for seed in (1, 2)}
STATES = dict(zip(STEPS, StepState, strict=True))

SQUARE = ((-3, -3), (3, -3), (3, 3), (-3, 3))
Corners = list[tuple[float, float]]


@cache
def order(name: str) -> Picture:
    """The diagram of one of `ORDERS` or `RANDOM`; not to be changed."""
    return draw_clock_diagram((ORDERS | RANDOM)[name])


def texts(figure: Figure) -> list[Text]:
    """All that can be read in the figure."""
    figure.canvas.draw()  # only now legends and axes know where they are
    return [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible() and text.get_text()]


def corners(text: Text) -> Corners:
    """The corners of a text as drawn, in pixels: its level extent, turned about its anchor."""
    x, y = text.get_transform().transform(text.get_position())
    angle = text.get_rotation()
    text.set_rotation(0)
    with styled():
        box = text.get_window_extent()
    text.set_rotation(angle)
    c, s = cos(radians(angle)), sin(radians(angle))
    level = [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)]
    return [(x + (a - x) * c - (b - y) * s, y + (a - x) * s + (b - y) * c) for a, b in level]


def cover(one: Corners, other: Corners) -> bool:
    """Whether two convex polygons overlap: no side of either has all of the other beyond it."""
    for polygon, against in ((one, other), (other, one)):
        for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if all((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) <= 0 for x, y in against):
                return False
    return True


def arrows(figure: Figure) -> list[FancyArrowPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def ends(arrow: Any) -> Any:
    """Where an arrow begins and ends; matplotlib has no public name for that."""
    return arrow._posA_posB


def covering(figure: Figure) -> list[tuple[str, str]]:
    """The pairs of texts that cover each other."""
    found = [(text.get_text(), corners(text)) for text in texts(figure)]
    return [(a, b) for (a, one), (b, other) in combinations(found, 2) if cover(one, other)]


def test_the_measure_of_this_test_sees_turned_texts_that_cover_each_other():
    figure = draw_clock_diagram(ORDERS["approved"])
    label = next(text for text in texts(figure) if text.get_rotation() == 45)
    x, y = label.get_position()
    figure.axes[0].text(x + 3, y + 3, "over it", rotation=45, rotation_mode="anchor")
    assert covering(figure)


@pytest.mark.parametrize("name", [*ORDERS, *RANDOM])
def test_no_text_of_a_clock_diagram_covers_another_or_leaves_the_picture(name):
    figure = order(name)
    assert covering(figure) == []
    width, height = figure.canvas.get_width_height()
    points = [point for text in texts(figure) for point in corners(text)]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


@pytest.mark.parametrize("name", [*ORDERS, *RANDOM])
def test_no_text_of_a_clock_diagram_covers_a_mark_or_the_cross_of_a_lost_message(name):
    figure = order(name)
    drawn: Any = figure.axes[0].lines
    marks = [line.get_xydata()[0] for line in drawn if len(line.get_xydata()) == 1]
    spacetime = lay_out((ORDERS | RANDOM)[name])
    assert len(marks) == len(spacetime.events) + len(spacetime.lost)
    squares: list[Any] = [[figure.axes[0].transData.transform((x + i, y + j)) for i, j in SQUARE] for x, y in marks]
    assert not any(cover(square, box) for text in texts(figure) for box in [corners(text)] for square in squares)


@pytest.mark.parametrize("figsize", [(13.33, 7.5), (6.5, 9.0)], ids=["slide", "page"])
def test_a_clock_diagram_fits_the_size_asked_for(figsize):
    figure = draw_clock_diagram(ORDERS["approved"], figsize=figsize)
    assert tuple(figure.get_size_inches()) == figsize
    assert covering(figure) == []


@pytest.mark.parametrize("name", ORDERS)
def test_every_event_shows_its_clock_and_every_message_its_name(name):
    spacetime = lay_out(ORDERS[name])
    shown = [text.get_text() for text in texts(order(name))]
    for event in spacetime.events:
        clock = "·".join(str(event.clock[host]) for host in spacetime.processes)
        assert any(text.endswith(clock) for text in shown)
    names = [arrow.send.name for arrow in spacetime.arrows if not arrow.again]
    assert sum(text in ("reply", "error") for text in shown) == sum(
        name.endswith((" reply", " error")) for name in names
    )
    assert all(shown.count(name) == names.count(name) for name in set(names) if " " not in name)


@pytest.mark.parametrize("name", [*ORDERS, *RANDOM])
def test_every_arrow_is_drawn_from_left_to_right(name):
    assert len(arrows(order(name))) == len(lay_out((ORDERS | RANDOM)[name]).arrows)
    assert all(start[0] < end[0] for start, end in map(ends, arrows(order(name))))


def test_a_message_delivered_again_has_a_dashed_arrow():
    assert sum(arrow.get_linestyle() not in ("solid", "-") for arrow in arrows(order("retry"))) == 1
    assert "delivered again" in [text.get_text() for text in texts(order("retry"))]


def test_the_caption_names_the_order_of_the_clock_entries():
    shown = " ".join(text.get_text() for text in texts(order("approved")))
    assert "Vector clocks O·E2·TV·FD·S with O = orchestrator, E2 = executor-2" in shown


def test_clocks_of_two_orders_are_told_apart():
    shown = [text.get_text() for text in texts(order("two at once"))]
    assert {"a accepted 1·0·0·0·0", "b accepted 1·0·0·0·0", "a = order order-1; b = order order-2"} <= set(shown)


def test_names_with_dollar_signs_are_shown_as_they_are():
    event = replace(ORDERS["approved"][0], name="paid $5 or $6")
    assert "paid $5 or $6 1" in [text.get_text() for text in texts(draw_clock_diagram([event]))]


def test_processes_whose_short_names_are_the_same_keep_their_long_ones():
    assert tags(("executor-2", "executor-2~1", "suggestions", "summaries")) == {
        "executor-2": "E2",
        "executor-2~1": "E2~1",
        "suggestions": "suggestions",
        "summaries": "summaries",
    }


def test_too_many_events_are_an_error_that_says_what_to_do():
    with pytest.raises(HistoryError, match="draw one order"):
        draw_clock_diagram(random_execution(1, 4, 401))


def test_an_event_without_a_clock_and_a_receive_without_a_send_are_drawn():
    events = [event for event in ORDERS["approved"] if event.process != "orchestrator"]
    elected = next(event for event in election("none") if event.name == "elected")
    shown = [text.get_text() for text in texts(draw_clock_diagram([*events, elected]))]
    assert {"order_queued 1·0·0·0·2", "elected", "sender not known"} <= set(shown)


def test_the_checkout_graph_shows_each_step_and_each_need_of_the_table():
    figure = draw_checkout_graph()
    shown = [text.get_text() for text in texts(figure)]
    assert all(shown.count(step.procedure) >= 1 for step in STEPS.values())
    assert len(arrows(figure)) == sum(len(step.needs) for step in STEPS.values())
    assert all(start[0] < end[0] for start, end in map(ends, arrows(figure)))


def test_the_checkout_graph_marks_what_became_of_each_step_with_more_than_colour():
    figure = draw_checkout_graph(STATES)
    shown = [text.get_text().splitlines()[-1] for text in texts(figure) if "\n" in text.get_text()]
    assert len({text for text in shown if text.split()[-1] in set(StepState)}) == len(StepState)
    assert covering(figure) == []


@pytest.mark.parametrize("states", [{"check_nothing": "passed"}, {"check_card": "lucky"}])
def test_an_unknown_step_or_state_is_an_error(states):
    with pytest.raises(HistoryError, match=r"check_nothing|lucky"):
        draw_checkout_graph(states)


def test_a_killed_leader_believes_no_more_but_its_lock_lives_on():
    first, second = terms(election("kill"))
    assert (first.process, first.epoch, first.ended_by) == ("executor-1", 1, "killed")
    assert first.end < first.key_until <= second.start
    assert overlaps([first, second]) == []


def test_a_frozen_leader_believes_no_longer_than_its_lease_whenever_it_wakes():
    events = election("pause")
    first, second = terms(events)
    assert first.end == max(
        e.detail["believes_until"]
        for e in events
        if e.process == "executor-1" and e.epoch == 1 and e.detail.get("believes_until")
    )
    assert overlaps([first, second]) == []


def test_a_leader_elected_while_another_still_believes_is_a_split_brain():
    """As after FLUSHALL: the lock is gone, and its holder does not know yet."""
    events = election("flush")
    (overlap,) = overlaps(terms(events))
    demoted = next(event for event in events if event.name == "demoted")
    assert (overlap.one.process, overlap.other.process) == ("executor-1", "executor-2")
    assert (overlap.start, overlap.end) == (overlap.other.start, demoted.wall)
    figure = draw_election_timeline(events)
    assert "split brain" in alt_text(figure)
    assert any(text.get_text().startswith("split brain") for text in texts(figure))


def test_a_released_lock_ends_with_its_release():
    first, second = terms(election("stop"))
    assert first.key_until < second.start
    assert first.ended_by == "demoted"


def test_a_term_nobody_ended_lasts_as_long_as_the_last_renewal_made_it_believe():
    events = election("none")
    (term,) = terms(events)
    assert term.end == max(event.detail["believes_until"] for event in events if "believes_until" in event.detail)


@pytest.mark.parametrize("fault", ["none", "kill", "pause", "stop"])
def test_no_text_of_an_election_timeline_covers_another(fault):
    figure = draw_election_timeline(election(fault))
    assert covering(figure) == []
    shown = [text.get_text() for text in texts(figure)]
    assert "epoch 1" in shown
    assert sum(text.startswith("executor-") for text in shown) == 3


def test_a_timeline_passes_over_orders_and_needs_process_events():
    assert alt_text(draw_election_timeline([*election("kill"), *complete_order()])) == alt_text(
        draw_election_timeline(election("kill"))
    )
    with pytest.raises(HistoryError, match="let an election happen"):
        draw_election_timeline(complete_order())


PICTURES = {
    "clock diagram": lambda: draw_clock_diagram(random_execution(3, 4, 25, loss=0.3, twice=0.3)),
    "checkout graph": lambda: draw_checkout_graph(STATES),
    "election timeline": lambda: draw_election_timeline(election("pause")),
}


@pytest.mark.parametrize("ending", [".svg", ".pdf", ".png"])
@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_saved_picture_is_byte_for_byte_the_same_whatever_the_user_has_set(draw, ending, tmp_path: Path):
    first = save_figure(draw(), tmp_path / f"first{ending}").read_bytes()
    unlike: dict[Any, Any] = {
        "font.size": 30,
        "svg.fonttype": "none",
        "svg.hashsalt": "x",
        "axes.facecolor": "black",
        "savefig.dpi": 30,
    }
    with mpl.rc_context(unlike):
        assert save_figure(draw(), tmp_path / "new folder" / f"second{ending}").read_bytes() == first
        assert mpl.rcParams["font.size"] == 30


SCRIPT = """
import hashlib, sys, tempfile, pathlib
from bookstore_lib.lab.figures import draw_clock_diagram, draw_checkout_graph, save_figure
from tests.executions import random_execution
folder = pathlib.Path(tempfile.mkdtemp())
for figure in (draw_clock_diagram(random_execution(3, 4, 25, loss=0.3)), draw_checkout_graph()):
    for ending in (".svg", ".pdf", ".png"):
        print(hashlib.sha256(save_figure(figure, folder / f"a{ending}").read_bytes()).hexdigest())
print("matplotlib.pyplot" in sys.modules)
"""


def test_another_process_saves_the_same_bytes_and_never_loads_pyplot():
    root = Path(__file__).parents[2]
    printed = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert printed[0][-1] == "False"


def test_a_saved_picture_carries_its_title_and_description_and_no_date(tmp_path: Path):
    figure = draw_checkout_graph(title="Way of an order")
    svg = save_figure(figure, tmp_path / "a.svg").read_text()
    assert "<title>Way of an order</title>" in svg
    assert "Dependency graph of the checkout." in svg
    assert "dc:date" not in svg
    pdf = save_figure(figure, tmp_path / "a.pdf").read_bytes()
    assert b"/Subject (Dependency graph of the checkout." in pdf
    assert b"CreationDate" not in pdf
    assert b"Type3" not in pdf


def test_another_ending_is_an_error_that_names_the_endings(tmp_path: Path):
    with pytest.raises(HistoryError, match=r"\.svg, \.pdf, \.png"):
        save_figure(draw_checkout_graph(), tmp_path / "figure.jpeg")


def test_the_description_says_how_much_there_is_and_who_talks_to_whom():
    text = alt_text(order("rejected"))
    assert "55 events of 5 processes" in text
    assert "orchestrator to executor-2: 1" in text
    assert "1 are never received" in text
    assert alt_text(Figure()) == ""


NOTEBOOK = """
from bookstore_lib.lab.figures import draw_election_timeline
from tests.executions import election
draw_election_timeline(election("kill"))
"""


def test_a_notebook_shows_the_picture_and_a_text_that_is_the_same_in_every_run():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    NotebookClient(notebook, resources={"metadata": {"path": str(Path(__file__).parents[2])}}).execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "execute_result"
    assert sorted(output.data) == ["image/png", "text/plain"]
    assert output.data["text/plain"] == "Timeline of leadership."
    assert "executor-1 leads epoch 1" in output.metadata["image/png"]["alt"]
    assert json.dumps(output.metadata)


def test_a_picture_is_printed_as_its_description():
    picture = draw_checkout_graph()
    assert isinstance(picture, Picture)
    assert repr(picture) == str(picture) == alt_text(picture)


def test_a_restarted_process_has_a_line_that_ends_and_one_that_begins():
    run = Execution()
    message = run.send("orchestrator", "order_queued", "executors")
    run.receive("executor-1", message)
    run.receive("executor-1~1", message)
    run.local("executor-1~1", "settled")
    drawn: Any = draw_clock_diagram(run.events).axes[0].lines
    rows = {line.get_ydata()[0]: line.get_xdata() for line in drawn if len(line.get_xdata()) == 2}
    whole, former, later = (rows[y] for y in sorted(rows, reverse=True))
    assert whole[0] == former[0] < later[0]
    assert former[1] < later[1] == whole[1]
