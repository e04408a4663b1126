"""What the services keep of an order while it is checked: nothing, once it is settled."""

from collections.abc import Iterator, Sequence

from bookstore_lib.core.causality import number_of
from bookstore_lib.core.invariants.outcomes import settlements
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

SESSIONS_CLEARED = "sessions cleared"


def sessions_cleared(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """A service that began a session of a settled order has cleared it since.

    Sessions are kept in memory only: those of a killed process are gone with it. Where the trace still runs, a session
    that is about to be cleared counts as kept.
    """
    settled = settlements(events)
    killed = {event.detail.get("process") for event in events if event.name == "killed"}
    begun = _last(events, "receive", "InitializeOrder")
    cleared = _last(events, "local", "session cleared")
    for (order_id, service), event in sorted(begun.items()):
        end = cleared.get((order_id, service))
        if order_id in settled and service not in killed and (end is None or number_of(end) < number_of(event)):
            sentence = f"Order {order_id} is settled, but {service} still keeps its session."
            yield Violation(SESSIONS_CLEARED, sentence, (event,))


def _last(events: Sequence[TraceEvent], kind: str, name: str) -> dict[tuple[str, str], TraceEvent]:
    """The last such event of each order in each process."""
    found = [event for event in events if event.kind == kind and event.name == name]
    return {(event.order_id, event.process): event for event in sorted(found, key=number_of)}
