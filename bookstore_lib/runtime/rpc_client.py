"""Calls to other services: one cached channel each, a deadline on every call, retries only where they are safe."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

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


class TracedCall:
    """A call that goes by itself.

    Args:
        call: gRPC's own call.
        on_reply: Told the trailing metadata when the answer is taken, and whether it is a `reply` or an `error`.
        what: Names the call in errors, such as `fraud_detection.CheckFraud`.
    """

    def __init__(self, call: Any, on_reply: Callable[[Any, str], None], what: str) -> None:
        self._call, self._on_reply, self._what = call, on_reply, what

    def cancel(self) -> None:
        """Stop the call, on the server too; harmless when it is over."""
        self._call.cancel()

    def when_done(self, on_done: OnDone) -> None:
        """Have a callable told this call once that it is over."""
        self._call.add_done_callback(lambda _call: on_done(self))

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
            self._on_reply(self._call.trailing_metadata(), "error")
            raise translate(self._call.code(), self._call.details(), self._what) from error
        self._on_reply(self._call.trailing_metadata(), "reply")
        return reply


class TracingClientInterceptor(grpc.UnaryUnaryClientInterceptor):
    """Ticks and sends the clock with every request, merges the clock of every reply, errors too."""

    def __init__(self, tracker: OrderEventTracker, peer: str) -> None:
        self._tracker, self._peer = tracker, peer

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Start the call with the clock in its metadata."""
        procedure = client_call_details.method.rsplit("/", 1)[-1]
        stamp = self._tracker.send(request.order_id, procedure, self._peer)
        self._tracker.flush()
        details = _CallDetails(
            client_call_details.method,
            client_call_details.timeout,
            to_metadata(request.order_id, stamp),
            client_call_details.credentials,
            client_call_details.wait_for_ready,
            client_call_details.compression,
        )

        def on_reply(metadata: Any, kind: str) -> None:
            received = from_metadata(metadata)
            if received is not None:
                self._tracker.receive(request.order_id, f"{procedure} {kind}", received.stamp)

        return TracedCall(continuation(details, request), on_reply, f"{self._peer}.{procedure}")


class _CallDetails(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


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
        self._stub = stub(grpc.intercept_channel(self._channel, TracingClientInterceptor(tracker, name)))

    def start(self, procedure: str, request: Any, on_done: OnDone | None = None) -> Call:
        """Begin a call.

        Args:
            procedure: Such as `CheckFraud`.
            request: What is asked; it names its order in `order_id`.
            on_done: Told the call once that it is over, from a thread that must not be kept.
        """
        call: TracedCall = getattr(self._stub, procedure).future(request, timeout=self._deadline)
        if on_done is not None:
            call.when_done(on_done)
        return call

    def release(self) -> None:
        """Let what was begun leave: nothing is held back here."""

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
