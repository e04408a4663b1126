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
    from bookstore_lib.lab.panels import ClusterPanel, OrderPanel

__all__ = ["Bookstore", "ClusterPanel", "History", "OrderPanel", "VectorClock"]

_HOMES = {
    "Bookstore": "bookstore_lib.lab.cluster",
    "History": "bookstore_lib.lab.history",
    "ClusterPanel": "bookstore_lib.lab.panels",
    "OrderPanel": "bookstore_lib.lab.panels",
    "VectorClock": "bookstore_lib.core.vector_clock",
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
