"""What happened in a run: the traces of all processes as one history to look at, draw and check."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bookstore_lib.core.causality import causal_order
from bookstore_lib.core.errors import HistoryError, UnknownOrderError
from bookstore_lib.core.happens_before import HappensBefore, Hop, Message, Named
from bookstore_lib.core.invariants import check
from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.figures import save_figure
from bookstore_lib.lab.history.export import FIGURES, format_of, write
from bookstore_lib.lab.history.pictures import Pictures
from bookstore_lib.lab.history.reading import collector_paused, read_trace

if TYPE_CHECKING:
    import pandas as pd


class History(Pictures):
    """The events of a run, or of one order of it.

    Args:
        events: In any order; a message is not received before it is sent.
        tables: The record at the end of the run, where it is known; some guarantees can be checked only with it.
        cut_lines: How many last lines were cut short by a kill, and left out.
        process_events: What happened around the events, to the processes: killed, paused, restarted, elected. It is
            drawn, but it is not asked about.

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

    def __init__(
        self,
        events: Iterable[TraceEvent],
        tables: Tables | None = None,
        cut_lines: int = 0,
        process_events: Iterable[TraceEvent] = (),
    ) -> None:
        events = list(events)
        strange = next((event for event in events if not isinstance(event, TraceEvent)), None)
        if strange is not None:
            raise HistoryError(f"A history is made of trace events, not {strange!r}; History.load reads files.")
        self.events = tuple(causal_order(events))
        self.tables = tables
        self.cut_lines = cut_lines
        self.process_events = tuple(process_events)

    @classmethod
    def load(cls, source: str | Path | Iterable[str | bytes], tables: Tables | None = None) -> "History":
        """Read the traces of a run.

        A process that was killed may have left its last line cut short: such lines are counted and left out.

        Args:
            source: A folder, of which every `*.jsonl` is read, one such file, or lines of JSON, as of an open file.
            tables: The record at the end of the run.

        Raises:
            HistoryError: There is nothing to read, a line is damaged, or the files are not of one run.
        """
        with collector_paused():
            trace = read_trace(source)
            return cls(trace.events, tables, trace.cut_lines)

    @cached_property
    def order_ids(self) -> tuple[str, ...]:
        """The orders, by the wall time of their first event."""
        first = {order_id: min(event.wall for event in events) for order_id, events in self._by_order.items()}
        return tuple(sorted(first, key=lambda order_id: (first[order_id], order_id)))

    def order(self, order_id: str) -> "History":
        """The history of one order: its events, what happened to the processes meanwhile, and not the record.

        Args:
            order_id: The id, or as much of its beginning as no other order has.

        Raises:
            UnknownOrderError: No order, or more than one, begins like this.
        """
        if not isinstance(order_id, str):
            raise UnknownOrderError(f"An order is named by its id, a text, not by {order_id!r}.")
        matches = [known for known in self.order_ids if known.startswith(order_id)]
        matches = [order_id] if order_id in matches else matches
        if len(matches) != 1:
            raise UnknownOrderError(_not_one_order(order_id, matches, self.order_ids))
        return History(self._by_order[matches[0]], process_events=(*self.process_events, *self._without_order))

    def export(self, path: str | Path, format: str | None = None) -> Path:  # noqa: A002 - the word that people expect
        """Save the space-time diagram, or the events for another tool.

        Args:
            path: Where to; its folder is made.
            format: `svg`, `pdf` or `png` (the diagram), `csv`, `parquet`, `jsonl` (to load again), `shiviz`, `mermaid`
                or `dot`; where it is not given, the path's ending names it.

        Returns:
            The file written.

        Raises:
            HistoryError: There is nothing to export, the format is not known, or the file cannot be written.
            SetupError: Parquet needs a library that is not installed.
        """
        if not isinstance(path, str | Path):
            raise HistoryError(f"Name the file to export to, such as 'clock.svg', instead of {path!r}.")
        name = format_of(Path(path), format)
        return save_figure(self.draw(), path) if name in FIGURES else write(self.events, Path(path), name)

    def report(
        self, folder: str | Path, *, title: str = "A run of the bookstore", seed: str | int = ""
    ) -> tuple[Path, Path]:
        """Write a report to hand in: `report.html`, one page that needs nothing else, and `report.pdf`, the same in A4.

        It has the system model, the verdict, the clock diagram of an order (one that something went wrong with, or
        else one that many processes had a hand in), who led, the orders, and the versions. The same history gives the
        same files on the same machine.

        Args:
            folder: Where to; it is made.
            title: Above it all.
            seed: What random choices of the run came from, such as the one of a fault schedule.

        Returns:
            The page and the PDF.

        Raises:
            HistoryError: Nothing has happened in this history, or the files cannot be written.
        """
        from bookstore_lib.lab.history.report import write_report  # noqa: PLC0415 - pandas is slow to import

        return write_report(self, Path(folder), title, str(seed))

    def check(self) -> Verdict:
        """Check each guarantee of the bookstore; see `bookstore_lib.core.invariants`.

        Without tables, as for a single order, only what the trace alone can show.
        """
        with collector_paused():
            return check(self.events, self.tables)

    def frame(self, of: str = "events") -> "pd.DataFrame":
        """A pandas table of the history; `bookstore_lib.lab.history.frames` says what stands in each.

        Args:
            of: `events`, `messages`, `orders`, `leadership`, `counts` (events by process and kind), `steps` (each call
                of a service) or `latency` (how long each step took).

        Raises:
            HistoryError: There is no such table.
        """
        from bookstore_lib.lab.history.frames import frame  # noqa: PLC0415 - pandas takes half a second to import

        return frame(self.events, of)

    def happens_before(self, a: Named, b: Named) -> bool:
        """Whether `a` can have influenced `b`: by the order in each process and the messages, not by the clocks.

        It is the relation of the events of this history. In that of one order it is what its vector clocks say, where
        they are correct; in that of a whole run an event may also have influenced another through other orders.

        Args:
            a: An event, or its id.
            b: Another event, or its id.

        Raises:
            HistoryError: There is no such event.
        """
        return self._relation.holds(self._relation.event(a), self._relation.event(b))

    def concurrent(self, a: Named, b: Named) -> bool:
        """Whether neither of two different events can have influenced the other; as `happens_before`."""
        first, second = self._relation.event(a), self._relation.event(b)
        return first != second and not self.happens_before(first, second) and not self.happens_before(second, first)

    def causal_past(self, event: Named) -> tuple[TraceEvent, ...]:
        """All events that happened before an event, in causal order; arguments and errors as `happens_before`."""
        return self._relation.past(self._relation.event(event))

    def causal_future(self, event: Named) -> tuple[TraceEvent, ...]:
        """All events that an event happened before, in causal order; arguments and errors as `happens_before`."""
        return self._relation.future(self._relation.event(event))

    def is_consistent(self, cut: Iterable[Named]) -> bool:
        """Whether a cut is a state that the run may have been in: no message in it is received, but not sent.

        Args:
            cut: The last event of each process in the cut, or its id; of a process without one, nothing is in it.

        Raises:
            HistoryError: There is no such event, or the cut has two events of one process.
        """
        return not self.breaking(cut)

    def breaking(self, cut: Iterable[Named]) -> tuple[Message, ...]:
        """The messages that make a cut inconsistent: received inside, sent outside; as `is_consistent`."""
        return self._relation.breaking(self._relation.cut(cut))

    def largest_consistent_cut(self, cut: Iterable[Named]) -> tuple[TraceEvent, ...]:
        """The largest consistent cut inside a cut: its last event of each process; as `is_consistent`."""
        return self._relation.largest_consistent(self._relation.cut(cut))

    def critical_path(self) -> tuple[Hop, ...]:
        """The chain of events that decided how long the order took: from its first event to its final answer.

        Where nobody was answered, to its last event. Shorten a hop of it, and the order is done sooner.

        Raises:
            HistoryError: This is not the history of one order.
        """
        events = self._by_order[self._only_order("critical_path")]
        answers = (e for e in events if e.name == "answered" and e.detail.get("status") != OrderStatus.ACCEPTED)
        return HappensBefore(events).critical_path(next(answers, events[-1]))

    def __repr__(self) -> str:
        processes = len({event.process for event in self.events})
        return f"History(orders: {len(self.order_ids)}, events: {len(self.events)}, processes: {processes})"

    @cached_property
    def _by_order(self) -> dict[str, list[TraceEvent]]:
        orders: dict[str, list[TraceEvent]] = defaultdict(list)
        for event in self.events:
            if event.order_id:
                orders[event.order_id].append(event)
        return dict(orders)

    @cached_property
    def _without_order(self) -> tuple[TraceEvent, ...]:
        return tuple(event for event in self.events if not event.order_id)

    @cached_property
    def _relation(self) -> HappensBefore:
        return HappensBefore(self.events)

    def _only_order(self, question: str) -> str:
        if len(self.order_ids) != 1:
            raise HistoryError(f"Choose the order first: history.order(order_id).{question}().")
        return self.order_ids[0]


def _not_one_order(order_id: str, matches: list[str], known: tuple[str, ...]) -> str:
    if matches:
        return f"{len(matches)} orders begin with {order_id!r}: give more of the id."
    some = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
    return f"There is no order {order_id!r} in this history; it has {some or 'no orders'}."
