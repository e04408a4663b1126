"""Histories: the traces of a run read back whole, in an order that respects causality, whatever a kill left behind."""

import gc
from dataclasses import replace
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bookstore_lib.core.errors import HistoryError, UnknownOrderError
from bookstore_lib.core.record import EpochRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures import alt_text, draw_checkout_graph
from bookstore_lib.lab.history import History
from tests.executions import Execution, complete_order, election, interleaved, random_execution
from tests.measure import shown


def write(folder, events) -> None:
    """Write a trace as the processes do: a file for each, a line for each event."""
    for event in sorted(events, key=lambda event: int(event.id.partition("#")[2])):
        with (folder / f"{event.process}.jsonl").open("a") as file:
            file.write(event.to_json() + "\n")


@pytest.fixture
def events() -> list[TraceEvent]:
    return interleaved(complete_order("ab-1"), complete_order("ac-2", status="rejected"))


@pytest.fixture
def folder(tmp_path, events):
    write(tmp_path, events)
    return tmp_path


class TestLoading:
    """What is on the disk is what is read, and what cannot be read is named."""

    def test_the_files_of_all_processes_become_one_history(self, folder, events):
        history = History.load(folder)
        assert sorted(event.id for event in history.events) == sorted(event.id for event in events)
        assert history.cut_lines == 0
        assert repr(history) == f"History(orders: 2, events: {len(events)}, processes: 5)"

    def test_one_file_can_be_read_alone(self, folder):
        history = History.load(str(folder / "orchestrator.jsonl"))
        assert {event.process for event in history.events} == {"orchestrator"}

    def test_lines_from_anywhere_are_read(self, events):
        text = [event.to_json() + "\n" for event in events]
        for lines in (text, iter(text), StringIO("".join(text)), [line.encode() for line in text]):
            assert History.load(lines).events == History(events).events
        assert History.load([text[0].strip()]).events == (events[0],)

    def test_a_stream_that_ends_in_the_middle_of_a_line_loses_only_that(self, events):
        text = "".join(event.to_json() + "\n" for event in events)
        history = History.load(StringIO(text[:-9]))
        assert (len(history.events), history.cut_lines) == (len(events) - 1, 1)

    def test_files_longer_than_what_is_read_at_once_are_read_whole(self, tmp_path):
        events = random_execution(3, ["p1"], 1203)
        write(tmp_path, events)
        assert [event.id for event in History.load(tmp_path).events] == [event.id for event in events]

    def test_a_damaged_line_far_down_is_named(self, tmp_path):
        write(tmp_path, random_execution(3, ["p1"], 1203))
        file = tmp_path / "p1.jsonl"
        lines = file.read_text().splitlines()
        lines[1100] = "}"
        file.write_text("\n".join(lines) + "\n")
        with pytest.raises(HistoryError, match=r"Line 1101 of .*p1\.jsonl is damaged"):
            History.load(tmp_path)

    def test_two_events_on_one_line_are_damage(self, folder):
        file = folder / "orchestrator.jsonl"
        file.write_text(file.read_text().replace("}\n{", "},{", 1))
        with pytest.raises(HistoryError, match=r"Line 1 of .* is damaged"):
            History.load(folder)

    def test_reading_leaves_the_garbage_collector_as_it_was(self, folder):
        assert gc.isenabled()
        History.load(folder)
        assert gc.isenabled()
        gc.disable()
        try:
            History.load(folder)
            assert not gc.isenabled()
        finally:
            gc.enable()

    @pytest.mark.parametrize(
        ("source", "said"),
        [(None, "not None"), (7, "not 7"), ([7], "is text, not 7"), ([], "no events in the stream")],
    )
    def test_what_is_no_trace_is_refused_in_one_sentence(self, source, said):
        with pytest.raises(HistoryError, match=said):
            History.load(source)

    def test_events_have_to_be_events(self, events):
        with pytest.raises(HistoryError, match=r"made of trace events, not 'run'; History\.load reads files"):
            History([events[0], "run"])  # type: ignore[list-item]

    def test_a_file_that_may_not_be_read_is_named(self, folder, monkeypatch):
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(HistoryError, match=r"executor-2\.jsonl cannot be read: Permission denied"):
            History.load(folder)

    def test_other_files_in_the_folder_are_left_alone(self, folder, events):
        (folder / "notes.txt").write_text("not a trace")
        assert len(History.load(folder).events) == len(events)

    @given(st.data())
    @settings(deadline=None, max_examples=25)
    def test_a_last_line_cut_anywhere_is_counted_and_left_out(self, tmp_path_factory, data):
        folder = tmp_path_factory.mktemp("trace")
        events = random_execution(7, ["p1", "p2"], 20)
        write(folder, events)
        file = folder / "p2.jsonl"
        *whole, last = file.read_text().splitlines(keepends=True)
        cut = data.draw(st.integers(1, len(last) - 2))
        file.write_text("".join(whole) + last[:cut])
        history = History.load(folder)
        assert len(history.events) == len(events) - 1
        assert history.cut_lines == 1

    def test_a_last_line_that_lacks_only_its_end_is_whole(self, folder, events):
        file = folder / "suggestions.jsonl"
        file.write_text(file.read_text().rstrip("\n"))
        history = History.load(folder)
        assert len(history.events) == len(events)
        assert history.cut_lines == 0

    @pytest.mark.parametrize("damage", ["{}", "", "\x00\x00", '{"id":"orchestrator#2'])
    def test_a_damaged_line_in_the_middle_is_named(self, folder, damage):
        file = folder / "orchestrator.jsonl"
        lines = file.read_text().splitlines()
        lines[1] = damage
        file.write_text("\n".join(lines) + "\n")
        with pytest.raises(HistoryError, match=r"Line 2 of .*orchestrator\.jsonl is damaged"):
            History.load(folder)

    def test_bytes_that_are_no_text_are_damage_and_not_a_crash(self, folder):
        with (folder / "orchestrator.jsonl").open("ab") as file:
            file.write(b"\xff\xfe")
        assert History.load(folder).cut_lines == 1

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(HistoryError, match="runs does not exist"):
            History.load(tmp_path / "runs")

    def test_a_folder_without_traces_is_named(self, tmp_path):
        with pytest.raises(HistoryError, match="has no traces"):
            History.load(tmp_path)

    def test_a_trace_in_which_nothing_happened_is_named(self, tmp_path):
        (tmp_path / "orchestrator.jsonl").touch()
        with pytest.raises(HistoryError, match="no events in"):
            History.load(tmp_path)

    def test_the_traces_of_two_runs_are_refused(self, folder):
        (folder / "copy.jsonl").write_text((folder / "orchestrator.jsonl").read_text())
        with pytest.raises(HistoryError, match="orchestrator#1 is there twice"):
            History.load(folder)


