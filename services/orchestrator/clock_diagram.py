"""The clock diagram of an order as data; the page draws it."""

from collections.abc import Sequence

from bookstore_lib.core.spacetime import lay_out
from bookstore_lib.core.trace_event import TraceEvent
from services.orchestrator.models import ClockDiagram, ClockEvent, ClockMessage


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
