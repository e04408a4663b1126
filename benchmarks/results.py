"""Measure everything and write benchmarks/RESULTS.md, results.json and docs/bench.svg.

`python benchmarks/results.py [--quick]`: about an hour, or ten minutes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import bench_figure

from bookstore_lib.lab.bench.command import Report, effort, measure
from bookstore_lib.lab.bench.peers.table import PEERS
from bookstore_lib.lab.bench.pivot import Sheet, number, sheets

HERE = Path(__file__).parent
WIDEST = 11
GOALS = {
    "drain_vs_best_peer": "at least 8",
    "drain_vs_best_peer_with_our_streams": "at least 2",
    "unary_vs_best_peer": "at least 1",
    "http_vs_best_peer": "at least 2",
    "append_only_file_costs": "at most 0.15",
    "failover_killed_ms_p50": "at most 20",
    "failover_beyond_lease_ms_p50": "at most 10",
    "failover_beyond_lease_ms_p90": "at most 25",
    "handover_ms_p50": "at most 5",
    "idle_vs_bare_round_trips": "at most 2",
    "ready_seconds": "at most 3",
    "memory_mb": "at most 700",
}
HEAD = """# Measured

{day}; {machine}.
{versions}.

`python benchmarks/results.py` writes this again; `bookstore bench` shows the same figures for your machine. All take
turns, and the medians of the rounds count, so the ratios say more than the figures.

![Orders a second, this system and what people would use instead](../docs/bench.svg)

## What it comes to

| figure | measured | goal |
|---|---|---|
{summary}

The first ratio is a backlog worked off by this system (streams, 1 % traced) to the best peer; the second to a peer
whose jobs use our stream client; the third is ours with single calls and everything traced. A peer's job makes the ten
calls of an order on the same running services, with clocks, 1 % traced. It keeps no record, books no payment, takes no
stock, cancels and repeats nothing: all to the peer's advantage. Over HTTP the peer has the orchestrator's own reading,
checking and pricing of a request, in Flask and waitress set up alike.

## What stands in the way of the goals

- **Eight times the best peer.** That would leave about 1.4 ms of processor time for an order in all, and the three
  services alone take more: reading, clocks, checks and answers are about 0.1 ms of Python a call on each side, and an
  order has ten. The two cores are two threads of one, so what one process saves another does not quite get.
- **Twice a peer with our streams.** Both have the same services, the same streams and the same Redis. What the peer
  spends on its own queue, the record and the fence cost here.
- **Single calls.** A call of its own costs gRPC more than all that we do in it. Peers spread their side over two
  processes with event loops; a leader is one process, and its record, clocks and cancellation come on top.
- **Twice the best peer over HTTP.** Here an order is priced, committed, queued, taken, loaded, settled, published and
  looked up; there it is priced, queued and taken.
- **A killed leader in 20 ms, a handover in 5.** The system frees the memory of a killed process before it closes its
  connections: a bare process was missed after 1.7 ms here, one of 42 threads and 40 MB of its own, as an executor is,
  after 8. Then come the lock and the epoch, while two followers, Redis and PostgreSQL want the same two cores.
- **Flat memory** (no line above; see Growth). What grows is the backlog itself in Redis, PostgreSQL's buffers until
  they are full (32 MB), the clocks of the last 10,000 orders, and the leader, which compares backlog and record.

## The peers

All work on the same Redis as our executors, which writes to disk before it answers (`appendfsync always`).

| peer | a job whose worker is killed | settings tried |
|---|---|---|
{peers}
"""


def write(report: Report) -> None:
    """Write what was measured, as a page and as data."""
    text = HEAD.format(
        day=report.day,
        machine=report.machine,
        versions=", ".join(f"{name} {number}" for name, number in report.versions.items()),
        summary="\n".join(
            f"| {name} | {'' if value is None else number(value)} | {GOALS.get(name, '')} |"
            for name, value in report.summary.items()
        ),
        peers="\n".join(_peers(report)),
    )
    text += "".join(f"\n## {sheet.topic.capitalize()}\n\n{_table(sheet)}" for sheet in sheets(report.rows))
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    (HERE / "results.json").write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")


def _peers(report: Report) -> Iterator[str]:
    measured = {row.who for row in report.rows}
    for peer in PEERS:
        settings = "; ".join(setting.name for setting in peer.settings) if peer.name in measured else "not measured"
        yield f"| {peer.name} | {peer.durability} | {settings} |"


def _table(sheet: Sheet) -> str:
    """A line for each way, or where there are more figures than fit beside each other a line for each figure."""
    if len(sheet.columns) <= WIDEST:
        return _lines(["who", "way", *sheet.columns], [[who, way, *values] for who, way, values in sheet.lines])
    columns = zip(*(values for _, _, values in sheet.lines), strict=True)
    ways = [f"{who}, {way}" for who, way, _ in sheet.lines]
    return _lines(["figure", *ways], [[name, *values] for name, values in zip(sheet.columns, columns, strict=True)])


def _lines(head: list[str], lines: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *lines])


def main() -> None:
    """Measure, write and draw."""
    write(measure(effort(None, quick="--quick" in sys.argv[1:])))
    bench_figure.main()


if __name__ == "__main__":
    main()
