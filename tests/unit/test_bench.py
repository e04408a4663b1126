"""What the benchmark makes of its figures. That it measures is shown with real processes."""

import time

import pytest

from bookstore_lib.core.errors import BookstoreError, SetupError
from bookstore_lib.lab.bench import command, watch
from bookstore_lib.lab.bench.command import Report, effort, print_report
from bookstore_lib.lab.bench.compare import DRAIN, HTTP, OURS, RATE, STREAMS, TRACED
from bookstore_lib.lab.bench.drain import Way
from bookstore_lib.lab.bench.peers.table import PEERS, Peer, missing
from bookstore_lib.lab.bench.pivot import number, sheets, whole
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.summary import summarize

ABSENT = Peer("Nobody", "nobody_app", ("no_such_package",), False, "", ())
ROWS = [
    Row(DRAIN, OURS, str(Way("stream", 0.01, 32)), RATE, 700.0),
    Row(DRAIN, OURS, str(Way("stream", 0.01, 128)), RATE, 800.0),
    Row(DRAIN, OURS, str(Way("stream", 1, 128)), RATE, 900.0),
    Row(DRAIN, OURS, str(Way("stream", 0.01, 128, "no")), RATE, 1000.0),
    Row(DRAIN, OURS, str(Way("unary", 1, 32)), RATE, 120.0),
    Row(DRAIN, OURS, str(Way("unary", 0.01, 32)), RATE, 150.0),
    Row(DRAIN, "SAQ", "2 workers", RATE, 100.0),
    Row(DRAIN, "SAQ", f"2 workers, {STREAMS}", RATE, 400.0),
    Row(DRAIN, "SAQ", f"2 workers, {TRACED}", RATE, 60.0),
    Row(DRAIN, "SAQ", "2 workers", "CPU ms an order", 5000.0),
    Row(HTTP, OURS, "32 customers", RATE, 90.0),
    Row(HTTP, "SAQ", "32 customers, 2 workers", RATE, 45.0),
    Row("failover", OURS, "killed, watched, TTL 1 s", "failover ms p50", 5.0),
    Row("failover", OURS, "killed, watched, TTL 30 s", "failover ms p50", 7.0),
    Row("failover", OURS, "killed, not watched, TTL 1 s", "beyond lease ms p50", 8.0),
    Row("failover", OURS, "killed, not watched, TTL 1 s", "beyond lease ms p90", 9.0),
    Row("failover", OURS, "frozen, watched, TTL 1 s", "beyond lease ms p50", 99.0),
    Row("failover", "redis-py Lock", "killed, TTL 1 s", "beyond lease ms p50", 99.0),
    Row("handover", OURS, "stopped in order", "handover ms p50", 3.0),
    Row("idle path", OURS, "one by one", "times the bare round trips", 1.5),
    Row("start", OURS, "3 executors", "ready seconds", 2.0),
    Row("memory", OURS, "shared pages once", "memory MB", 300.0),
    Row("memory", OURS, "shared pages once", "memory MB", 200.0),
]


def test_a_ratio_is_ours_by_the_best_peer_that_does_the_same():
    summary = summarize(ROWS)
    assert summary["drain_vs_best_peer"] == 8
    assert summary["drain_vs_best_peer_with_our_streams"] == 2
    assert summary["unary_vs_best_peer"] == 1.2
    assert summary["unary_vs_best_peer_all_traced"] == 2
    assert summary["http_vs_best_peer"] == 2


def test_the_file_that_redis_writes_costs_what_the_drain_loses_by_it():
    assert summarize(ROWS)["append_only_file_costs"] == 0.2


def test_the_promises_of_the_readme_are_taken_from_our_own_rows_at_their_worst():
    summary = summarize(ROWS)
    assert summary["failover_killed_ms_p50"] == 7
    assert (summary["failover_beyond_lease_ms_p50"], summary["failover_beyond_lease_ms_p90"]) == (8, 9)
    assert summary["handover_ms_p50"] == 3
    assert summary["idle_vs_bare_round_trips"] == 1.5
    assert (summary["ready_seconds"], summary["memory_mb"]) == (2, 300)


def test_without_peers_there_are_no_ratios_and_the_rest_stands():
    summary = summarize([row for row in ROWS if row.who == OURS])
    assert {name for name, value in summary.items() if value is None} == {
        name for name in summary if "_vs_best_peer" in name
    }


def test_rows_become_a_table_for_each_topic_with_a_column_for_each_figure():
    drain, http, *_ = sheets(ROWS)
    assert (drain.topic, drain.columns) == (DRAIN, [RATE, "CPU ms an order"])
    assert drain.lines[6] == ("SAQ", "2 workers", ["100", "5000"])
    assert drain.lines[0] == (OURS, "stream, 32 in flight, 1% traced", ["700", ""])
    assert [line[0] for line in http.lines] == [OURS, "SAQ"]


