"""Bookstore Lab: a real distributed bookstore to learn distributed systems on.

    from bookstore_lib import Bookstore, VectorClock

The names below are the public ones; they are imported when first used, because the services need few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bookstore_lib.core.checkout_graph import STEPS, CheckoutRun, Passed, Rejected
    from bookstore_lib.core.errors import BookstoreError
    from bookstore_lib.core.lease import Candidate
    from bookstore_lib.core.order import Reason
    from bookstore_lib.core.trace_event import TraceEvent
    from bookstore_lib.core.vector_clock import VectorClock
    from bookstore_lib.lab.cluster import Bookstore
    from bookstore_lib.lab.faults import Fault, inject
    from bookstore_lib.lab.figures import Picture, draw_checkout_graph, draw_clock_diagram, save_figure
    from bookstore_lib.lab.history import History
    from bookstore_lib.lab.load import run_customers, run_load
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
    "STEPS",
    "Bookstore",
    "BookstoreError",
    "Candidate",
    "CheckoutRun",
    "ClockPanel",
    "ClusterPanel",
    "Dashboard",
    "ElectionPanel",
    "Fault",
    "FaultPanel",
    "History",
    "LoadPanel",
    "OrderPanel",
    "Passed",
    "Picture",
    "Reason",
    "Rejected",
    "TraceEvent",
    "VectorClock",
    "draw_checkout_graph",
    "draw_clock_diagram",
    "inject",
    "run_customers",
    "run_load",
    "save_figure",
]

_HOMES = {
    "Bookstore": "bookstore_lib.lab.cluster",
    "BookstoreError": "bookstore_lib.core.errors",
    "Candidate": "bookstore_lib.core.lease",
    "CheckoutRun": "bookstore_lib.core.checkout_graph",
    "ClockPanel": "bookstore_lib.lab.panels",
    "ClusterPanel": "bookstore_lib.lab.panels",
    "Dashboard": "bookstore_lib.lab.panels",
    "ElectionPanel": "bookstore_lib.lab.panels",
    "Fault": "bookstore_lib.lab.faults",
    "FaultPanel": "bookstore_lib.lab.panels",
    "History": "bookstore_lib.lab.history",
    "LoadPanel": "bookstore_lib.lab.panels",
    "OrderPanel": "bookstore_lib.lab.panels",
    "Passed": "bookstore_lib.core.checkout_graph",
    "Picture": "bookstore_lib.lab.figures",
    "Reason": "bookstore_lib.core.order",
    "Rejected": "bookstore_lib.core.checkout_graph",
    "STEPS": "bookstore_lib.core.checkout_graph",
    "TraceEvent": "bookstore_lib.core.trace_event",
    "VectorClock": "bookstore_lib.core.vector_clock",
    "draw_checkout_graph": "bookstore_lib.lab.figures",
    "draw_clock_diagram": "bookstore_lib.lab.figures",
    "inject": "bookstore_lib.lab.faults",
    "run_customers": "bookstore_lib.lab.load",
    "run_load": "bookstore_lib.lab.load",
    "save_figure": "bookstore_lib.lab.figures",
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
