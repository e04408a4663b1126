"""Watching the process that holds the leader's lock, over an open gRPC stream that carries nothing.

When a process dies, its system closes its connections, and the other side knows within a millisecond. Only that counts:
an **open** stream that breaks. One that ends in order (the leader hands over), one that never opened, and one on which
nothing moves (the leader is frozen, the link is silent) say nothing; then the lock's end decides, as without a watch.
For that reason the channel sends no keep-alives.

It can be wrong: a link may break while the leader lives. Whoever takes over takes the next epoch, and the record
refuses the former leader's.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import grpc

from bookstore_lib.core.hosts import base_name
from bookstore_lib.pb.order_executor_pb2 import WatchRequest
from bookstore_lib.pb.order_executor_pb2_grpc import OrderExecutorStub
from bookstore_lib.runtime.redis_lease import Claim, read_claim
from bookstore_lib.runtime.rpc_client import open_channel
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls
from bookstore_lib.runtime.tracker import OrderEventTracker

log = logging.getLogger(__name__)

# Seconds until a stream that has ended is opened again, while the same lock is still there.
_AGAIN = 1.0


class LeaderWatch:
    """Watches one process at a time, in a thread of its own.

    Args:
        tracker: Writes into the trace whom it watches.
        on_lost: Called with the lock whose holder has ended, from its thread.
        via: `host:port` through which a process is watched, by its name, where that is another than its lock says.
        tls: Our certificate, and whose servers are trusted.
    """

    def __init__(
        self, tracker: OrderEventTracker, on_lost: Callable[[str], None], via: Mapping[str, str], tls: Tls = PLAIN
    ) -> None:
        self._tracker, self._on_lost, self._via, self._tls = tracker, on_lost, via, tls
        self._lock: str | None = None
        self._call: Any = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="leader watch", daemon=True)
        self._thread.start()

    def follow(self, lock: str | None) -> None:
        """Watch the holder of this lock from now on, or nobody; harmless when it is watched already."""
        with self._changed:
            if lock != self._lock:
                self._lock = lock
                self._leave()

    def close(self) -> None:
        """End it."""
        with self._changed:
            self._closed, self._lock = True, None
            self._leave()
        self._thread.join()

    def _leave(self) -> None:
        """Have the thread look what it has to do now."""
        self._changed.notify()
        if self._call is not None:
            self._call.cancel()

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._lock is not None)
                lock = self._lock
            if lock is not None:
                self._watch(lock)

    def _rest(self, lock: str) -> None:
        """Wait a moment, or until another lock is to be watched."""
        with self._changed:
            self._changed.wait_for(lambda: lock != self._lock, _AGAIN)

    def _watch(self, lock: str) -> None:
        claim = read_claim(lock)
        address = self._via.get(base_name(claim.holder), claim.address)
        if not address:
            self._rest(lock)
            return
        with open_channel(address, self._tls, quiet=True) as channel:
            ended = self._holder_ended(channel, lock, claim)
            with self._changed:
                self._call = None
                lost = ended and lock == self._lock
            if lost:
                self._on_lost(lock)
            self._rest(lock)  # before the channel is closed: that takes a while, in which nobody else can work here

    def _holder_ended(self, channel: grpc.Channel, lock: str, claim: Claim) -> bool:
        """Wait until the stream ends; returns whether it did because the holder of the lock has."""
        call = OrderExecutorStub(channel).Watch(WatchRequest(), wait_for_ready=True)
        with self._changed:
            if lock != self._lock:
                return False
            self._call = call
        opened = False
        try:
            for reply in call:
                opened = True
                self._tracker.process_event("watching", holder=reply.node_id)
                if reply.node_id != claim.holder:  # another life of it, or another process, has its address now
                    return True
        except grpc.RpcError as error:
            log.info("The watch on %s closed: %s", claim.holder, call.code())
            if opened and isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE:
                self._tracker.process_event("watch broke", holder=claim.holder)
                return True
        return False
