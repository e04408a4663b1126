"""Elections told in frames, and how long nobody led."""

import pytest

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.lab.figures import (
    alt_text,
    draw_election_frames,
    draw_election_timeline,
    draw_failovers,
    failovers,
    life_of_the_lock,
)
from bookstore_lib.lab.figures.election_moments import Moment, moments
from bookstore_lib.lab.history import History
from tests.executions import Chronicle, complete_order, election
from tests.measure import marks, shown

NAMES = ["executor-1", "executor-2", "executor-3"]


def told(fault) -> list[Moment]:
    return moments(election(fault), NAMES)


def test_a_killed_leader_holds_the_key_until_it_expires_and_comes_back_to_wait():
    crash, expiry, taken, back = told("kill")[1:]
    assert (crash.told, crash.holder, crash.states["executor-1"]) == ("executor-1 crashes", "executor-1", "crashed")
    assert (expiry.told, expiry.holder, expiry.epoch) == ("The key expires", "", None)
    assert (taken.holder, taken.epoch, taken.states["executor-2"]) == ("executor-2", 2, "leads")
    assert (back.told, back.states["executor-1"]) == ("executor-1 is back", "waits")


def test_a_frozen_leader_does_not_lead_when_it_wakes_up():
    frozen, *_, woken = told("pause")[1:]
    assert (frozen.states["executor-1"], frozen.believers) == ("frozen", ("executor-1",))
    assert (woken.told, woken.states["executor-1"], woken.holder) == ("executor-1 wakes up", "waits", "executor-2")


def test_who_believes_to_lead_without_the_key_is_red():
    split = next(moment for moment in told("flush") if len(moment.believers) == 2)
    assert split.holder == "executor-2"
    assert "believes to lead" in shown(draw_election_frames(election("flush")))


def test_a_leader_that_stops_is_no_crash():
    assert "executor-1 stops" in [moment.told for moment in told("stop")]
    assert "stopped" in [moment.states["executor-1"] for moment in told("stop")]


def test_the_first_frames_are_drawn_where_there_are_too_many():
    picture = History(election("kill")).draw_election_frames(most=2)
    assert "the first 2 of 5 moments" in picture.get_suptitle()
    assert "executor-1 crashed" in alt_text(picture)


def test_a_crash_point_is_a_fault_like_those_of_the_lab():
    story = Chronicle()
    story.leads("executor-1", 1, 0.0)
    story.note("executor-1", "crash point", 1.0, step="settle", how="kill")
    story.leads("executor-2", 2, 2.6)
    (failover,) = failovers(story.events)
    assert (failover.how, round(failover.seconds, 3)) == ("killed", 1.6)
    assert "crashed" in [moment.states["executor-1"] for moment in moments(story.events, NAMES[:2])]
    assert "until it is killed" in alt_text(draw_election_timeline(story.events))


@pytest.mark.parametrize(
    ("fault", "how", "least", "most"),
    [("kill", "killed", 3.0, 4.0), ("pause", "frozen", 3.0, 4.0), ("stop", "handed over", 0.0, 0.3)],
)
def test_a_failover_lasts_from_the_leaders_end_to_the_next_election(fault, how, least, most):
    (failover,) = failovers(election(fault))
    assert (failover.leader, failover.successor, failover.how) == ("executor-1", "executor-2", how)
    assert least < failover.seconds < most


def test_a_failover_in_which_two_led_at_once_took_no_time():
    (failover,) = failovers(election("flush"))
    assert (failover.how, failover.seconds) == ("lost the lock", 0.0)


def test_the_distribution_has_a_dot_for_each_failover_and_a_line_for_the_life_of_the_lock():
    story = Chronicle()
    story.leads("executor-1", 1, 0.0)
    story.leads("executor-1", 1, 0.5, renewal=True)
    assert life_of_the_lock(story.events) == pytest.approx(2.5)
    picture = draw_failovers({"killed": [1.0, 1.0, 2.0], "frozen": []}, lease=2.5)
    assert len(marks(picture, "o")) == 3
    assert {"median 1.0 s, n = 3", "life of the lock (2.5 s)", "killed"} <= set(shown(picture))
    assert "frozen" not in shown(picture)


def test_a_history_draws_its_failovers():
    assert "killed: 1 times" in alt_text(History(election("kill")).draw_failovers())


def test_what_was_no_election_is_an_error_that_says_what_to_do():
    with pytest.raises(HistoryError, match="let one happen first"):
        draw_election_frames(complete_order())
    with pytest.raises(HistoryError, match="1 frame or more, not 0"):
        draw_election_frames(election("kill"), most=0)
    with pytest.raises(HistoryError, match="kill the leader"):
        History(election("none")).draw_failovers()
    with pytest.raises(HistoryError, match="less than 0"):
        draw_failovers({"killed": [-1.0]})
