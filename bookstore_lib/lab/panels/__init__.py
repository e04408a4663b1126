"""Buttons for a running bookstore. No logic lives here: each button does what a method of `Bookstore` does."""

from bookstore_lib.lab.panels.cluster_panel import ClusterPanel
from bookstore_lib.lab.panels.order_panel import OrderPanel

__all__ = ["ClusterPanel", "OrderPanel"]
