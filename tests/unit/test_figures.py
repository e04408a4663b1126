"""The pictures, measured with the renderer that draws them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import nbformat
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient

from bookstore_lib.core.checkout_graph import STEPS, StepState
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures import (
    Picture,
    alt_text,
    draw_checkout_graph,
    draw_clock_diagram,
    draw_election_timeline,
    save_figure,
)
from bookstore_lib.lab.figures.style import tags
from bookstore_lib.lab.figures.terms import overlaps, terms
from tests.executions import complete_order, election, random_execution
from tests.measure import arrows, covering, ends, texts

STATES = dict(zip(STEPS, StepState, strict=True))


def test_processes_whose_short_names_are_the_same_keep_their_long_ones():
    assert tags(("executor-2", "executor-2~1", "suggestions", "summaries")) == {
        "executor-2": "E2",
        "executor-2~1": "E2~1",
        "suggestions": "suggestions",
        "summaries": "summaries",
    }


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
    assert {"executor-1", "executor-2", "executor-3", "lock in Redis"} <= set(shown)


def test_a_timeline_passes_over_orders_and_needs_process_events():
    assert alt_text(draw_election_timeline([*election("kill"), *complete_order()])) == alt_text(
        draw_election_timeline(election("kill"))
    )
    with pytest.raises(HistoryError, match="let an election happen"):
        draw_election_timeline(complete_order())


PICTURES = {
    "clock diagram": lambda: draw_clock_diagram(random_execution(3, 3, 12, loss=0.3, twice=0.3)),
    "checkout graph": lambda: draw_checkout_graph(STATES),
    "election timeline": lambda: draw_election_timeline(election("pause")),
}


@pytest.mark.parametrize("ending", [".svg", ".pdf", ".png"])
@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_saved_picture_is_byte_for_byte_the_same_whatever_the_user_has_set(draw, ending, tmp_path: Path):
    first = save_figure(draw(), tmp_path / f"first{ending}").read_bytes()
    unlike: dict[Any, Any] = {
        "font.size": 30,
        "svg.fonttype": "path",
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
from tests.measure import arrows, covering, ends, texts
from tests.executions import random_execution
folder = pathlib.Path(tempfile.mkdtemp())
for figure in (draw_clock_diagram(random_execution(3, 3, 8, loss=0.3)), draw_checkout_graph()):
    for ending in (".svg", ".pdf"):
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
    text = alt_text(draw_clock_diagram(complete_order(status="rejected")))
    assert "55 events of 5 processes" in text
    assert "orchestrator to executor-2: 1" in text
    assert "1 are never received" in text
    assert alt_text(Figure()) == ""


NOTEBOOK = """
from bookstore_lib.lab.figures import draw_election_timeline
from tests.measure import arrows, covering, ends, texts
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


def test_a_notebook_keeps_a_small_picture_of_an_order():
    data, _ = draw_clock_diagram(complete_order())._repr_mimebundle_()
    assert 20_000 < len(data["image/png"]) < 160_000


@pytest.mark.parametrize(
    "asked",
    [{"figsize": (0, 4)}, {"figsize": (3,)}, {"figsize": (6.5, 1e6)}, {"axis": "mine"}, {"direction": "up"}],
    ids=str,
)
def test_a_size_axis_or_direction_that_does_not_exist_is_refused(asked: dict[str, Any]):
    with pytest.raises(HistoryError, match=r"figsize|There is no"):
        draw_clock_diagram(complete_order(), **asked)
    if "figsize" in asked:
        with pytest.raises(HistoryError, match="figsize"):
            draw_checkout_graph(**asked)
        with pytest.raises(HistoryError, match="figsize"):
            draw_election_timeline(election("none"), **asked)
