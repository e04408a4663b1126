"""Single calls on an event loop, with gRPC's own client for it: the same clocks and deadlines as `ServiceClient`."""

from collections.abc import Awaitable
from typing import Any

import grpc

from bookstore_lib.pb.fraud_detection_pb2_grpc import FraudDetectionStub
from bookstore_lib.pb.suggestions_pb2_grpc import SuggestionsStub
from bookstore_lib.pb.transaction_verification_pb2_grpc import TransactionVerificationStub
from bookstore_lib.runtime.rpc_client import translate
from bookstore_lib.runtime.rpc_context import from_metadata, to_metadata
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker


class UnaryServices:
    """The three services.

    Args:
        settings: Where they are, and how long a call may take.
        tracker: This worker's clocks.
    """

    def __init__(self, settings: Settings, tracker: OrderEventTracker) -> None:
        self._deadline, self._tracker = settings.call_deadline, tracker
        where: dict[str, tuple[str, Any]] = {
            "transaction_verification": (settings.verification_address, TransactionVerificationStub),
            "fraud_detection": (settings.fraud_address, FraudDetectionStub),
            "suggestions": (settings.suggestions_address, SuggestionsStub),
        }
        self.names = tuple(where)
        options = [("grpc.enable_http_proxy", 0)]
        self._stubs = {
            name: stub(grpc.aio.insecure_channel(address, options=options)) for name, (address, stub) in where.items()
        }

    def start(self, service: str, procedure: str, request: Any) -> Awaitable[Any]:
        """Begin a call; awaiting what is returned gives the reply, or raises `BookstoreError`."""
        stamp = self._tracker.send(request.order_id, procedure, service)
        metadata = to_metadata(request.order_id, stamp)
        call = getattr(self._stubs[service], procedure)(request, timeout=self._deadline, metadata=metadata)
        return self._reply(call, request.order_id, f"{service}.{procedure}")

    async def _reply(self, call: Any, order_id: str, what: str) -> Any:
        try:
            reply = await call
        except grpc.RpcError as error:
            raise translate(await call.code(), await call.details(), what) from error
        received = from_metadata(await call.trailing_metadata())
        if received is not None:
            self._tracker.receive(order_id, f"{what.partition('.')[2]} reply", received.stamp)
        return reply
