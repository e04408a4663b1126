"""The pictures of a history: each method draws one of `bookstore_lib.lab.figures` from the events it has."""

from collections.abc import Iterable, Sequence

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.happens_before import Named
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures import (
    Direction,
    Picture,
    draw_checkout_graph,
    draw_clock_diagram,
    draw_election_timeline,
)

Size = tuple[float, float]


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

    def draw_checkout(self, title: str | None = None) -> Picture:
        """The checks of an order as a graph, each with what became of it.

        Raises:
            HistoryError: This is not the history of one order, or its checks were not finished.
        """
        order_id = self._only_order("draw_checkout")
        states = [event.detail["steps"] for event in self.events if event.name == "checked"]
        if not states:
            raise HistoryError(f"The checks of order {order_id} were not finished: there is nothing to draw.")
        return draw_checkout_graph(states[-1], title=title)

    def draw_election(self, title: str | None = None) -> Picture:
        """Who led when, by the wall clock, and how long the lock's key lived.

        Raises:
            HistoryError: There is no election in this history.
        """
        return draw_election_timeline(self.events, title=title)

    def _only_order(self, question: str) -> str:
        raise NotImplementedError
