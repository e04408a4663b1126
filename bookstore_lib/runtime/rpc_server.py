"""A gRPC server as all services use it: clocks, errors and health in one place."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from bookstore_lib.core.errors import CODES, BookstoreError, InvalidOrderError, SetupError
from bookstore_lib.runtime.log_context import begin_log_context
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.rpc_context import RECEIVED, Received, ReceivedCall, from_metadata, request_of, to_metadata
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls
from bookstore_lib.runtime.rpc_trouble import TROUBLE, RpcTrouble
from bookstore_lib.runtime.tracker import OrderEventTracker

log = logging.getLogger(__name__)

MESSAGE_BYTES = 64 * 1024
_THREADS = 16
_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # Two processes on one port would each get half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
)


def create_server(
    listen: str,
    tracker: OrderEventTracker,
    register: Sequence[Callable[[grpc.Server], None]],
    trouble: RpcTrouble = TROUBLE,
    tls: Tls = PLAIN,
) -> tuple[grpc.Server, int]:
    """Make a server with the standard health service; it is not started yet.

    Args:
        listen: `host:port`; port 0 picks a free one.
        tracker: Records what comes in and what goes out.
        register: Functions that add a servicer each.
        trouble: What the server suffers.
        tls: Its certificate, and whose clients it serves.

    Returns:
        The server and the port it will listen on.

    Raises:
        SetupError: The port is in use or not ours to use, or the certificate cannot be used.
    """
    interceptor = TracingServerInterceptor(tracker, trouble)
    server = grpc.server(ThreadPoolExecutor(_THREADS, "rpc"), interceptors=[interceptor], options=_OPTIONS)
    for add in register:
        add(server)
    checks = health.HealthServicer()
    checks.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    credentials = tls.server()
    try:
        port = server.add_secure_port(listen, credentials) if credentials else server.add_insecure_port(listen)
    except RuntimeError as error:
        raise SetupError(
            f"Nothing can listen on {listen}: the port is in use or not allowed. Choose another."
        ) from error
    return server, port


class TracingServerInterceptor(grpc.ServerInterceptor):
    """Merges the clock of every request, ticks, and sends the clock back with every reply, errors too."""

    def __init__(self, tracker: OrderEventTracker, trouble: RpcTrouble) -> None:
        self._tracker, self._trouble = tracker, trouble

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "grpc.RpcMethodHandler[Any, Any] | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Wrap the handler; a call that carries no context (a health check, a status) is served without clocks."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        serve = _reading(handler)
        try:
            received = from_metadata(handler_call_details.invocation_metadata)
        except InvalidOrderError as error:
            return _refuse_with(error)
        procedure = str(handler_call_details.method).rsplit("/", 1)[-1]
        request_id = request_of(handler_call_details.invocation_metadata)

        def wrapped(request: Any, context: grpc.ServicerContext) -> Any:
            if received is None:
                RECEIVED.set(None)  # this thread may have served another call before
                begin_log_context()
                return self._attempt(serve, request, context, procedure, lambda _kind: None)
            begin_log_context(order_id=received.order_id, request_id=request_id)
            return self._serve(serve, request, context, received, procedure)

        return grpc.unary_unary_rpc_method_handler(wrapped, None, handler.response_serializer)

    def _serve(
        self,
        serve: Callable[[Any, grpc.ServicerContext], Any],
        request: Any,
        context: grpc.ServicerContext,
        received: Received,
        procedure: str,
    ) -> Any:
        self._trouble.before(procedure, context)
        if not context.is_active():
            context.abort(grpc.StatusCode.CANCELLED, "The caller has gone.")  # it must not open a session any more
        order_id, stamp = received
        self._tracker.receive(order_id, procedure, stamp)
        self._note_work(order_id, procedure)
        RECEIVED.set(ReceivedCall(order_id, self._tracker.worked(order_id)))

        def answer(kind: str) -> None:
            self._answer(context, order_id, f"{procedure} {kind}", stamp.sender)
            self._note_work(order_id, procedure)

        reply = self._attempt(serve, request, context, procedure, answer)
        self._trouble.after(procedure, context)
        return reply

    def _attempt(
        self,
        serve: Callable[[Any, grpc.ServicerContext], Any],
        request: Any,
        context: grpc.ServicerContext,
        procedure: str,
        answer: Callable[[str], None],
    ) -> Any:
        try:
            reply = serve(request, context)
        except BookstoreError as error:
            audit(procedure, error.code)
            answer("error")
            _abort(context, type(error).code, str(error))
        except Exception:
            log.exception("%s failed", procedure)
            answer("error")
            _abort(context, "internal", f"{procedure} failed inside {self._tracker.process}; its log says why.")
        answer("reply")
        audit(procedure, _outcome_of(reply))
        return reply

    def _note_work(self, order_id: str, procedure: str) -> None:
        if procedure != "ClearOrder":
            self._tracker.note_work(order_id)

    def _answer(self, context: grpc.ServicerContext, order_id: str, name: str, peer: str) -> None:
        if context.is_active():
            context.set_trailing_metadata(to_metadata(order_id, self._tracker.send(order_id, name, peer)))
        else:
            self._tracker.local(order_id, f"{name} dropped, the caller has gone")


def _abort(context: grpc.ServicerContext, code: str, message: str) -> NoReturn:
    context.abort(grpc.StatusCode[CODES.get(code, CODES["internal"]).grpc], message)


def _reading(handler: "grpc.RpcMethodHandler[Any, Any]") -> Callable[[bytes, grpc.ServicerContext], Any]:
    """What serves a request in bytes: bytes that are no request are the caller's mistake, which gRPC calls ours."""
    read, serve = handler.request_deserializer, handler.unary_unary

    def wrapped(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            request = read(data) if read else data
        except DecodeError as error:
            raise InvalidOrderError("These bytes are no such request.") from error
        return serve(request, context) if serve else None

    return wrapped


def _refuse_with(error: BookstoreError) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(lambda _request, context: _abort(context, "invalid_order", str(error)))


def _outcome_of(reply: Any) -> str:
    for field, yes, no in (("passed", "passed", "rejected"), ("cleared", "cleared", "refused")):
        if hasattr(reply, field):
            return yes if getattr(reply, field) else no
    return "done"
