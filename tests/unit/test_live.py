"""What panels show live, without a bookstore: traces as they grow, the view of a moment, and the moving pictures."""

import os

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.controls import ProcessStatus
from bookstore_lib.lab.figures.live import Curve, draw_curves, draw_election_strip
from bookstore_lib.lab.load import Load, Placed, summarise
from bookstore_lib.lab.watch.tail import TraceTail
from bookstore_lib.lab.watch.view import Beliefs, Coordination, compose


def event(name, process="executor-1", wall=0.0, epoch=None, /, **detail):
    return TraceEvent(f"{process}#{wall}", process, "", "local", name, wall=wall, epoch=epoch, detail=detail)


def elected(process, wall, epoch, until):
    return event("elected", process, wall, epoch, believes_until=until, key_until=until + 0.1)


def status(name, state="running", host="", restarts=0):
    return ProcessStatus(name, state, 1, host or name, restarts)


def seen(statuses, events=(), **coordination):
    beliefs = Beliefs()
    beliefs.learn(events)
    view = compose(statuses, beliefs, Coordination(**coordination))
    return view, {process.name: process for process in view.processes}


def test_a_tail_gives_each_event_once_and_a_line_only_when_it_is_whole(tmp_path):
    tail, file = TraceTail(tmp_path), tmp_path / "executor-1.jsonl"
    line = event("waiting").to_json()
    file.write_text(line + "\n" + line[:20])
    assert [each.name for each in tail.read()] == ["waiting"]

    file.write_text(line + "\n" + line + "\n")

    assert [each.name for each in tail.read()] == ["waiting"]
    assert tail.read() == []


def test_a_tail_goes_on_when_the_run_is_cleared_away_under_it(tmp_path, monkeypatch):
    tail = TraceTail(tmp_path)
    (tmp_path / "executor-1.jsonl").write_text(event("waiting").to_json() + "\n")
    entries = list(os.scandir(tmp_path))
    (tmp_path / "executor-1.jsonl").unlink()
    monkeypatch.setattr(os, "scandir", lambda _: entries)

    assert tail.read() == []


def test_a_tail_of_a_folder_that_is_not_there_yet_is_empty(tmp_path):
    assert TraceTail(tmp_path / "later").read() == []


def test_who_holds_the_lock_leads_and_the_others_follow():
    view, by_name = seen(
        [status("redis"), status("executor-1"), status("executor-2")],
        [elected("executor-2", 1, 3, 4)],
        holder="executor-2",
    )

    assert view.leader == "executor-2"
    assert (by_name["executor-2"].role, by_name["executor-2"].epoch) == ("leader", 3)
    assert by_name["executor-1"].role == "follower"


def test_a_frozen_leader_whose_lock_another_has_won_believes_that_it_leads():
    events = [elected("executor-1", 1, 1, 2), elected("executor-2", 3, 2, 5)]

    _, by_name = seen([status("executor-1", "paused"), status("executor-2")], events, holder="executor-2")

    assert (by_name["executor-1"].role, by_name["executor-1"].epoch) == ("believes it leads", 1)


def test_a_dead_leader_is_not_the_leader_but_its_lock_is_still_there():
    view, by_name = seen([status("executor-1", "dead")], [elected("executor-1", 1, 1, 2)], holder="executor-1")

    assert view.leader == ""
    assert by_name["executor-1"].role == "its lock outlives it"


def test_a_restarted_leader_does_not_hold_the_lock_of_its_former_life():
    view, by_name = seen([status("executor-1", host="executor-1~1", restarts=1)], holder="executor-1")

    assert view.leader == ""
    assert by_name["executor-1"].role == "follower"


def test_links_are_cut_until_they_are_healed():
    cut = event("cut", "lab", 1, between=["executor-1", "redis"], how="silence")
    other = event("cut", "lab", 2, between=["executor-1", "postgres"], how="silence")

    _, before = seen([status("executor-1")], [cut, other])
    _, after = seen([status("executor-1")], [cut, other, event("healed", "lab", 3, between=["executor-1", "redis"])])
    _, whole = seen([status("executor-1")], [cut, other, event("healed", "lab", 3)])

    assert before["executor-1"].cut_from == ("postgres", "redis")
    assert after["executor-1"].cut_from == ("postgres",)
    assert whole["executor-1"].cut_from == ()


def test_the_strip_says_who_leads_and_marks_a_split_brain():
    events = [elected("executor-1", 100, 1, 110), elected("executor-2", 105, 2, 112)]

    strip = draw_election_strip(events, ["executor-1", "executor-2"], now=109, seconds=30)

    assert 'aria-label="Leadership of the last 30 seconds. Now leading: executor-1, executor-2."' in strip
    assert "split brain of executor-1 and executor-2" in strip
    assert "epoch 2" in strip


def test_the_strip_marks_who_is_frozen_until_now():
    frozen = event("paused", "lab", 103, process="executor-1")

    strip = draw_election_strip([elected("executor-1", 100, 1, 102), frozen], ["executor-1"], now=109, seconds=30)

    assert "executor-1 is frozen" in strip
    assert "Now leading: nobody." in strip


def test_a_curve_without_points_is_drawn_too():
    assert "Orders: nothing yet" in draw_curves([Curve("Orders", [], "red")], 30)


def test_a_curve_tells_its_numbers_without_an_exponent():
    curve = draw_curves([Curve("Slowest, ms", [(0, 11669.4), (1, 0.5)], "red")], 30)

    assert "Slowest, ms: 0.5 now, 11669 at most" in curve


def test_the_summary_of_a_load_counts_what_waited():
    placed = [Placed(n / 10, 0.1 if n < 19 else 1.0, "Order Approved", "good", str(n)) for n in range(20)]

    summary = summarise(placed, 10.0)

    assert (summary.orders, summary.by_status) == (20, {"Order Approved": 20})
    assert summary.median == pytest.approx(0.1)
    assert summary.slowest == pytest.approx(1.0)
    assert summary.throughput == pytest.approx(20 / 2.9)


def test_the_summary_of_no_orders_is_all_nothing():
    assert summarise([], 10.0).orders == 0


@pytest.mark.parametrize(
    ("rate", "mix", "sentence"),
    [
        (0, {"good": 1}, "A rate is from above 0"),
        (1, {"nobody": 1}, "There is no customer 'nobody'"),
        (1, {}, "A mix needs shares"),
        (1, {"good": -1}, "A mix needs shares"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused_in_a_sentence(rate, mix, sentence):
    with pytest.raises(BookstoreError, match=sentence):
        Load(None, rate, mix)  # type: ignore[arg-type]  # it is refused before anything is asked
