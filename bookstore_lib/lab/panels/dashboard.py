"""All panels as one screen."""

from typing import Any

import ipywidgets

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.clock_panel import ClockPanel
from bookstore_lib.lab.panels.cluster_panel import ClusterPanel
from bookstore_lib.lab.panels.election_panel import ElectionPanel
from bookstore_lib.lab.panels.fault_panel import FaultPanel
from bookstore_lib.lab.panels.load_panel import LoadPanel
from bookstore_lib.lab.panels.order_panel import OrderPanel
from bookstore_lib.lab.panels.panel import Panel, Shown


class Dashboard(Shown):
    """Every panel of a bookstore: in columns where the window is wide enough, below each other where it is not.

    Args:
        shop: A running bookstore.

    Attributes:
        panels: The panels.
        widget: The screen.
    """

    def __init__(self, shop: Bookstore) -> None:
        self.panels: tuple[Panel, ...] = (
            ClusterPanel(shop),
            OrderPanel(shop, diagram=False),
            ElectionPanel(shop),
            LoadPanel(shop),
            FaultPanel(shop),
            ClockPanel(shop),
        )
        columns = "repeat(auto-fit, minmax(min(100%, 680px), 1fr))"
        layout = ipywidgets.Layout(grid_template_columns=columns, grid_gap="24px")
        self.widget = ipywidgets.GridBox([panel.widget for panel in self.panels], layout=layout)

    def close(self) -> None:
        """Take all panels away."""
        for panel in self.panels:
            panel.close()
        self.widget.close()


def open_dashboard() -> Any:
    """For the page of `bookstore dashboard`: the dashboard of a new bookstore, or a sentence that says why not."""
    try:
        return Dashboard(Bookstore(executors=3, links=True))
    except BookstoreError as error:
        return ipywidgets.HTML(html.status(str(error), html.ERROR))
