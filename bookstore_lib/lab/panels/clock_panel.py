"""The space-time diagram of the last orders, as they come."""

import threading

import ipywidgets

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.history import History
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.watch import Watch

_NEWEST = ""
# An order that has written nothing for so many looks (ten a second) is worth drawing; drawing takes half a second.
_QUIET_LOOKS = 3


class ClockPanel(Panel):
    """The vector clocks of the newest order, or of one that is chosen among the last ones.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__(shop, "Vector clocks")
        self.choice = ipywidgets.Dropdown(options=[("the newest", _NEWEST)], description="Order")
        self._diagram = ipywidgets.HTML()
        self._shown = ("", 0)
        self._latest = ("", 0)
        self._quiet = 0
        self._drawing = threading.Lock()
        self._say("No order yet.")
        self._compose(row(self.choice), self._message, self._diagram)
        self._follow()

    def draw(self, order_id: str) -> None:
        """What a choice does, for a cell: show this order of the bookstore's history.

        Raises:
            UnknownOrderError: There is no such order.
        """
        self._draw(self._shop.history().order(order_id))

    @property
    def diagram(self) -> str:
        """The diagram, as HTML."""
        return str(self._diagram.value)

    def _show(self, seen: Watch) -> None:
        self._offer(list(seen.orders))
        order_id = self.choice.value or next(reversed(seen.orders), "")
        now = order_id, len(seen.orders.get(order_id, ()))
        self._quiet = self._quiet + 1 if now == self._latest else 0
        self._latest = now
        if order_id and now != self._shown and self._quiet >= _QUIET_LOOKS and self._drawing.acquire(blocking=False):
            self._shown = now
            events = list(seen.orders[order_id])
            threading.Thread(target=self._draw_and_release, args=(events,), daemon=True).start()

    def _offer(self, order_ids: list[str]) -> None:
        options = [("the newest", _NEWEST), *((order_id[:8], order_id) for order_id in reversed(order_ids))]
        if tuple(options) != tuple(self.choice.options):
            chosen = self.choice.value
            self.choice.options = options
            self.choice.value = chosen if chosen in order_ids else _NEWEST

    def _draw_and_release(self, events: list[TraceEvent]) -> None:
        try:
            self._draw(History(events))
        except HistoryError as error:  # not all of it has been written yet; there will be more
            self._say(f"Not drawn yet: {error}")
        finally:
            self._drawing.release()

    def _draw(self, order: History) -> None:
        order_id = order.order_ids[0]
        self._diagram.value = html.picture(order.draw(title=f"Order {order_id[:8]}"))
        self._say(f"Order {order_id[:8]}: {len(order.events)} events.")
