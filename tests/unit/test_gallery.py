"""The figures of the gallery: each can be read, on a slide and in a column of a paper, and is told in words."""

import pytest

from bookstore_lib.lab.figures import Picture, alt_text, draw_failovers, draw_system, save_figure
from bookstore_lib.lab.history import History
from tests.executions import election
from tests.gallery import DOCS, FIGURES, PROCESSES, busy_shop, page, rejected, taken_over
from tests.measure import boxes, covering, outside

OWN_TESTS = {"clock-diagram", "causal-past", "cut", "wrong-clock"}  # those of the clock diagram measure far more
COLUMN = (3.4, 2.8)
IN_A_COLUMN = {
    "gantt": lambda: rejected().draw_gantt(figsize=COLUMN),
    "checkout graph": lambda: rejected().draw_checkout(figsize=COLUMN),
    "happens-before": lambda: taken_over().draw_happens_before(figsize=COLUMN),
    "queue": lambda: busy_shop().draw_queue(figsize=COLUMN),
    "election": lambda: History(election("flush")).draw_election(figsize=COLUMN),
    "frames": lambda: History(election("kill")).draw_election_frames(figsize=COLUMN),
    "failovers": lambda: draw_failovers({"killed": [1.0, 1.5], "handed over": [0.02]}, lease=1.5, figsize=COLUMN),
    "system": lambda: draw_system(PROCESSES, leader="executor-2", figsize=COLUMN),
}


def check(picture: Picture) -> None:
    """That no text covers another or leaves the picture."""
    found = boxes(picture)
    assert covering(picture, found) == []
    assert outside(picture, found) == []


@pytest.mark.parametrize("figure", [each for each in FIGURES if each.name not in OWN_TESTS], ids=lambda each: each.name)
def test_no_text_covers_another_or_leaves_the_picture(figure):
    check(figure.draw())


@pytest.mark.parametrize("draw", IN_A_COLUMN.values(), ids=IN_A_COLUMN)
def test_a_figure_fits_the_column_of_a_paper(draw):
    picture = draw()
    assert tuple(picture.get_size_inches()) == COLUMN
    check(picture)


def test_each_figure_is_in_the_gallery_and_told_in_words():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    told = [line.removeprefix("![").partition("](") for line in text.splitlines() if line.endswith(".svg)")]
    assert text == page([alt for alt, _, _ in told]), "Draw the gallery again: make gallery."
    assert [file for _, _, file in told] == [f"{figure.name}.svg)" for figure in FIGURES]
    assert all(alt.count(".") > 1 for alt, _, _ in told)
    assert all((DOCS / f"{figure.name}.svg").is_file() for figure in FIGURES)


def test_the_gallery_is_drawn_the_same_each_time(tmp_path):
    draw = next(figure.draw for figure in FIGURES if figure.name == "happens-before")
    first, second = (save_figure(draw(), tmp_path / f"{name}.svg").read_bytes() for name in ("first", "second"))
    assert first == second


def test_an_svg_carries_the_letters_that_it_needs_and_no_others(tmp_path):
    picture = Picture(2, 1)
    picture.text(0.5, 0.5, "abc")
    small = save_figure(picture, tmp_path / "small.svg").read_text()
    picture.text(0.5, 0.2, "The quick brown fox jumps over the lazy dog", weight="bold")
    large = save_figure(picture, tmp_path / "large.svg").read_text()
    face = "@font-face{font-family:'DejaVu Sans';font-weight:"
    assert small.count("@font-face") == small.count(f"{face}400") == 1
    assert large.count("@font-face") == 2
    assert f"{face}700" in large
    assert len(small) < 20_000
    assert alt_text(picture) == ""
