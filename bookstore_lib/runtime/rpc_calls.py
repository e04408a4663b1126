"""Serving a call about an order, whichever way it came: clocks, troubles, errors and audit in one place."""

import logging
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from bookstore_lib.core.errors import BookstoreError, CancelledError, InvalidOrderError, UnavailableError
from bookstore_lib.runtime.log_context import begin_log_context
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.rpc_context import RECEIVED, Received, ReceivedCall
from bookstore_lib.runtime.rpc_trouble import Caller, RpcTrouble
from bookstore_lib.runtime.tracker import OrderEventTracker, Stamp

log = logging.getLogger(__name__)


class Call(NamedTuple):
    """A call that has come.

    Attributes:
        procedure: Such as `CheckFraud`.
        received: What came along with it; `None` for a call that is about no order.
        request_id: The HTTP request that the work began with; may be empty.
        request: The request's bytes.
    """

    procedure: str
    received: Received | None
    request_id: str
    request: bytes


class Served(NamedTuple):
    """How a call ended.

    Attributes:
        reply: What was answered, where nothing went wrong.
        error: What went wrong, else `None`.
        stamp: Rides along with the answer; `None` where the caller is told no clock.
    """

    reply: Any = None
    error: BookstoreError | None = None
    stamp: Stamp | None = None


class CallServer:
    """Serves the calls of one process. Thread-safe.

    Args:
        tracker: Records what comes in and what goes out.
        trouble: What the process suffers.
    """

    def __init__(self, tracker: OrderEventTracker, trouble: RpcTrouble) -> None:
        self._tracker, self._trouble = tracker, trouble

    @property
    def troubled(self) -> bool:
        """Whether a call may be slow for no reason of its own."""
        return self._trouble.any

    def together(self) -> AbstractContextManager[None]:
        """Calls served in the block may be traced at its end: their answers must not leave before that."""
        return self._tracker.together()

    def serve(self, call: Call, handler: Any, caller: Caller) -> Served:
        """Serve a call.

        Args:
            call: What has come.
            handler: gRPC's handler of the procedure, which knows how to read the request and what to do.
            caller: Who waits for the answer.
        """
        if call.received is None:
            RECEIVED.set(None)  # this thread may have served another call before
            begin_log_context()
            return self._attempt(call, handler, caller)
        order_id, stamp = call.received
        begin_log_context(order_id=order_id, request_id=call.request_id)
        try:
            self._trouble.before(call.procedure, caller)
        except UnavailableError as error:
            return Served(error=error)
        if not caller.is_active():
            return Served(error=CancelledError("The caller has gone."))  # it must not open a session any more
        return self._serve(call, order_id, stamp, handler, caller)

    def _serve(self, call: Call, order_id: str, stamp: Stamp, handler: Any, caller: Caller) -> Served:
        work = call.procedure != "ClearOrder"
        self._tracker.receive(order_id, call.procedure, stamp, work=work)
        RECEIVED.set(ReceivedCall(order_id, self._tracker.worked(order_id)))
        served = self._attempt(call, handler, caller)
        audit(call.procedure, _outcome_of(served))
        name = f"{call.procedure} {'error' if served.error else 'reply'}"
        if not caller.is_active():
            self._tracker.local(order_id, f"{name} dropped, the caller has gone")
            return served
        answer = self._tracker.send(order_id, name, stamp.sender, work=work)
        if served.error is None and self._trouble.loses_reply(call.procedure):
            return Served(error=UnavailableError("It was told to lose the reply."))
        return served._replace(stamp=answer)

    def _attempt(self, call: Call, handler: Any, caller: Caller) -> Served:
        try:
            reply = handler.unary_unary(_read(handler, call.request), caller)
        except BookstoreError as error:
            return Served(error=error)
        except Exception:
            log.exception("%s failed", call.procedure)
            sentence = f"{call.procedure} failed inside {self._tracker.process}; its log says why."
            return Served(error=BookstoreError(sentence))
        return Served(reply)


def _read(handler: Any, request: bytes) -> Any:
    """Bytes that are no request are the caller's mistake, which gRPC calls ours."""
    try:
        return handler.request_deserializer(request)
    except DecodeError as error:
        raise InvalidOrderError("These bytes are no such request.") from error


def _outcome_of(served: Served) -> str:
    if served.error is not None:
        return served.error.code
    for field, yes, no in (("passed", "passed", "rejected"), ("cleared", "cleared", "refused")):
        if hasattr(served.reply, field):
            return yes if getattr(served.reply, field) else no
    return "done"