class TestOrders:
    """The orders of a run, and the history of each."""

    def test_they_are_listed_by_the_time_of_their_first_event(self):
        late = [replace(event, wall=event.wall + 9) for event in complete_order("a-late")]
        assert History(interleaved(late, complete_order("b-early"))).order_ids == ("b-early", "a-late")

    def test_events_of_processes_belong_to_no_order(self):
        history = History(election())
        assert history.order_ids == ()
        with pytest.raises(UnknownOrderError, match="it has no orders"):
            history.order("order-1")

    def test_the_history_of_an_order_has_its_events_only(self, events):
        order = History(events, Tables()).order("ac-2")
        assert order.order_ids == ("ac-2",)
        assert len(order.events) == len(complete_order("ac-2", status="rejected"))
        assert order.tables is None

    def test_the_beginning_of_an_id_is_enough_where_no_other_order_has_it(self, events):
        assert History(events).order("ac").order_ids == ("ac-2",)
        with pytest.raises(UnknownOrderError, match="2 orders begin with 'a'"):
            History(events).order("a")

    def test_a_whole_id_is_that_order_even_if_another_begins_with_it(self):
        history = History(interleaved(complete_order("ab"), complete_order("ab-1")))
        assert history.order("ab").order_ids == ("ab",)

    @pytest.mark.parametrize("order_id", [None, 7, ["ab-1"]])
    def test_an_order_is_named_by_a_text(self, events, order_id):
        with pytest.raises(UnknownOrderError, match="An order is named by its id, a text, not by"):
            History(events).order(order_id)

    def test_an_unknown_order_is_told_with_those_there_are(self, events):
        with pytest.raises(UnknownOrderError, match=r"no order 'x' in this history; it has ab-1, ac-2\."):
            History(events).order("x")


