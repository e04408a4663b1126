"""A gRPC server as all services use it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from bookstore_lib.core.errors import CODES, BookstoreError, InvalidOrderError, SetupError
from bookstore_lib.pb.exchange_pb2_grpc import add_ExchangeServicer_to_server
from bookstore_lib.runtime.exchange_server import ExchangeServicer
from bookstore_lib.runtime.rpc_calls import Call, CallServer
from bookstore_lib.runtime.rpc_context import from_metadata, request_of, to_metadata
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls
from bookstore_lib.runtime.rpc_trouble import TROUBLE, RpcTrouble
from bookstore_lib.runtime.tracker import OrderEventTracker

MESSAGE_BYTES = 64 * 1024
_THREADS = 16
_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # Two processes on one port would each get half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
)


class RpcServer:
    """A gRPC server with the standard health service, which serves calls one by one and on streams.

    Args:
        listen: `host:port`; port 0 picks a free one.
        tracker: Records what comes in and what goes out.
        register: Functions that add a servicer each.
        trouble: What the server suffers.
        tls: Its certificate, and whose clients it serves.

    Attributes:
        port: Where it listens.

    Raises:
        SetupError: The port is in use or not ours to use, or the certificate cannot be used.
    """

    def __init__(
        self,
        listen: str,
        tracker: OrderEventTracker,
        register: Sequence[Callable[[grpc.Server], None]],
        trouble: RpcTrouble = TROUBLE,
        tls: Tls = PLAIN,
    ) -> None:
        calls = CallServer(tracker, trouble)
        self._threads, self._stream_threads = (ThreadPoolExecutor(_THREADS, name) for name in ("rpc", "exchange"))
        self._server = grpc.server(self._threads, interceptors=[TracingServerInterceptor(calls)], options=_OPTIONS)
        procedures = _Procedures(self._server)
        for add in register:
            add(procedures)  # type: ignore[arg-type]  # as far as generated code asks of a server
        self._exchange = ExchangeServicer(calls, procedures.handlers, self._stream_threads)
        add_ExchangeServicer_to_server(self._exchange, self._server)
        checks = health.HealthServicer()
        checks.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(checks, self._server)
        credentials, server = tls.server(), self._server
        try:
            self.port = server.add_secure_port(listen, credentials) if credentials else server.add_insecure_port(listen)
        except RuntimeError as error:
            raise SetupError(
                f"Nothing can listen on {listen}: the port is in use or not allowed. Choose another."
            ) from error

    def start(self) -> None:
        """Serve."""
        self._server.start()

    def stop(self, grace: float) -> None:
        """End the streams, give calls under way `grace` seconds, and wait for the handlers."""
        self._exchange.close()
        self._server.stop(grace).wait()
        self._threads.shutdown()
        self._stream_threads.shutdown()


class _Procedures:
    """Stands for the server where servicers are added to it, and keeps the handlers of their calls by procedure.

    Args:
        server: Gets them too.
    """

    def __init__(self, server: grpc.Server) -> None:
        self._server = server
        self.handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self.handlers |= {name: handler for name, handler in handlers.items() if handler.unary_unary is not None}
        self._server.add_registered_method_handlers(service, handlers)


class TracingServerInterceptor(grpc.ServerInterceptor):
    """Serves the calls that come one by one; the clock rides in their metadata, and in that of their answers.

    Args:
        calls: Serves them.
    """

    def __init__(self, calls: CallServer) -> None:
        self._calls = calls

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "grpc.RpcMethodHandler[Any, Any] | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Wrap the handler; a call that carries no context (a health check, a status) is served without clocks."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        try:
            received = from_metadata(handler_call_details.invocation_metadata)
        except InvalidOrderError as error:
            return _refuse_with(error)
        procedure = str(handler_call_details.method).rsplit("/", 1)[-1]
        request_id = request_of(handler_call_details.invocation_metadata)

        def wrapped(request: bytes, context: grpc.ServicerContext) -> Any:
            with self._calls.together():
                served = self._calls.serve(Call(procedure, received, request_id, request), handler, context)
            if received is not None and served.stamp is not None:
                context.set_trailing_metadata(to_metadata(received.order_id, served.stamp))
            if served.error is not None:
                _abort(context, served.error)
            return served.reply

        return grpc.unary_unary_rpc_method_handler(wrapped, None, handler.response_serializer)


def _abort(context: grpc.ServicerContext, error: BookstoreError) -> NoReturn:
    context.abort(grpc.StatusCode[CODES.get(error.code, CODES["internal"]).grpc], str(error))


def _refuse_with(error: BookstoreError) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(lambda _request, context: _abort(context, error))
