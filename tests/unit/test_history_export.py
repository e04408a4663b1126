"""Histories written for other tools: every format says what happened, and the same each time."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_lib.core.causality import causes
from bookstore_lib.core.errors import HistoryError, SetupError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.history import History
from bookstore_lib.lab.history.graphviz import to_dot
from bookstore_lib.lab.history.mermaid import to_mermaid
from bookstore_lib.lab.history.shiviz import to_shiviz
from tests.executions import Execution, complete_order, election, interleaved, random_execution

histories = st.builds(random_execution, st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 40)).map(
    History
)


def of_table(table: Any) -> list[TraceEvent]:
    """The events that a table of a file holds."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        TraceEvent(**row | {"clock": VectorClock(json.loads(row["clock"])), "detail": json.loads(row["detail"])})
        for row in rows
    ]


def as_shiviz_reads(log: str) -> dict[str, list[tuple[str, str, VectorClock]]]:
    """Text, host and clock of the events of each execution, by the regular expressions in the log's first two lines."""
    event, delimiter, rest = log.split("\n", 2)
    parts = re.split(delimiter.replace("?<", "?P<"), rest, flags=re.MULTILINE)
    pattern = re.compile(event.replace("?<", "?P<"))
    return {
        trace: [(m["event"], m["host"], VectorClock(json.loads(m["clock"]))) for m in pattern.finditer(part)]
        for trace, part in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.fixture
def history() -> History:
    return History([*interleaved(complete_order("o-1", retry=True), complete_order("o-2", status="rejected"))])


@settings(deadline=None, max_examples=25)
@given(histories)
def test_lines_of_json_read_back_are_the_same_history(tmp_path_factory, history):
    path = history.export(tmp_path_factory.mktemp("out") / "run.jsonl")
    assert History.load(path).events == history.events


@settings(deadline=None, max_examples=25)
@given(histories)
def test_a_csv_file_read_back_is_the_same_history(tmp_path_factory, history):
    path = history.export(tmp_path_factory.mktemp("out") / "run.csv")
    table = pd.read_csv(path, keep_default_na=False, dtype={"wall": float}, na_values={"epoch": [""]})
    assert History(of_table(table)).events == history.events


def test_a_csv_file_keeps_epochs_details_and_elections(tmp_path):
    history = History([*complete_order(), *(e for e in election() if e.process == "executor-1")])
    table = pd.read_csv(history.export(tmp_path / "run.csv"), keep_default_na=False, na_values={"epoch": [""]})
    assert History(of_table(table)).events == history.events


def test_a_parquet_file_read_back_is_the_same_history(tmp_path, history):
    table = pd.read_parquet(history.export(tmp_path / "run.parquet"))
    assert History(of_table(table)).events == history.events


def test_parquet_without_its_library_says_what_to_install(tmp_path, history, monkeypatch):
    def lack(*_: object, **__: object) -> None:
        raise ImportError("pyarrow")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", lack)
    with pytest.raises(SetupError, match="Parquet needs pyarrow, which is not installed: pip install pyarrow"):
        history.export(tmp_path / "run.parquet")


@settings(deadline=None, max_examples=50)
@given(histories)
def test_a_shiviz_log_has_every_event_with_its_host_and_clock(history):
    (entries,) = as_shiviz_reads(to_shiviz(history.events)).values()
    assert [(host, clock) for _, host, clock in entries] == [(e.process, e.clock) for e in history.events]
    assert [text.rpartition("(")[2][:-1] for text, _, _ in entries] == [event.id for event in history.events]


def test_in_a_shiviz_log_each_order_is_an_execution_and_elections_are_left_out(history):
    log = to_shiviz([*history.events, *election()])
    assert {trace: len(entries) for trace, entries in as_shiviz_reads(log).items()} == {
        order_id: len(history.order(order_id).events) for order_id in history.order_ids
    }


def test_shiviz_counts_each_process_from_one_upwards_a_restarted_one_anew():
    run = Execution()
    run.receive("bob", run.send("alice", "hello", "bob"))
    run.receive("bob~1", run.send("alice", "again", "bob"))
    entries = as_shiviz_reads(to_shiviz(run.events))["order-1"]
    assert [clock[host] for _, host, clock in entries if host.startswith("bob")] == [1, 1]


def test_a_name_of_two_lines_stays_one_line_for_shiviz():
    run = Execution()
    run.local("alice", "two\nlines")
    assert as_shiviz_reads(to_shiviz(run.events))["order-1"][0][0] == "two lines (alice#1)"


def test_without_an_order_there_is_nothing_for_shiviz(tmp_path):
    with pytest.raises(HistoryError, match="no event here belongs to an order"):
        History(election()).export(tmp_path / "run.log", format="shiviz")


def test_a_mermaid_diagram_has_an_arrow_for_each_arrival_and_a_note_for_each_local_event(history):
    lines = to_mermaid(history.events).splitlines()
    assert lines[0] == "sequenceDiagram"
    assert sum("->>" in line for line in lines) == sum(event.kind == "receive" for event in history.events)
    assert sum("Note over" in line for line in lines) == 1 + sum(event.kind == "local" for event in history.events)
    assert sum("-x" in line for line in lines) == 2, "the first reply to CheckBilling, and the one to CheckFraud"


def test_a_mermaid_diagram_shows_clocks_and_what_was_lost_or_came_again():
    run = Execution()
    hello = run.send("alice", "hello; #1", "bob")
    run.receive("bob", hello)
    run.receive("bob", hello)
    run.send("alice", "bye", "bob")
    run.send("alice", "queued", "nobody here")
    assert to_mermaid(run.events).splitlines()[3:] == [
        "    Note over p0: clocks are [alice, bob]",
        "    p0-xp1: bye lost [2,0]",
        "    p0->>p1: hello#59; #35;1 [1,0] [1,1]",
        "    Note over p0: queued lost [3,0]",
        "    p0-->>p1: hello#59; #35;1 again [1,0] [1,2]",
    ]


@settings(deadline=None, max_examples=25)
@given(histories)
def test_a_graph_has_a_node_for_each_event_and_an_edge_for_each_direct_cause(history):
    graph = to_dot(history.events)
    assert re.findall(r'^    "(\S+)" \[', graph, re.MULTILINE) != []
    assert set(re.findall(r'^    "(\S+)" \[', graph, re.MULTILINE)) == {event.id for event in history.events}
    edges = {(a, b) for b, before in causes(history.events).items() for a in before}
    assert set(re.findall(r'^  "(\S+)" -> "(\S+)"', graph, re.MULTILINE)) == edges


def test_a_graph_quotes_what_would_end_a_text():
    run = Execution()
    run.local("alice", 'say "hi\\"\nnow')
    assert r'[label="say \"hi\\\"\nnow\n{alice: 1}"]' in to_dot(run.events)


@pytest.mark.parametrize("name", ["csv", "jsonl", "shiviz", "mermaid", "dot"])
def test_the_same_history_gives_the_same_bytes(tmp_path, history, name):
    again = History(reversed(history.events))
    first, second = history.export(tmp_path / "a", format=name), again.export(tmp_path / "b", format=name)
    assert first.read_bytes() == second.read_bytes() != b""


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("a.csv", "id,process"),
        ("a.mmd", "sequenceDiagram"),
        ("a.gv", "digraph"),
        ("a.DOT", "digraph"),
        ("a.svg", "<?xml"),
    ],
)
def test_the_ending_names_the_format(tmp_path, path, start):
    written = History(complete_order()).export(tmp_path / "new folder" / path)
    assert written == tmp_path / "new folder" / path
    assert written.read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        ("run.xml", None, r"the ending of 'run\.xml' names no format: give format= one of svg, pdf, png, csv, parquet"),
        ("run", None, "the ending of 'run' names no format"),
        ("run.csv", "excel", "the format 'excel' is not known"),
        ("clock", "svg", r"A figure's file says its format: call it 'clock\.svg'"),
        (None, "csv", "Name the file to export to"),
    ],
)
def test_what_cannot_be_exported_is_told_in_one_sentence(history, path, name, said):
    with pytest.raises(HistoryError, match=said):
        history.export(path, format=name)


def test_nothing_is_written_of_an_empty_history(tmp_path):
    with pytest.raises(HistoryError, match="no events to export"):
        History([]).export(tmp_path / "run.csv")
    assert not (tmp_path / "run.csv").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path, history):
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match=r"cannot be written: .* Choose another place"):
        history.export(Path(tmp_path / "file" / "run.csv"))
