"""What happened in a run, read back: to ask, check, draw, tabulate and export."""

from bookstore_lib.lab.history.history import History

__all__ = ["History"]