class TestCausality:
    """Events in an order that respects causality, and which of two may have influenced the other."""

    @given(st.randoms(use_true_random=False))
    @settings(deadline=None, max_examples=25)
    def test_events_stand_in_the_same_order_however_they_are_given(self, random: Random):
        events = random_execution(random, 4, 40)
        history = History(events)
        random.shuffle(events)
        assert History(events).events == history.events
        places = {event.id: place for place, event in enumerate(history.events)}
        assert all(places[a.id] < places[b.id] for a in events for b in events if a.clock < b.clock)

    def test_happens_before_follows_messages_and_processes(self):
        run = Execution()
        send = run.send("alice", "hello", "bob")
        alone = run.local("bob", "works")
        receive = run.receive("bob", send)
        history = History(run.events)
        assert history.happens_before(send, receive)
        assert history.happens_before("bob#1", "bob#2")
        assert not history.happens_before(receive, send)
        assert not history.happens_before("bob#1", "bob#1")
        assert history.concurrent("alice#1", alone)
        assert not history.concurrent(send, "bob#2")

    def test_an_order_may_influence_another_through_a_process_that_handles_both(self):
        one, two = Execution("o-1"), Execution("o-2")
        one.send("alice", "hello", "bob")
        two.receive("bob", two.send("alice", "hello", "bob"))
        history = History(interleaved(one.events, two.events))
        assert history.happens_before("alice#1", "bob#1")
        assert history.order("o-2").causal_past("bob#1") == (history.events[1],)

    def test_past_future_and_the_concurrent_rest_make_up_the_history(self, events):
        history = History(events).order("ab")
        for event in history.events:
            rest = [other for other in history.events if history.concurrent(event, other.id)]
            parts = [event, *history.causal_past(event), *history.causal_future(event.id), *rest]
            assert sorted(each.id for each in parts) == sorted(each.id for each in history.events)

    def test_a_cut_is_given_by_the_last_event_of_each_process(self):
        run = Execution()
        send = run.send("alice", "hello", "bob")
        work = run.local("bob", "works")
        receive = run.receive("bob", send)
        history = History(run.events)
        assert history.is_consistent([send, receive])
        assert not history.is_consistent(["bob#2"])
        assert history.breaking(["bob#2"]) == ((send, receive),)
        assert history.largest_consistent_cut(["bob#2"]) == (work,)
        assert history.is_consistent([])

    @pytest.mark.parametrize("event", ["nobody#1", None, 7, ["alice#1"]])
    def test_an_unknown_event_is_named(self, events, event):
        history = History(events)
        for question in (history.causal_past, history.causal_future, lambda event: history.concurrent(event, event)):
            with pytest.raises(HistoryError, match="There is no event"):
                question(event)

    @pytest.mark.parametrize("cut", ["orchestrator#1", None, 7])
    def test_a_cut_is_a_list(self, events, cut):
        with pytest.raises(HistoryError, match="A cut is a list with the last event of each process"):
            History(events).is_consistent(cut)

    def test_a_cut_has_one_last_event_of_a_process(self, events):
        with pytest.raises(HistoryError, match="this one has more of orchestrator"):
            History(events).is_consistent(["orchestrator#1", "orchestrator#2"])

    def test_the_critical_path_of_an_order_leads_from_its_first_event_to_its_answer(self, events):
        path = History(events).order("ab").critical_path()
        assert [path[0].event.name, path[-1].event.name] == ["accepted", "answered"]
        assert "fraud scored" not in {hop.event.name for hop in path}, "the card was the later one"

    def test_an_answer_that_promises_another_one_is_not_the_end(self, events):
        order = History(events).order("ab").events
        first = next(event for event in order if event.name == "accepted")
        promise = replace(first, id="orchestrator#0", name="answered", detail={"status": "accepted"})
        assert History([promise, *order]).critical_path()[-1].event.name == "answered"
        assert History([promise, *order]).critical_path()[-1].event.id != promise.id

    def test_of_an_order_that_nobody_was_told_of_the_path_ends_with_its_last_event(self):
        history = History(complete_order(outcome_lost=True))
        assert history.critical_path()[-1].event == history.events[-1]

    def test_several_orders_have_no_critical_path(self, events):
        with pytest.raises(
            HistoryError, match=r"Choose the order first: history\.order\(order_id\)\.critical_path\(\)"
        ):
            History(events).critical_path()


