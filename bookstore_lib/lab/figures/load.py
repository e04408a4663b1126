"""The orders that wait and that are under way, counted from a trace. Times are wall seconds."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bookstore_lib.core.trace_event import TraceEvent


class Load(NamedTuple):
    """How many orders wait in the queue, and how many an executor is at, from a moment on."""

    wall: float
    waiting: int
    under_way: int


def loads(events: Iterable[TraceEvent]) -> list[Load]:
    """Each moment at which one of the numbers changes.

    An order waits once it is accepted; it is under way once an executor took it, until it is acknowledged. When a new
    leader takes over what another had taken, it waits again. An order that nobody takes ends when it is answered.

    Args:
        events: Of a whole run, in any order.
    """
    waiting: set[str] = set()
    under_way: set[str] = set()
    found: list[Load] = []
    for event in sorted(events, key=lambda event: event.wall):
        _count(event, waiting, under_way)
        if not found or (len(waiting), len(under_way)) != found[-1][1:]:
            found.append(Load(event.wall, len(waiting), len(under_way)))
    return found


def throughput(events: Sequence[TraceEvent], seconds: float) -> list[float]:
    """Orders settled a second, in one span of `seconds` after the other since the first event."""
    first = min(event.wall for event in events)
    settled = [event.wall - first for event in events if event.name == "settled" and not event.detail.get("refused")]
    counts = [0.0] * (int(max(event.wall - first for event in events) / seconds) + 1)
    for wall in settled:
        counts[int(wall / seconds)] += 1 / seconds
    return counts


def _count(event: TraceEvent, waiting: set[str], under_way: set[str]) -> None:
    if event.order_id and event.name == "accepted":
        waiting.add(event.order_id)
    elif event.order_id and event.name in ("acknowledged", "answered"):
        # An answer comes before the acknowledgement; it ends only what nobody had to take.
        waiting.discard(event.order_id)
        if event.name == "acknowledged":
            under_way.discard(event.order_id)
    elif event.name in ("took", "took over", "swept"):
        for order_id in _orders(event):
            (waiting, under_way)[event.name == "took"].add(order_id)
            (under_way, waiting)[event.name == "took"].discard(order_id)


def _orders(event: TraceEvent) -> Iterator[str]:
    yield from event.detail.get("orders", ())
    if "order" in event.detail:
        yield str(event.detail["order"])
