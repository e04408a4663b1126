"""The pictures of a history: each method draws one of `bookstore_lib.lab.figures` from the events it has."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.happens_before import Named
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures import (
    Direction,
    Form,
    Picture,
    Size,
    draw_checkout_graph,
    draw_clock_diagram,
    draw_election_frames,
    draw_election_timeline,
    draw_failovers,
    draw_gantt,
    draw_happens_before,
    draw_queue,
    failovers,
    life_of_the_lock,
)

if TYPE_CHECKING:
    from bookstore_lib.lab.live_view import LiveView


class Pictures:
    """What of a `History` can be looked at.

    A `figsize` is width and height in inches, the natural size where it is not given: (3.4, 2.6) fits a column of a
    paper, (6.5, 4) a page, (13.3, 7.5) a slide.
    """

    events: tuple[TraceEvent, ...]
    process_events: tuple[TraceEvent, ...]

    def draw(
        self,
        title: str | None = None,
        *,
        direction: Direction | None = None,
        axis: Axis = "logical",
        highlight: Named | None = None,
        cut: Iterable[Named] | None = None,
        collapse: bool = False,
        figsize: Size | None = None,
        violations: Sequence[Violation] | None = None,
    ) -> Picture:
        """The space-time diagram of all events: a line for each process, an arrow for each message.

        Args:
            title: Above the picture.
            direction: Where time runs: `right` or `down`; chosen by the width where it is not given.
            axis: `logical`, or `wall` for the clocks on the wall.
            highlight: An event, or its id: its causal past and future are coloured, the rest is grey.
            cut: The last event of each process inside a cut, or their ids: drawn as consistent or inconsistent.
            collapse: Leave out stretches in which nothing special happens.
            figsize: The size to fit into.
            violations: What to mark as wrong; what a check of the clocks finds where it is not given.

        Raises:
            HistoryError: There is nothing to draw, too much for one picture, or no such event.
        """
        return draw_clock_diagram(
            self.events,
            title=title,
            figsize=figsize,
            direction=direction,
            axis=axis,
            highlight=highlight,
            cut=cut,
            collapse=collapse,
            violations=violations,
            process_events=self.process_events,
        )

    def live(
        self, title: str | None = None, *, axis: Axis = "logical", violations: Sequence[Violation] | None = None
    ) -> "LiveView":
        """The diagram of `draw` to touch: choose events, drag a cut, filter, zoom, go through time; for a notebook.

        Args:
            title: Above the view.
            axis: As for `draw`.
            violations: As for `draw`.

        Raises:
            HistoryError: There is nothing to show, or too much to hold.
        """
        from bookstore_lib.lab.live_view import LiveView  # noqa: PLC0415 - widgets take half a second to import

        view = LiveView()
        view.show(self.events, self.process_events, title=title, axis=axis, violations=violations)
        return view

    def draw_happens_before(
        self, title: str | None = None, *, form: Form = "direct", figsize: Size | None = None
    ) -> Picture:
        """The happens-before graph: dark what its transitive reduction keeps, grey what follows from that.

        Args:
            title: Above the picture.
            form: `direct`: each event's causes just before it; `reduction`: of these, only what does not follow from
                the others; `all`: every pair.
            figsize: The size to fit into.

        Raises:
            HistoryError: There is nothing to draw, or too much for one picture.
        """
        return draw_happens_before(self.events, form=form, title=title, figsize=figsize)

    def draw_checkout(self, title: str | None = None, *, figsize: Size | None = None) -> Picture:
        """The checks of an order as a graph, each with what became of it.

        Raises:
            HistoryError: This is not the history of one order, or its checks were not finished.
        """
        order_id = self._only_order("draw_checkout")
        states = [event.detail["steps"] for event in self.events if event.name == "checked"]
        if not states:
            raise HistoryError(f"The checks of order {order_id} were not finished: there is nothing to draw.")
        return draw_checkout_graph(states[-1], title=title, figsize=figsize)

    def draw_gantt(self, title: str | None = None, *, figsize: Size | None = None) -> Picture:
        """How long an order waited and each call of a service took, and which of them its answer had to wait for.

        Raises:
            HistoryError: This is not the history of one order, or nobody has worked on it.
        """
        order_id = self._only_order("draw_gantt")
        return draw_gantt([event for event in self.events if event.order_id == order_id], title=title, figsize=figsize)

    def draw_election(self, title: str | None = None, *, figsize: Size | None = None) -> Picture:
        """Who believed to lead, and who held the lock, by the wall clock; where two believed, it is split brain.

        Raises:
            HistoryError: There is no election in this history.
        """
        return draw_election_timeline(self.events, title=title, figsize=figsize)

    def draw_election_frames(self, title: str | None = None, *, most: int = 9, figsize: Size | None = None) -> Picture:
        """Who holds the key, who waits and who crashed: a frame for each moment at which that changed.

        Raises:
            HistoryError: There is no election in this history.
        """
        return draw_election_frames(self.events, most=most, title=title, figsize=figsize)

    def draw_queue(self, title: str | None = None, *, figsize: Size | None = None) -> Picture:
        """How many orders wait and are under way over time, and how many are settled a second.

        Raises:
            HistoryError: No order was accepted.
        """
        return draw_queue((*self.events, *self.process_events), title=title, figsize=figsize)

    def draw_failovers(self, title: str | None = None, *, figsize: Size | None = None) -> Picture:
        """How long nobody led after each end of a leader, by how it ended.

        Raises:
            HistoryError: The leader did not change in this history.
        """
        times: dict[str, list[float]] = {}
        for failover in failovers(self.events):
            times.setdefault(failover.how, []).append(failover.seconds)
        return draw_failovers(times, lease=life_of_the_lock(self.events), title=title, figsize=figsize)

    def _only_order(self, question: str) -> str:
        raise NotImplementedError
