"""What the measurements make of what they saw."""

import math
import runpy
from pathlib import Path

import pytest

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.bench import growth, latency, locks
from bookstore_lib.lab.bench.made_up import write_trace
from bookstore_lib.lab.bench.resources import Resources
from bookstore_lib.lab.bench.spread import share_of
from bookstore_lib.lab.history import History

# A script, and no module: it also measures earlier versions of the library, which lack what it would share.
SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "order_cost.py"))
RPC = "StreamCall.send (bookstore_lib/runtime/stream_client.py:105)"
STORE = "settle_many (bookstore_lib/runtime/postgres_store.py:170)"


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 3), (0.9, 4.6), (1, 5)])
def test_a_percentile_lies_between_the_values_next_to_it_in_proportion(share, value):
    assert share_of([5, 1, 4, 2, 3], share) == pytest.approx(value)


def test_of_no_values_there_is_no_percentile_and_of_one_it_is_that():
    assert math.isnan(share_of([], 0.5))
    assert share_of([7.0], 0.9) == 7


def test_a_backlog_grows_tenfold_up_to_the_most():
    assert list(growth.decades(100_000)) == [100, 1_000, 10_000, 100_000]
    assert list(growth.decades(5_000)) == [100, 1_000]


def test_growth_tells_the_most_threads_that_were_seen_and_the_memory_afterwards():
    busy, calm = (Resources(memory, 0, threads, sockets, 0.0) for memory, threads, sockets in ((9, 5, 8), (3, 4, 9)))
    seen = [{"redis": busy}, {"redis": calm}]
    figures = dict(growth._figures(100.0, {"redis": 2.0}, seen, {"redis": calm._replace(memory=7_000_000)}))
    assert figures == {
        "orders a second": 100,
        "CPU ms an order": 2,
        "memory MB": 7,
        "CPU ms an order of redis": 2,
        "memory MB of redis": 7,
        "threads of redis": 5,
        "sockets of redis": 9,
    }


def test_an_idle_order_is_compared_with_the_sum_of_its_round_trips():
    values = {row.figure: row.value for row in latency._rows(30.0, {"load": 2.0, "settle": 8.0})}
    assert values["bare round trips ms p50"] == 10
    assert values["bare round trips ms p50 of load"] == 2
    assert values["times the bare round trips"] == 3


def test_each_election_is_measured_from_the_last_event_that_it_follows():
    names = ["elected", "renewed", "killed", "elected", "renewed", "elected"]
    events = [
        TraceEvent(f"e#{n}", "executor-1", "", "local", name, VectorClock(), wall=float(n))
        for n, name in enumerate(names)
    ]
    found = [(last.wall, elected.wall) for last, elected in locks._terms(History(events), ("elected", "renewed"))]
    assert found == [(1, 3), (4, 5)]


def test_a_made_up_trace_is_one_that_the_system_could_have_written(tmp_path):
    write_trace(tmp_path, 1_000)
    history = History.load(tmp_path)
    assert len(history.events) >= 1_000
    assert not [violation for violation in history.check().violations if "clock" in violation.sentence]


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        ([RPC, "encode (json/encoder.py:200)"], "gRPC and protobuf"),
        ([RPC, "VectorClock.tick (bookstore_lib/core/vector_clock.py:67)"], "clocks and trace"),
        ([RPC, STORE], "record and queue"),
        (["Thread.run (threading.py:982)", RPC], "gRPC and protobuf"),
        ([RPC, "Condition.notify (threading.py:300)"], SCRIPT["THREADS"]),
        (["take (bookstore_lib/runtime/redis_queue.py:90)"], "record and queue"),
        (["Thread.run (threading.py:982)", "<module> (nowhere.py:1)"], SCRIPT["OTHER"]),
    ],
)
def test_the_innermost_frame_that_is_known_says_what_a_stack_is_about(frames, kind):
    assert SCRIPT["kind_of"](frames) == kind


def test_the_time_of_a_process_is_that_of_its_threads_and_the_rest_is_the_core():
    lines = [f"thread (7): pipeline;{RPC} 3", f"thread (7): pipeline;{STORE} 1", f"thread (8): load;{STORE} 5"]
    shares = SCRIPT["split"](lines, {7: 2.0, 8: 1.0, 9: 1.0}, whole=4.0)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["gRPC and protobuf"] == pytest.approx(0.375)  # three quarters of thread 7, which is half of it all
    assert shares["record and queue"] == pytest.approx(0.125 + 0.25)
    assert shares[SCRIPT["CORE"]] == pytest.approx(0.25)  # of which thread 9 was never seen in Python
