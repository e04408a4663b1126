"""The log of ShiViz (https://bestchai.bitbucket.io/shiviz), which draws space-time diagrams in the browser.

The first line of the file is the regular expression of an event, the second that of the line between executions; each
order is an execution, for it has its own clocks. An event is two lines: what happened, then host and clock.
"""

import json
from collections import defaultdict
from collections.abc import Sequence

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent

EVENT = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"
DELIMITER = r"^=== (?<trace>.*) ===$"


def to_shiviz(events: Sequence[TraceEvent]) -> str:
    """The events that have a clock, so none of elections.

    Raises:
        HistoryError: No event has one.
    """
    orders: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in events:
        if event.order_id:
            orders[event.order_id].append(event)
    if not orders:
        raise HistoryError("ShiViz draws clocks, and no event here belongs to an order: place an order first.")
    lines = [EVENT, DELIMITER, ""]
    for order_id, of_order in orders.items():
        lines += [f"=== {order_id} ===", *map(_entry, of_order)]
    return "\n".join(lines) + "\n"


def _entry(event: TraceEvent) -> str:
    what = event.name if event.kind == "local" else f"{event.kind} {event.name}"
    return f"{' '.join(what.split())} ({event.id})\n{event.process} {json.dumps(dict(event.clock))}"
