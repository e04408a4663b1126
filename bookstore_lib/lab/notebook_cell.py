"""Which notebook cell runs now: a cell that is run again ends the bookstore that it started before."""

import sys
from collections.abc import MutableMapping
from typing import Any, Protocol
from weakref import WeakValueDictionary


class Closable(Protocol):
    """What a cell can have started."""

    @property
    def close(self) -> Any:
        """Ends it; harmless when it has ended."""


_started: MutableMapping[tuple[str, int], Any] = WeakValueDictionary()


def close_earlier_of_this_cell(new: Closable) -> None:
    """Close what an earlier run of the running cell started at the same place in it; nothing outside a notebook."""
    cell = running_cell()
    if not cell:
        return
    key = cell, _line_in_cell()
    earlier = _started.get(key)
    if earlier is not None:
        earlier.close()
    _started[key] = new


def running_cell() -> str:
    """The id of the notebook cell that runs now; empty outside a notebook, or where the front end gives none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    return str(parent.get("metadata", {}).get("cellId", ""))


def _line_in_cell() -> int:
    """The line of the cell that is being executed, so that one cell can hold two bookstores."""
    frame = sys._getframe()  # noqa: SLF001 - the only way to see who called
    line = 0
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__" and frame.f_code.co_name == "<module>":
            line = frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return line
