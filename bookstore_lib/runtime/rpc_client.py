"""Calls to other services: one cached channel each, a deadline on every call, retries only where they are safe."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bookstore_lib.core.errors import CODES, BookstoreError, CancelledError, DeadlineError, UnavailableError
from bookstore_lib.runtime.rpc_context import from_metadata, to_metadata
from bookstore_lib.runtime.rpc_server import MESSAGE_BYTES
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls
from bookstore_lib.runtime.tracker import OrderEventTracker

# All procedures of the services may be repeated, so gRPC itself retries them; the call's deadline bounds it all.
_RETRIES = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                # A server that is told to end cancels what reaches it just then; what the caller cancels stays so.
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ]
}
_OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRIES)),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    # A restarted service is found again within a call's deadline, not after gRPC's usual two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # Services on this machine are not behind a proxy, whatever the environment says of the web.
    ("grpc.enable_http_proxy", 0),
)
OnDone = Callable[[Any], None]
_ERRORS = {code.grpc: code.error for code in reversed(CODES.values())}


class Call(Protocol):
    """A call under way, however it goes."""

    def cancel(self) -> None:
        """Stop the call, on the server too; harmless when it is over."""

    def result(self) -> Any:
        """Wait for the reply, at most until the call's deadline.

        Raises:
            CancelledError: It was cancelled from here.
            BookstoreError: What the service raised, or `UnavailableError` and `DeadlineError` where it gave no answer.
        """


class SingleCall:
    """A call that goes by itself; the clock rides in its metadata, and in that of its answer, errors too.

    Args:
        begin: Begins it, given the request and the metadata; returns gRPC's own call.
        peer: Whom it goes to.
        procedure: Such as `CheckFraud`.
        request: What is asked; it names its order in `order_id`.
        tracker: Ticks when it is made, and when its answer is taken.
        on_done: Told once that it is over, from a thread that must not be kept.
    """

    def __init__(
        self,
        begin: Callable[[Any, Any], Any],
        peer: str,
        procedure: str,
        request: Any,
        tracker: OrderEventTracker,
        on_done: OnDone | None = None,
    ) -> None:
        self._begin, self._what, self._procedure = begin, f"{peer}.{procedure}", procedure
        self._request, self._tracker, self._on_done = request, tracker, on_done
        # As metadata now, for only this thread knows whose HTTP request it is about.
        self._metadata = to_metadata(request.order_id, tracker.send(request.order_id, procedure, peer))
        self._call: Any = None
        self._cancelled = False

    def leave(self) -> None:
        """Begin; what is traced so far must be written before."""
        self._call = self._begin(self._request, self._metadata)
        if self._on_done is not None:
            on_done = self._on_done
            self._call.add_done_callback(lambda _call: on_done(self))
        if self._cancelled:
            self._call.cancel()

    def cancel(self) -> None:
        """Stop the call, on the server too; harmless when it is over."""
        self._cancelled = True
        if self._call is not None:
            self._call.cancel()

    def result(self) -> Any:
        """Wait for the reply, at most until the call's deadline.

        Raises:
            CancelledError: It was cancelled from here.
            BookstoreError: What the service raised, or `UnavailableError` and `DeadlineError` where it gave no answer.
        """
        try:
            reply = self._call.result()
        except grpc.FutureCancelledError as error:
            raise CancelledError(f"{self._what} was cancelled.") from error
        except grpc.RpcError as error:
            self._receive("error")
            raise translate(self._call.code(), self._call.details(), self._what) from error
        self._receive("reply")
        return reply

    def _receive(self, kind: str) -> None:
        received = from_metadata(self._call.trailing_metadata())
        if received is not None:
            self._tracker.receive(self._request.order_id, f"{self._procedure} {kind}", received.stamp)


class ServiceClient:
    """One service as seen from another process.

    Args:
        name: The service's name in clocks, such as `fraud_detection`.
        address: `host:port`.
        stub: The generated stub class.
        tracker: Records what goes out and comes back.
        deadline: Seconds that a call may take, its retries included.
        tls: Its own certificate, and whose servers it trusts.

    Raises:
        SetupError: The certificate cannot be used.
    """

    def __init__(
        self, name: str, address: str, stub: Any, tracker: OrderEventTracker, deadline: float, tls: Tls = PLAIN
    ) -> None:
        self.name = name
        self._deadline = deadline
        self._channel = open_channel(address, tls)
        self.tracker, self.single = tracker, stub(self._channel)
        self._held: list[SingleCall] = []

    def start(self, procedure: str, request: Any, on_done: OnDone | None = None) -> Call:
        """Begin a call.

        Args:
            procedure: Such as `CheckFraud`.
            request: What is asked; it names its order in `order_id`.
            on_done: Told the call once that it is over, from a thread that must not be kept. Where it is told, the
                call leaves with the next `release`, together with others; else at once.
        """
        call = SingleCall(partial(self._begin, procedure), self.name, procedure, request, self.tracker, on_done)
        if on_done is None:
            self._leave([call])
        else:
            self._held.append(call)
        return call

    def release(self) -> None:
        """Let what was begun leave."""
        held, self._held = self._held, []
        if held:
            self._leave(held)

    def _leave(self, calls: Sequence[SingleCall]) -> None:
        self.tracker.flush()
        for call in calls:
            call.leave()

    def _begin(self, procedure: str, request: Any, metadata: Any) -> Any:
        return getattr(self.single, procedure).future(request, self._deadline, metadata)

    def healthy(self, timeout: float) -> bool:
        """Whether the standard health check says SERVING within `timeout` seconds."""
        return is_serving(self._channel, timeout)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def open_channel(address: str, tls: Tls, *, quiet: bool = False) -> grpc.Channel:
    """A channel to `host:port`, as all calls here use it; raises `SetupError` when the certificate cannot be used.

    A quiet one sends nothing by itself: it has no keep-alive that could declare a slow peer dead.
    """
    options = [(name, value) for name, value in _OPTIONS if not (quiet and name.startswith("grpc.keepalive"))]
    credentials = tls.client()
    if credentials is None:
        return grpc.insecure_channel(address, options=options)
    return grpc.secure_channel(address, credentials, options=options)


def is_serving(channel: grpc.Channel, timeout: float) -> bool:
    """Whether the server behind `channel` answers SERVING to the standard health check within `timeout` seconds."""
    try:
        stub = health_pb2_grpc.HealthStub(channel)
        reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout)  # type: ignore[attr-defined]  # missing in the type stubs
    except grpc.RpcError:
        return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def translate(code: grpc.StatusCode, details: str | None, what: str) -> BookstoreError:
    """The error that a status stands for here.

    Args:
        code: As it came back.
        details: The callee's own sentence.
        what: Names the call, such as `fraud_detection.CheckFraud`.
    """
    if code is grpc.StatusCode.UNAVAILABLE:
        return UnavailableError(f"{what} could not be reached.")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineError(f"{what} did not answer in time.")
    return _ERRORS.get(code.name, BookstoreError)(details or f"{what} failed.")
