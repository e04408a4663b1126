"""A running bookstore as it is now: one watcher for everything that shows it live."""

from bookstore_lib.lab.watch.view import Coordination, ProcessView, View, compose
from bookstore_lib.lab.watch.watch import Watch, watch

__all__ = ["Coordination", "ProcessView", "View", "Watch", "compose", "watch"]
