"""What a service remembers of an order between InitializeOrder and ClearOrder: in memory only."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from bookstore_lib.core.errors import InvalidOrderError, UnknownOrderError
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime.rpc_context import RECEIVED
from bookstore_lib.runtime.tracker import OrderEventTracker

T = TypeVar("T")


class _Session(NamedTuple, Generic[T]):
    data: T
    used: float


class Sessions(Generic[T]):
    """The orders that a service knows. Thread-safe; every operation may be repeated.

    Args:
        tracker: Is told to forget an order together with its session.
        idle: Seconds after which an order that nobody asked about is dropped.
        now: A monotonic clock, in seconds.
    """

    def __init__(self, tracker: OrderEventTracker, idle: float, now: Callable[[], float] = time.monotonic) -> None:
        self._tracker, self._idle, self._now = tracker, idle, now
        self._sessions: OrderedDict[str, _Session[T]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, order_id: str, data: T) -> None:
        """Remember `data` for the order; the last word counts."""
        with self._lock:
            self._use(order_id, data)
            self._drop_idle()

    def data(self, order_id: str) -> T:
        """What is remembered of the order.

        Raises:
            UnknownOrderError: It was never initialised here, or is cleared already.
        """
        with self._lock:
            if order_id not in self._sessions:
                raise UnknownOrderError(f"Order {order_id} is not known here; initialise it first.")
            data = self._sessions[order_id].data
            self._use(order_id, data)
            return data

    def clear(self, request: common_pb2.ClearRequest) -> common_pb2.ClearReply:
        """Forget the order, but only if `final_clock` covers all that this service has done for it.

        Otherwise some message between this service and the coordinator is still unknown to one of them: the session
        is kept, and the reply says what this service knows. Requests to clear are events as well, but no work: if they
        counted, two coordinators that clear at the same time (a frozen leader that wakes up beside the next one) would
        make each other's final clock stale again and again.

        Raises:
            InvalidOrderError: The request came without a clock.
        """
        received = RECEIVED.get()
        if received is None:
            raise InvalidOrderError("A call about an order has to carry its clock.")
        order_id, worked = request.order_id, received.worked
        if not worked <= VectorClock(request.final_clock):
            self._tracker.local(order_id, "clear refused")
            return common_pb2.ClearReply(cleared=False, clock=worked)
        with self._lock:
            had = self._sessions.pop(order_id, None)
        if had is not None:
            self._tracker.local(order_id, "session cleared")
        self._tracker.forget(order_id)
        return common_pb2.ClearReply(cleared=True, clock=worked)

    def _use(self, order_id: str, data: T) -> None:
        self._sessions[order_id] = _Session(data, self._now())
        self._sessions.move_to_end(order_id)

    def _drop_idle(self) -> None:
        while self._sessions:
            order_id, session = next(iter(self._sessions.items()))
            if session.used > self._now() - self._idle:
                return
            del self._sessions[order_id]
            self._tracker.local(order_id, "session cleared", reason="idle")
            self._tracker.forget(order_id)
