"""The life of the lease, and who leads as it happens."""

import time

import ipywidgets

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.figures.live import draw_election_strip
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.watch import Watch

_SECONDS = 30.0
_LEGEND = "thick: believes to lead, with its epoch; thin: its lock in Redis; dashed: frozen"


class ElectionPanel(Panel):
    """Choose the life of the lock and how often it is renewed, and see who leads when, as it happens.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__(shop, "Election")
        wide = ipywidgets.Layout(width="420px")
        chosen = shop.settings
        self.ttl = ipywidgets.FloatSlider(
            value=chosen.lease_ttl, min=0.5, max=30, step=0.5, description="Lease, s", layout=wide
        )
        self.renewal = ipywidgets.FloatSlider(
            value=chosen.renew_every or chosen.lease_ttl / 3, min=0.1, max=30, step=0.1, description="Renew, s"
        )
        self.renewal.layout = wide
        self.apply_button = self._button(
            "Use these times",
            "Stop all executors in order and start them again with this lease",
            self._apply,
            doing="The executors stop and start again...",
        )
        self._strip = ipywidgets.HTML()
        self._compose(row(self.ttl, self.renewal, self.apply_button), self._message, self._strip)
        self._follow()

    def set_lease(self, ttl: float, renew_every: float) -> str:
        """What the button does, for a cell: all executors start again with this lease; returns who leads then."""
        self._shop.set_lease(ttl, renew_every)
        leader = self._shop.leader
        self._say(f"The lock lives for {ttl:g} s and is renewed every {renew_every:g} s. {leader} leads.")
        return leader

    @property
    def strip(self) -> str:
        """The moving timeline, as HTML."""
        return str(self._strip.value)

    def _apply(self) -> None:
        self.set_lease(self.ttl.value, round(self.renewal.value, 2))

    def _show(self, seen: Watch) -> None:
        names = [process.name for process in seen.view.processes if process.name.startswith("executor-")]
        strip = draw_election_strip(seen.process_events, names, time.time(), _SECONDS)
        self._strip.value = f'{strip}<div style="color: {html.FAINT}">{_LEGEND}</div>'
