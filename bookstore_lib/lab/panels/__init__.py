"""Buttons for a running bookstore. No logic lives here: each button does what a method of `Bookstore` does."""

from bookstore_lib.lab.panels.leader_panel import LeaderPanel
from bookstore_lib.lab.panels.order_panel import OrderPanel

__all__ = ["LeaderPanel", "OrderPanel"]
