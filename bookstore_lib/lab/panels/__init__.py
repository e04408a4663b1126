"""Buttons for a running bookstore. No logic lives here: each button does what a function or a `Bookstore` does."""

from bookstore_lib.lab.panels.clock_panel import ClockPanel
from bookstore_lib.lab.panels.cluster_panel import ClusterPanel
from bookstore_lib.lab.panels.dashboard import Dashboard
from bookstore_lib.lab.panels.election_panel import ElectionPanel
from bookstore_lib.lab.panels.fault_panel import FaultPanel
from bookstore_lib.lab.panels.load_panel import LoadPanel
from bookstore_lib.lab.panels.order_panel import OrderPanel

__all__ = ["ClockPanel", "ClusterPanel", "Dashboard", "ElectionPanel", "FaultPanel", "LoadPanel", "OrderPanel"]
