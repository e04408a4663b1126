"""Draws `docs/gallery.md` and its figures again, the same each time: `make gallery`. Nothing runs for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.lab.figures import Picture, alt_text, draw_failovers, draw_system, save_figure
from bookstore_lib.lab.history import History
from tests.executions import EPOCH_START, Chronicle, Execution, complete_order, election

DOCS = Path(__file__).parents[1] / "docs"
PROCESSES = (
    "redis",
    "postgres",
    "orchestrator",
    "executor-1",
    "executor-2",
    "executor-3",
    "transaction_verification",
    "fraud_detection",
    "suggestions",
)


_INTRODUCTION = """\
Each figure comes from a history, of a run or made up; it can be saved as SVG, PDF and PNG, byte for byte the same each
time, in any `figsize`. `make gallery` draws this page again, from histories that are made up."""

_LIVE = """\
## The live view

`order.live()`

The same diagram to touch, in a notebook: click an event for its clock, its past and its future, drag a cut, filter by
order and process, zoom, go through time, all by keyboard, too. `ClockPanel(shop)` shows it while the events arrive.

![A clock diagram in a notebook, with buttons above it. The event card checked is chosen: its causal past is blue, its \
causal future orange, the rest grey. A red dashed line is a cut; below the diagram stands: The cut is inconsistent: \
transaction_verification has received CheckCard, which executor-2 has not sent.](live-view.png)"""


class Figure(NamedTuple):
    """A figure of the gallery: its file, its heading, how one gets it, and who draws it here."""

    name: str
    heading: str
    how: str
    draw: Callable[[], Picture]


def rejected() -> History:
    return History(complete_order(status="rejected"))


def forgotten_merge() -> History:
    """An order in which a service overwrote its clock with what it received, instead of merging the two."""
    wrong = VectorClock({"fraud_detection": 3})
    events = [replace(e, clock=wrong) if e.id == "fraud_detection#3" else e for e in complete_order()]
    return History(events)


def taken_over() -> History:
    """An order whose executor is killed in the middle of it; another one starts it again."""
    run = Execution()
    run.local("orchestrator", "accepted")
    queued = run.send("orchestrator", "order_queued", "executors")
    run.receive("executor-1", queued)
    lost = run.send("executor-1", "CheckBilling", "transaction_verification")
    run.receive("transaction_verification", lost)
    killed = run.local("transaction_verification", "billing checked").wall
    run.send("transaction_verification", "CheckBilling reply", "executor-1")
    run.receive("executor-2", queued)
    again = run.serve(run.send("executor-2", "CheckBilling", "transaction_verification"))
    run.receive("executor-2", again)
    run.local("executor-2", "settled", epoch=2, detail={"status": "approved"})
    outcome = run.send("executor-2", "outcome", "orchestrator")
    run.receive("orchestrator", outcome)
    run.local("orchestrator", "answered")
    fault = TraceEvent("lab#1", "lab", "", "local", "killed", wall=killed, detail={"process": "executor-1"})
    return History(run.events, process_events=[fault])


def busy_shop() -> History:
    """Orders that keep coming while the leader is killed."""
    story, random, free = Chronicle(EPOCH_START), Random(4), 0.0
    for number in range(60):
        order, at = f"order-{number}", 0.1 * number + 0.08 * random.random()
        story.note("orchestrator", "accepted", at, of=order)
        begin = max(at + 0.01, free)
        if 2.0 < begin < 3.4:
            begin = 3.4
        executor, epoch = ("executor-1", 1) if begin <= 2.0 else ("executor-2", 2)
        story.took(executor, order, epoch, begin)
        story.finished(executor, order, epoch, begin + 0.02)
        free = begin + 0.04
    story.note("lab", "killed", 2.0, process="executor-1")
    return History(story.events)


def failover_times() -> Picture:
    random = Random(7)
    killed = [round(random.uniform(2.0, 3.0), 3) for _ in range(24)]
    frozen = [round(random.uniform(2.0, 3.0), 3) for _ in range(16)]
    handed_over = [round(random.uniform(0.005, 0.06), 3) for _ in range(20)]
    return draw_failovers({"killed": killed, "frozen": frozen, "handed over": handed_over}, lease=3.0)


def system() -> Picture:
    return draw_system(dict.fromkeys(PROCESSES, "running") | {"executor-1": "dead"}, leader="executor-2")


def highlighted() -> Picture:
    history = rejected()
    checked = next(event for event in history.events if event.name == "checked")
    return history.draw("What the decision knew of", highlight=checked)


def cut() -> Picture:
    history = taken_over()
    ends = {event.process: event for event in history.events if event.name != "answered"}
    ends["executor-1"] = next(event for event in history.events if event.process == "executor-1")
    return history.draw("An inconsistent cut", cut=list(ends.values()))


FIGURES = (
    Figure("system-model", "The system model", "shop.draw_system()", system),
    Figure("clock-diagram", "A clock diagram", "history.order(order_id).draw()", lambda: rejected().draw()),
    Figure("causal-past", "Past, future, concurrent", "order.draw(highlight=event)", highlighted),
    Figure("cut", "A cut, and a killed executor", "order.draw(cut=[...])", cut),
    Figure(
        "wrong-clock", "A wrong clock", "order.draw(direction='down')", lambda: forgotten_merge().draw(direction="down")
    ),
    Figure(
        "happens-before", "Happens-before", "order.draw_happens_before()", lambda: taken_over().draw_happens_before()
    ),
    Figure("checkout-graph", "The checks of an order", "order.draw_checkout()", lambda: rejected().draw_checkout()),
    Figure("gantt", "Where the time of an order went", "order.draw_gantt()", lambda: rejected().draw_gantt()),
    Figure(
        "election-timeline",
        "Who led when",
        "history.draw_election()",
        lambda: History(election("kill")).draw_election(),
    ),
    Figure(
        "split-brain",
        "Split brain: the lock was wiped",
        "history.draw_election()",
        lambda: History(election("flush")).draw_election(),
    ),
    Figure(
        "election-frames",
        "An election in frames",
        "history.draw_election_frames()",
        lambda: History(election("pause")).draw_election_frames(),
    ),
    Figure("queue", "Queue depth and throughput", "history.draw_queue()", lambda: busy_shop().draw_queue()),
    Figure("failovers", "How long nobody leads", "history.draw_failovers()", failover_times),
)


def page(alts: Sequence[str]) -> str:
    """The gallery as Markdown, with the description of each figure."""
    parts = [
        "# Gallery",
        _INTRODUCTION,
    ]
    for figure, alt in zip(FIGURES, alts, strict=True):
        parts += [f"## {figure.heading}", f"`{figure.how}`", f"![{alt}]({figure.name}.svg)"]
    return "\n\n".join([*parts, _LIVE]) + "\n"


def main() -> None:
    """Write the page and its figures."""
    pictures = [figure.draw() for figure in FIGURES]
    for figure, picture in zip(FIGURES, pictures, strict=True):
        save_figure(picture, DOCS / f"{figure.name}.svg")
    (DOCS / "gallery.md").write_text(page([alt_text(picture) for picture in pictures]), encoding="utf-8")


if __name__ == "__main__":
    main()