class TestChecking:
    """The verdict on a history."""

    def test_a_correct_history_holds(self, folder):
        verdict = History.load(folder).check()
        assert verdict.holds
        assert verdict.unchecked

    def test_with_the_tables_everything_is_checked(self):
        tables = Tables(epochs=(EpochRow(1, "executor-1"), EpochRow(2, "executor-2")))
        verdict = History(election(), tables).check()
        assert verdict.holds
        assert verdict.unchecked == ()

    def test_tables_can_be_given_when_loading(self, folder):
        verdict = History.load(folder, Tables()).check()
        assert "Order ab-1 was accepted and then lost." in [violation.sentence for violation in verdict.violations]

    def test_a_receive_whose_send_was_cut_is_told(self, tmp_path):
        run = Execution()
        run.receive("bob", run.send("alice", "hello", "bob"))
        write(tmp_path, run.events)
        (tmp_path / "alice.jsonl").write_text(run.events[0].to_json()[:30])
        history = History.load(tmp_path)
        assert history.cut_lines == 1
        assert "has no send" in str(history.check())


class TestDrawing:
    """Figures of a history; what is in them is tested with the figures."""

    def test_one_order_and_all_of_them_are_drawn(self, events):
        assert isinstance(History(events).draw(), Figure)
        assert History(events).order("ab-1").draw(title="Mine").get_suptitle() == "Mine"

    def test_the_diagram_is_exported_by_the_ending_of_the_path(self, events, tmp_path):
        path = History(events).order("ab-1").export(tmp_path / "clock.svg")
        assert "<svg" in path.read_text()

    def test_an_order_is_drawn_with_what_was_done_to_its_processes_meanwhile(self, events):
        order = [event for event in events if event.order_id == "ab-1"]
        middle = order[20].wall
        killed = TraceEvent("lab#1", "lab", "", "local", "killed", wall=middle, detail={"process": "executor-2"})
        history = History([*events, killed]).order("ab-1")
        assert history.process_events == (killed,)
        assert "killed" in shown(history.draw())
        assert history.order("ab").process_events == (killed,)

    def test_a_drawing_can_be_asked_for_in_every_way_that_the_diagram_has(self, events):
        history = History(events).order("ac")
        settled = next(event for event in history.events if event.name == "settled")
        picture = history.draw(
            direction="down", axis="wall", highlight=settled.id, cut=[settled], collapse=True, figsize=(6, 9)
        )
        assert tuple(picture.get_size_inches()) == (6, 9)
        assert {"causal past", "inconsistent cut", "left out"} <= set(shown(picture))
        assert "Twice." in shown(history.draw(violations=[Violation("once", "Twice.", (settled,))]))

    def test_the_checks_of_an_order_are_drawn(self, events):
        assert isinstance(History(events).order("ac-2").draw_checkout(), Figure)

    def test_of_an_order_that_was_checked_again_the_last_checks_are_drawn(self):
        run = Execution()
        first, last = ({"check_fraud": state} for state in ("cancelled", "passed"))
        run.local("executor-1", "checked", detail={"steps": first})
        run.receive("executor-2", run.send("executor-1", "order_queued", "executor-2"))
        run.local("executor-2", "checked", detail={"steps": last})
        assert alt_text(History(run.events).draw_checkout()) == alt_text(draw_checkout_graph(last)) != ""

    def test_the_checks_of_several_orders_are_not_drawn_as_one(self, events):
        with pytest.raises(HistoryError, match="Choose the order"):
            History(events).draw_checkout()

    def test_checks_that_did_not_end_are_not_drawn(self, events):
        unchecked = [event for event in events if event.order_id == "ab-1" and event.name != "checked"]
        with pytest.raises(HistoryError, match="checks of order ab-1 were not finished"):
            History(unchecked).draw_checkout()

    def test_the_election_is_drawn(self):
        assert isinstance(History(election("pause")).draw_election(), Figure)
