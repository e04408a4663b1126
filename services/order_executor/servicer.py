"""OrderExecutor over gRPC."""

from collections.abc import Callable

import grpc

from bookstore_lib.pb import order_executor_pb2, order_executor_pb2_grpc
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.redis_lease import Lease


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
