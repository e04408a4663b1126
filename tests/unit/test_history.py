"""Histories: the traces of a run read back whole, in an order that respects causality, whatever a kill left behind."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bookstore_lib.core.errors import HistoryError, UnknownOrderError
from bookstore_lib.core.record import EpochRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.figures import alt_text, draw_checkout_graph
from bookstore_lib.lab.history import History
from tests.executions import Execution, complete_order, election, interleaved, random_execution


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

    def test_events_of_two_orders_cannot_be_compared(self, events):
        history = History(events)
        ids = [next(event.id for event in events if event.order_id == order) for order in history.order_ids]
        with pytest.raises(HistoryError, match="are not of one order"):
            history.happens_before(*ids)

    def test_events_of_processes_cannot_be_compared(self):
        with pytest.raises(HistoryError, match="are not of one order"):
            History(election()).concurrent("executor-1#1", "executor-2#1")

    def test_an_unknown_event_is_named(self, events):
        with pytest.raises(HistoryError, match="no event 'nobody#1'"):
            History(events).happens_before("nobody#1", events[0])


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


class TestTable:
    """The events as a pandas table."""

    def test_it_has_a_row_for_each_event_and_a_column_for_each_field(self):
        events = [*complete_order(executor="executor-9", epoch=9), *election("none")]
        history = History(events)
        table = history.frame()
        assert list(table.columns) == list(TraceEvent.__slots__)
        assert list(table["id"]) == [event.id for event in history.events]
        assert table["clock"].map(VectorClock).tolist() == [event.clock for event in history.events]
        assert table.loc[table["name"] == "settled", "epoch"].tolist() == [9]
        assert table["epoch"].isna().sum() == sum(event.epoch is None for event in history.events)


class TestDrawing:
    """Figures of a history; what is in them is tested with the figures."""

    def test_one_order_and_all_of_them_are_drawn(self, events):
        assert isinstance(History(events).draw(), Figure)
        assert History(events).order("ab-1").draw(title="Mine").get_suptitle() == "Mine"

    def test_the_diagram_is_exported_by_the_ending_of_the_path(self, events, tmp_path):
        path = History(events).order("ab-1").export(tmp_path / "clock.svg")
        assert "<svg" in path.read_text()

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
