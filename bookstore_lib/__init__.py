"""Bookstore Lab: a real distributed bookstore to learn distributed systems on.

    from bookstore_lib import Bookstore, VectorClock

The names below are the public ones; they are imported when first used, because the services need few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bookstore_lib.core.vector_clock import VectorClock
    from bookstore_lib.lab.cluster import Bookstore
    from bookstore_lib.lab.history import History
    from bookstore_lib.lab.load import run_load
    from bookstore_lib.lab.panels import (
        ClockPanel,
        ClusterPanel,
        Dashboard,
        ElectionPanel,
        FaultPanel,
        LoadPanel,
        OrderPanel,
    )

__all__ = [
    "Bookstore",
    "ClockPanel",
    "ClusterPanel",
    "Dashboard",
    "ElectionPanel",
    "FaultPanel",
    "History",
    "LoadPanel",
    "OrderPanel",
    "VectorClock",
    "run_load",
]

_HOMES = {
    "Bookstore": "bookstore_lib.lab.cluster",
    "ClockPanel": "bookstore_lib.lab.panels",
    "ClusterPanel": "bookstore_lib.lab.panels",
    "Dashboard": "bookstore_lib.lab.panels",
    "ElectionPanel": "bookstore_lib.lab.panels",
    "FaultPanel": "bookstore_lib.lab.panels",
    "History": "bookstore_lib.lab.history",
    "LoadPanel": "bookstore_lib.lab.panels",
    "OrderPanel": "bookstore_lib.lab.panels",
    "VectorClock": "bookstore_lib.core.vector_clock",
    "run_load": "bookstore_lib.lab.load",
}


def __dir__() -> list[str]:
    """The public names, for completion."""
    return __all__


def __getattr__(name: str) -> Any:
    """Import a public name on its first use.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
