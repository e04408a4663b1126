"""The clock diagram of an order as data; the page draws it."""

import threading
from collections.abc import Callable, Sequence

from bookstore_lib.core.errors import TooManyRequestsError
from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.core.trace_event import TraceEvent
from services.orchestrator.models import ClockDiagram, ClockEvent, ClockMessage

# Looking through the traces is the costliest thing that anybody may ask for, so few may at the same time.
_SEATS = 2


class ClockDiagrams:
    """Makes the clock diagrams of orders. Thread-safe.

    Args:
        events: What is known of the events of an order.
    """

    def __init__(self, events: Callable[[str], Sequence[TraceEvent]]) -> None:
        self._events = events
        self._seats = threading.BoundedSemaphore(_SEATS)

    def of(self, order_id: str) -> ClockDiagram:
        """The diagram of an order; raises `TooManyRequestsError` while too many others are being made."""
        if not self._seats.acquire(blocking=False):
            raise TooManyRequestsError("Too many clock diagrams are asked for just now; try again in a moment.")
        try:
            return clock_diagram(self._events(order_id))
        finally:
            self._seats.release()


def clock_diagram(events: Sequence[TraceEvent]) -> ClockDiagram:
    """Bring an order's events into an order that respects happens-before, each in the lane of its process.

    Args:
        events: What is known of one order; of a message perhaps one end only.
    """
    if not events:
        return ClockDiagram(processes=[], events=[], messages=[])
    layout = lay_out(events)
    places = {event.id: place for place, event in enumerate(layout.events)}
    return ClockDiagram(
        processes=list(layout.processes),
        events=[
            ClockEvent(
                process=event.process,
                lane=layout.lanes[event.process],
                kind=event.kind,
                name=event.name,
                clock=dict(event.clock),
            )
            for event in layout.events
        ],
        messages=[
            ClockMessage(sent=places[arrow.send.id], received=places[arrow.receive.id]) for arrow in layout.arrows
        ],
    )
