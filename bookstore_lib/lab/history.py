"""What happened in a run: the traces of all processes as one history to look at, draw and check."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from bookstore_lib.core.causality import causal_order
from bookstore_lib.core.errors import HistoryError, UnknownOrderError
from bookstore_lib.core.invariants import check
from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import DamagedEventError, TraceEvent
from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.figures import draw_checkout_graph, draw_clock_diagram, draw_election_timeline, save_figure

if TYPE_CHECKING:
    import pandas as pd


class History:
    """The events of a run, or of one order of it.

    Args:
        events: In any order; a message is not received before it is sent.
        tables: The record at the end of the run, where it is known; some guarantees can be checked only with it.
        cut_lines: How many last lines were cut short by a kill, and left out.

    Attributes:
        events: Sorted so that causes come before effects; always in the same order, whatever the clocks of the
            machines said.

    Raises:
        HistoryError: The events cannot be those of one run.

    Example:
        >>> history = History.load("runs/latest/trace")
        >>> history.order(history.order_ids[0]).draw()
        >>> history.check().holds
        True
    """

    def __init__(self, events: Iterable[TraceEvent], tables: Tables | None = None, cut_lines: int = 0) -> None:
        self.events = tuple(causal_order(events))
        self.tables = tables
        self.cut_lines = cut_lines

    @classmethod
    def load(cls, path: str | Path, tables: Tables | None = None) -> "History":
        """Read the traces of a run.

        A process that was killed may have left its last line cut short: such lines are counted and left out.

        Args:
            path: A folder, of which every `*.jsonl` is read, or one such file.
            tables: The record at the end of the run.

        Raises:
            HistoryError: There is nothing to read, a line is damaged, or the files are not of one run.
        """
        read = [_read(file) for file in _trace_files(Path(path))]
        events = [event for whole, _ in read for event in whole]
        if not events:
            raise HistoryError(f"There are no events in {path} yet: let something happen first.")
        return cls(events, tables, cut_lines=sum(cut for _, cut in read))

    @cached_property
    def order_ids(self) -> tuple[str, ...]:
        """The orders, by the wall time of their first event."""
        first: dict[str, float] = {}
        for event in self.events:
            if event.order_id:
                first[event.order_id] = min(event.wall, first.get(event.order_id, event.wall))
        return tuple(sorted(first, key=lambda order_id: (first[order_id], order_id)))

    def order(self, order_id: str) -> "History":
        """The history of one order: its events only, without the record.

        Args:
            order_id: The id, or as much of its beginning as no other order has.

        Raises:
            UnknownOrderError: No order, or more than one, begins like this.
        """
        matches = [known for known in self.order_ids if known.startswith(order_id)]
        matches = [order_id] if order_id in matches else matches
        if len(matches) != 1:
            raise UnknownOrderError(_not_one_order(order_id, matches, self.order_ids))
        return History(event for event in self.events if event.order_id == matches[0])

    def draw(self, title: str | None = None) -> Figure:
        """The space-time diagram of all events: a line for each process, an arrow for each message.

        Raises:
            HistoryError: There is nothing to draw.
        """
        return draw_clock_diagram(self.events, title=title)

    def draw_checkout(self, title: str | None = None) -> Figure:
        """The checks of an order as a graph, each with what became of it.

        Raises:
            HistoryError: This is not the history of one order, or its checks were not finished.
        """
        if len(self.order_ids) != 1:
            raise HistoryError("Choose the order whose checks to draw: history.order(order_id).draw_checkout().")
        states = [event.detail["steps"] for event in self.events if event.name == "checked"]
        if not states:
            raise HistoryError(f"The checks of order {self.order_ids[0]} were not finished: there is nothing to draw.")
        return draw_checkout_graph(states[-1], title=title)

    def draw_election(self, title: str | None = None) -> Figure:
        """Who led when, by the wall clock, and how long the lock's key lived.

        Raises:
            HistoryError: There is no election in this history.
        """
        return draw_election_timeline(self.events, title=title)

    def export(self, path: str | Path) -> Path:
        """Save the space-time diagram.

        Args:
            path: Where to; its ending says the format: `.svg`, `.pdf` or `.png`.

        Returns:
            The file written.

        Raises:
            HistoryError: There is nothing to draw, or the format is not known.
        """
        return save_figure(self.draw(), path)

    def check(self) -> Verdict:
        """Check each guarantee of the bookstore; see `bookstore_lib.core.invariants`.

        Without tables, as for a single order, only what the trace alone can show.
        """
        return check(self.events, self.tables)

    def frame(self) -> "pd.DataFrame":
        """The events as a table: a row for each event, a column for each field of `TraceEvent`."""
        import pandas as pd  # noqa: PLC0415 - takes half a second, and most histories are never made a table

        rows = [[getattr(event, name) for name in TraceEvent.__slots__] for event in self.events]
        table = pd.DataFrame(rows, columns=list(TraceEvent.__slots__))
        return table.assign(clock=table["clock"].map(dict), epoch=table["epoch"].astype("Int64"))

    def happens_before(self, a: str | TraceEvent, b: str | TraceEvent) -> bool:
        """Whether `a` can have influenced `b`, by their vector clocks.

        Args:
            a: An event, or its id.
            b: Another event of the same order, or its id.

        Raises:
            HistoryError: There is no such event, or the two are not of one order: their clocks have nothing in common.
        """
        first, second = self._of_one_order(a, b)
        return first.clock < second.clock

    def concurrent(self, a: str | TraceEvent, b: str | TraceEvent) -> bool:
        """Whether neither of two events can have influenced the other; arguments and errors as `happens_before`."""
        first, second = self._of_one_order(a, b)
        return first.clock.concurrent_with(second.clock)

    def __repr__(self) -> str:
        processes = len({event.process for event in self.events})
        return f"History(orders: {len(self.order_ids)}, events: {len(self.events)}, processes: {processes})"

    @cached_property
    def _by_id(self) -> dict[str, TraceEvent]:
        return {event.id: event for event in self.events}

    def _event(self, event: str | TraceEvent) -> TraceEvent:
        if isinstance(event, TraceEvent):
            return event
        if event not in self._by_id:
            raise HistoryError(f"There is no event {event!r} in this history; ids look like 'executor-1#7'.")
        return self._by_id[event]

    def _of_one_order(self, a: str | TraceEvent, b: str | TraceEvent) -> tuple[TraceEvent, TraceEvent]:
        first, second = self._event(a), self._event(b)
        if not first.order_id or first.order_id != second.order_id:
            raise HistoryError(f"{first.id} and {second.id} are not of one order; only then can clocks be compared.")
        return first, second


def _trace_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.jsonl"))
    if not files:
        what = "has no traces (*.jsonl)" if path.is_dir() else "does not exist"
        raise HistoryError(f"{path} {what}: give the folder that a run writes its traces to.")
    return files


def _read(file: Path) -> tuple[list[TraceEvent], bool]:
    """The events of a file, and whether its last line was cut short."""
    *lines, rest = file.read_text(encoding="utf-8", errors="replace").split("\n")
    events = [_parse(file, number, line) for number, line in enumerate(lines, start=1)]
    try:
        return [*events, *([TraceEvent.from_json(rest)] if rest else [])], False
    except DamagedEventError:
        return events, True


def _parse(file: Path, number: int, line: str) -> TraceEvent:
    try:
        return TraceEvent.from_json(line)
    except DamagedEventError as error:
        raise HistoryError(f"Line {number} of {file} is damaged; remove it to read the rest. {error}") from error


def _not_one_order(order_id: str, matches: list[str], known: tuple[str, ...]) -> str:
    if matches:
        return f"{len(matches)} orders begin with {order_id!r}: give more of the id."
    some = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
    return f"There is no order {order_id!r} in this history; it has {some or 'no orders'}."
