"""OrderExecutor over gRPC."""

import threading
from collections.abc import Callable

import grpc

from bookstore_lib.pb import order_executor_pb2, order_executor_pb2_grpc
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.redis_lease import Lease

# Sends a reply on a stream; `None` ends the stream in order.
_Send = Callable[[order_executor_pb2.WatchReply | None], None]


class OrderExecutor(order_executor_pb2_grpc.OrderExecutorServicer):
    """Says who leads, and hands over leadership when asked.

    Args:
        node_id: This executor's name.
        election: This executor's part in the election.
        lease: The lock.
        drain: Finishes what is in flight and leaves the election.
    """

    def __init__(self, node_id: str, election: Election, lease: Lease, drain: Callable[[], None]) -> None:
        self._node_id, self._election, self._lease, self._drain = node_id, election, lease, drain
        self._watchers: set[_Send] | None = set()  # None: they are told that it is over
        self._changed = threading.Lock()

    def GetStatus(
        self, request: order_executor_pb2.StatusRequest, context: grpc.ServicerContext
    ) -> order_executor_pb2.StatusReply:
        """Who leads."""
        epoch = self._election.epoch
        return order_executor_pb2.StatusReply(
            node_id=self._node_id,
            is_leader=epoch is not None,
            current_leader=self._lease.holder() or "",
            epoch=epoch or 0,
        )

    def Drain(
        self, request: order_executor_pb2.DrainRequest, context: grpc.ServicerContext
    ) -> order_executor_pb2.DrainReply:
        """Finish what is in flight and hand over."""
        self._drain()
        return order_executor_pb2.DrainReply()

    def Watch(  # type: ignore[override]  # replies go through the callback, at any time
        self, request: order_executor_pb2.WatchRequest, context: grpc.ServicerContext, send_response_callback: _Send
    ) -> None:
        """Say who this is, and keep the stream open until this process hands over or dies."""
        send_response_callback(order_executor_pb2.WatchReply(node_id=self._node_id))
        with self._changed:
            if self._watchers is None:
                send_response_callback(None)
                return
            self._watchers.add(send_response_callback)
        if not context.add_callback(lambda: self._forget(send_response_callback)):
            self._forget(send_response_callback)

    # As in gRPC's own health service: a stream that waits takes no thread.
    Watch.experimental_non_blocking = True  # type: ignore[attr-defined]  # read by gRPC's server

    def end_watches(self) -> None:
        """Tell all who watch that this process ends in order, and that nobody has to take over from it."""
        with self._changed:
            watchers, self._watchers = self._watchers or set(), None
        for send in watchers:
            send(None)

    def _forget(self, watcher: _Send) -> None:
        with self._changed:
            if self._watchers is not None:
                self._watchers.discard(watcher)
