"""The one place in a process where clocks tick and merge and where events are written."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from zlib import crc32

from bookstore_lib.core.trace_event import Kind, TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.logs import audits_together
from bookstore_lib.runtime.trace_log import TraceLog

_REMEMBERED = 10_000
_HASHES = 2**32
_NOTHING = VectorClock()


class Stamp(NamedTuple):
    """What rides along with a message: who sent it, its id, and the sender's clock with the send event in it."""

    sender: str
    message_id: str
    clock: VectorClock


class OrderEventTracker:
    """Keeps this process's clock of each order and writes every event to the trace. Thread-safe.

    Clocks of cleared orders are remembered for the last 10,000 of them: a message that comes late must not make this
    process count from 0 again.

    Args:
        trace: Where events are written.
        sample: The share of the orders that are traced, up to 1: the same ones in all processes. The clocks of the
            others tick, too.
    """

    def __init__(self, trace: TraceLog, sample: float = 1.0) -> None:
        self.process = trace.process
        self._trace, self._traced_below = trace, round(sample * _HASHES)
        self._clocks: dict[str, VectorClock] = {}
        self._cleared: OrderedDict[str, VectorClock] = OrderedDict()
        self._worked: dict[str, VectorClock] = {}
        self._number = 0
        self._lock = threading.Lock()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write the events and audit lines of this thread's block together, at its end.

        No message of theirs may leave before that.
        """
        with self._trace.together(), audits_together():
            yield

    def flush(self) -> None:
        """Write the events that are kept back: a message leaves before the end of its block."""
        self._trace.flush()

    def traces(self, order_id: str) -> bool:
        """Whether the events of this order are written."""
        return self._traced_below == _HASHES or crc32(order_id.encode()) < self._traced_below

    def clock(self, order_id: str) -> VectorClock:
        """This process's clock of the order; empty when it never heard of it."""
        with self._lock:
            return self._known(order_id)

    def local(self, order_id: str, name: str, epoch: int | None = None, **detail: Any) -> VectorClock:
        """Something happened here that is no message; returns the clock after it."""
        with self._lock:
            clock = self._known(order_id).tick(self.process)
            self._record("local", order_id, name, clock, epoch=epoch, detail=detail)
            return clock

    def send(self, order_id: str, name: str, peer: str, *, work: bool = False) -> Stamp:
        """A message is about to leave; returns the stamp that has to ride along with it.

        Args:
            order_id: What it is about.
            name: Such as `CheckFraud reply`.
            peer: Who gets it.
            work: Whether it counts as work for the order, see `worked`.
        """
        with self._lock:
            clock = self._known(order_id).tick(self.process)
            message_id = self._record("send", order_id, name, clock, peer=peer)
            self._note_work(order_id, work=work)
            return Stamp(self.process, message_id, clock)

    def receive(self, order_id: str, name: str, stamp: Stamp, *, work: bool = False) -> VectorClock:
        """A message has come with `stamp`; returns the clock after it. The others are as of `send`."""
        with self._lock:
            clock = self._known(order_id).receive(stamp.clock, self.process)
            self._record("receive", order_id, name, clock, peer=stamp.sender, message_id=stamp.message_id)
            self._note_work(order_id, work=work)
            return clock

    def worked(self, order_id: str) -> VectorClock:
        """The clock at the last message that was work for the order, not part of its clearing.

        Empty when there was none, or it is cleared.
        """
        with self._lock:
            return self._worked.get(order_id, VectorClock())

    def forget(self, order_id: str) -> None:
        """The order is cleared; only its last clock is remembered, for messages that come late."""
        with self._lock:
            self._worked.pop(order_id, None)
            clock = self._clocks.pop(order_id, None)
            if clock is not None:
                self._cleared[order_id] = clock
                if len(self._cleared) > _REMEMBERED:
                    self._cleared.popitem(last=False)

    def process_event(self, name: str, epoch: int | None = None, **detail: Any) -> None:
        """Something happened to the process itself, such as its election; it has no clock."""
        with self._lock:
            self._record("local", "", name, VectorClock(), epoch=epoch, detail=detail)

    def _note_work(self, order_id: str, *, work: bool) -> None:
        # With the event itself: whoever clears at the same time must not find the one without the other.
        if work and order_id in self._clocks:
            self._worked[order_id] = self._clocks[order_id]

    def _known(self, order_id: str) -> VectorClock:
        clock = self._clocks.get(order_id)
        return self._cleared.get(order_id, _NOTHING) if clock is None else clock

    def _record(
        self,
        kind: Kind,
        order_id: str,
        name: str,
        clock: VectorClock,
        *,
        peer: str = "",
        message_id: str = "",
        epoch: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        self._number += 1
        event_id = f"{self.process}#{self._number}"
        if order_id:
            self._remember(order_id, clock)
            if not self.traces(order_id):
                return event_id
        message_id = event_id if kind == "send" else message_id
        event = TraceEvent(
            event_id,
            self.process,
            order_id,
            kind,
            name,
            clock,
            message_id,
            peer,
            self._trace.now(),
            epoch,
            detail or {},
        )
        self._trace.write(event)
        return event_id

    def _remember(self, order_id: str, clock: VectorClock) -> None:
        if order_id in self._cleared:
            self._cleared[order_id] = clock
        else:
            self._clocks[order_id] = clock
