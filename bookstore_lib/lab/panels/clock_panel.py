"""The space-time diagram of the last orders, as they come."""

from collections.abc import Sequence

import ipywidgets

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.live_view import LiveView
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.watch import Watch

_NEWEST, _ALL = "", "*"
# Traces are read one after the other, so a message may seem to arrive before it is sent, for one look (ten a second).
_PATIENT_LOOKS = 3


class ClockPanel(Panel):
    """The vector clocks of the newest order, of one of the last ones, or of these together, in a live view.

    Args:
        shop: A running bookstore.

    Attributes:
        view: The live view.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__(shop, "Vector clocks")
        self.choice = ipywidgets.Dropdown(options=[("the newest", _NEWEST)], description="Order")
        self.view = LiveView()
        self._shown = ("", 0)
        self._looks = 0
        self._compose(row(self.choice), self._message, self.view)
        self._follow()

    def draw(self, order_id: str) -> None:
        """What a choice does, for a cell: show this order of the bookstore's history.

        Raises:
            UnknownOrderError: There is no such order.
        """
        order = self._shop.history().order(order_id)
        self._display(order.order_ids[0], order.events, order.process_events)

    def _show(self, seen: Watch) -> None:
        self._offer(list(seen.orders))
        wanted = self.choice.value or next(reversed(seen.orders), _NEWEST)
        events = [event for order, own in seen.orders.items() if wanted in (order, _ALL) for event in own]
        now = wanted, len(events)
        if not events or now == self._shown:
            return
        self._looks += 1
        if _is_whole(events) or self._looks >= _PATIENT_LOOKS:
            self._display(wanted, events, seen.process_events)
            self._shown, self._looks = now, 0

    def _display(self, order_id: str, events: Sequence[TraceEvent], process_events: Sequence[TraceEvent]) -> None:
        if order_id != self._shown[0]:
            self.view.step = -1  # the steps of another order mean nothing here
        self.view.show(events, process_events, title=None if order_id == _ALL else f"Order {order_id[:8]}")

    def _offer(self, order_ids: list[str]) -> None:
        last = [(order_id[:8], order_id) for order_id in reversed(order_ids)]
        options = [("the newest", _NEWEST), *([("the last ones", _ALL)] if len(last) > 1 else []), *last]
        if tuple(options) != tuple(self.choice.options):
            chosen = self.choice.value
            self.choice.options = options
            self.choice.value = chosen if chosen in dict(options).values() else _NEWEST


def _is_whole(events: Sequence[TraceEvent]) -> bool:
    """Whether each message that arrived was sent."""
    sent = {event.id for event in events if event.kind == "send"}
    return all(event.message_id in sent for event in events if event.kind == "receive")