def test_what_a_figure_divides_into_can_be_left_out():
    rows = [
        Row("memory", OURS, "", "memory MB", 3.0),
        Row("memory", OURS, "", "memory MB of redis", 1.0),
        Row(DRAIN, OURS, "", "CPU ms an order", 3.0),
        Row(DRAIN, OURS, "", "CPU ms an order, redis", 1.0),
        Row(HTTP, OURS, "", "ms an order, median", 1.0),
    ]
    assert whole(rows) == [rows[0], rows[2], rows[4]]


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (12.34, "12.3"), (1234.5, "1234"), (0, "0"), (42.0, "42")]
)
def test_a_figure_has_as_many_digits_as_say_something(value, text):
    assert number(value) == text


def test_a_report_is_printed_with_all_that_was_measured(capsys):
    print_report(Report("2 cores", "2026-11-23", {"grpcio": "1"}, ROWS[:1]))
    printed = capsys.readouterr().out
    assert "700" in printed
    assert "not measured" in printed


def test_a_report_as_json_has_the_machine_the_versions_all_rows_and_the_summary():
    told = Report("2 cores", "2026-11-23", {"grpcio": "1"}, ROWS).to_json()
    assert (told["machine"], told["versions"]) == ("2 cores", {"grpcio": "1"})
    assert told["rows"][0] == {"topic": DRAIN, "who": OURS, "way": ROWS[0].way, "figure": RATE, "value": 700.0}
    assert told["summary"] == summarize(ROWS)


def test_peers_that_are_not_installed_are_named_in_one_line_that_says_what_to_do():
    line = missing([ABSENT])
    assert "Nobody" in line
    assert "pip install -e '.[bench]'" in line
    assert "\n" not in line
    assert missing([]) == ""


def test_what_is_not_installed_is_not_compared_with(monkeypatch):
    monkeypatch.setattr("bookstore_lib.lab.bench.command.PEERS", [ABSENT])
    assert effort(None, quick=True).plan.peers == []


def test_every_peer_says_what_becomes_of_a_job_whose_worker_is_killed():
    assert all(peer.durability and peer.settings for peer in PEERS)


def clock_of_seconds(monkeypatch):
    """A clock, in a list, on which every pause is a second long."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda _seconds: now.__setitem__(0, now[0] + 1))
    return now


def test_a_rate_is_that_of_the_middle_of_a_backlog(monkeypatch):
    now = clock_of_seconds(monkeypatch)
    # Nothing for 5 s, then 10 a second, then 1 a second at the end.
    done = lambda: round(min(max(0, now[0] - 5) * 10, 90) + max(0, now[0] - 14))  # noqa: E731
    drained = watch.look_on(100, done, lambda: {"redis": now[0] / 2})
    assert drained.rate == pytest.approx(10)
    assert drained.cpu == {"redis": pytest.approx(50)}


def test_a_backlog_that_is_not_worked_off_any_more_is_given_up(monkeypatch):
    clock_of_seconds(monkeypatch)
    with pytest.raises(BookstoreError, match="Only 7 orders"):
        watch.look_on(100, lambda: 7, dict)


def stages_of(monkeypatch, *stages):
    monkeypatch.setattr(command, "_stages", lambda _much, _told: stages)
    monkeypatch.setattr(command, "PEERS", [ABSENT])


def fails(error):
    def stage():
        raise error

    return stage


def test_a_stage_that_fails_is_noted_and_the_others_count(monkeypatch, capsys):
    broken = fails(BookstoreError("No orders were done."))
    stages_of(monkeypatch, ("one", lambda: ROWS[:1]), ("two", broken), ("three", lambda: ROWS[1:2]))
    assert command.measure(effort(None, quick=True)).rows == ROWS[:2]
    said = capsys.readouterr().err.splitlines()
    assert said == [missing([ABSENT]), "Left out, two: No orders were done."]


def test_where_no_bookstore_can_run_nothing_is_measured(monkeypatch):
    stages_of(monkeypatch, ("one", fails(SetupError("There is no room."))))
    with pytest.raises(SetupError):
        command.measure(effort(None, quick=True))


def test_of_stages_with_the_same_name_the_last_one_counts(monkeypatch):
    stages_of(monkeypatch, ("one", lambda: ROWS[:1]), ("one", lambda: ROWS[1:2]))
    assert command.measure(effort(None, quick=True)).rows == ROWS[1:2]


def test_nothing_is_begun_once_time_is_up(monkeypatch, capsys):
    now = clock_of_seconds(monkeypatch)
    stages_of(monkeypatch, ("one", lambda: now.__setitem__(0, 600.0) or ROWS[:1]), ("two", lambda: ROWS[1:2]))
    assert command.measure(effort(None, quick=True)).rows == ROWS[:1]
    assert "Time is up; left out: two." in capsys.readouterr().err
