"""Calls to another service on one long-lived stream; where that breaks, they go one by one until it is open again."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from bookstore_lib.core.errors import CODES, BookstoreError, CancelledError, DeadlineError
from bookstore_lib.pb import exchange_pb2
from bookstore_lib.runtime.exchange_client import Exchange
from bookstore_lib.runtime.log_context import logging_of, request_id
from bookstore_lib.runtime.rpc_client import OnDone, ServiceClient, translate
from bookstore_lib.runtime.rpc_context import Received, from_message, from_metadata, to_message, to_metadata
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls
from bookstore_lib.runtime.tracker import OrderEventTracker, Stamp


class StreamClient(ServiceClient):
    """One service as seen from another process; its calls share a stream.

    What the stream does not answer (it is not open, it breaks, the service is unavailable) is sent again as a call of
    its own, with the same stamp: it is the same message, and gRPC's retries of single calls apply. All this has one
    deadline.

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
        super().__init__(name, address, stub, tracker, deadline, tls)
        self.readers = _readers(stub)
        self.exchange = Exchange(self._channel)
        self._numbers = itertools.count(1)
        self._deadlines = _Deadlines()

    def start(self, procedure: str, request: Any, on_done: OnDone | None = None) -> "StreamCall":
        """Begin a call of `procedure`; the request names its order in `order_id`.

        Where `on_done` is told, the call leaves with the next `release`, together with others; else at once.
        """
        stamp = self.tracker.send(request.order_id, procedure, self.name)
        call = StreamCall(self, next(self._numbers), procedure, request, stamp, on_done)
        call.ends_at = time.monotonic() + self._deadline
        self._deadlines.add(call)
        call.send()
        if on_done is None:
            self.release()
        return call

    def release(self) -> None:
        """Let what was begun leave."""
        self.exchange.release()

    def close(self) -> None:
        """Close the stream and the channel."""
        self._deadlines.close()
        self.exchange.close()
        super().close()


class StreamCall:
    """A call under way.

    Args:
        client: Whose call it is.
        number: Its number on the stream.
        procedure: Such as `CheckFraud`.
        request: What is asked.
        stamp: Rides along, however often it is sent.
        on_done: Told once that it is over, from a thread that must not be kept; else `result` waits.
    """

    ends_at = 0.0

    def __init__(
        self, client: StreamClient, number: int, procedure: str, request: Any, stamp: Stamp, on_done: OnDone | None
    ) -> None:
        self._client, self._number, self._procedure = client, number, procedure
        self._request, self._stamp, self._on_done = request, stamp, on_done
        self._what = f"{client.name}.{procedure}"
        self._request_id = request_id() or ""
        self._single: Any = None
        self._over: tuple[Any, BookstoreError | None, Received | None] | None = None
        self._ended = threading.Event() if on_done is None else None
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether it is answered, cancelled, or its deadline has passed."""
        return self._over is not None

    def send(self) -> None:
        """Put it on the stream, or send it alone where there is none."""
        message = exchange_pb2.Call(
            number=self._number,
            procedure=self._procedure,
            context=to_message(self._request.order_id, self._stamp),
            request_id=self._request_id,
            request=self._request.SerializeToString(),
        )
        if not self._client.exchange.offer(message, self._answered):
            self._send_alone()

    def cancel(self) -> None:
        """Stop the call, on the server too; harmless when it is over."""
        self._give_up(CancelledError(f"{self._what} was cancelled."))

    def run_out(self) -> None:
        """Its deadline has passed."""
        self._give_up(DeadlineError(f"{self._what} did not answer in time."))

    def result(self) -> Any:
        """The reply; waits for it where nobody is told, at most until the call's deadline.

        Raises:
            CancelledError: It was cancelled from here.
            BookstoreError: What the service raised, or `UnavailableError` and `DeadlineError` where it gave no answer.
        """
        if self._ended is not None:
            self._ended.wait()  # its deadline ends it
        if self._over is None:
            raise RuntimeError(f"{self._what} is not over yet.")
        reply, error, received = self._over
        if received is not None:
            name = f"{self._procedure} {'error' if error else 'reply'}"
            self._client.tracker.receive(self._request.order_id, name, received.stamp)
        if error is not None:
            raise error
        return reply

    def _answered(self, answer: exchange_pb2.Answer | None) -> None:
        if answer is None or answer.error.code == "unavailable":
            self._send_alone()
            return
        try:
            self._finish(*self._read(answer))
        except (DecodeError, BookstoreError):
            self._finish(None, BookstoreError(f"{self._what} gave an answer that cannot be read."), None)

    def _read(self, answer: exchange_pb2.Answer) -> tuple[Any, BookstoreError | None, Received | None]:
        received = from_message(answer.context) if answer.HasField("context") else None
        if answer.HasField("error"):
            code = grpc.StatusCode[CODES.get(answer.error.code, CODES["internal"]).grpc]
            return None, translate(code, answer.error.message, self._what), received
        return self._client.readers[self._procedure](answer.reply), None, received

    def _send_alone(self) -> None:
        with self._lock:
            if self._over is not None:
                return
            with logging_of(request_id=self._request_id):
                metadata = to_metadata(self._request.order_id, self._stamp)
            left = max(self.ends_at - time.monotonic(), 0.001)
            self._client.tracker.flush()
            self._single = getattr(self._client.single, self._procedure).future(self._request, left, metadata)
        self._single.add_done_callback(self._take)

    def _take(self, single: Any) -> None:
        if single.cancelled():
            return  # by us
        received = from_metadata(single.trailing_metadata())
        if single.code() is grpc.StatusCode.OK:
            self._finish(single.result(), None, received)
        else:
            self._finish(None, translate(single.code(), single.details(), self._what), received)

    def _give_up(self, error: BookstoreError) -> None:
        if self._finish(None, error, None):
            self._client.exchange.withdraw(self._number)
            if self._single is not None:
                self._single.cancel()

    def _finish(self, reply: Any, error: BookstoreError | None, received: Received | None) -> bool:
        """Only the first end counts; says whether this is it."""
        with self._lock:
            if self._over is not None:
                return False
            self._over = reply, error, received
        if self._ended is not None:
            self._ended.set()
        if self._on_done is not None:
            self._on_done(self)
        return True


def _readers(stub: Any) -> dict[str, Callable[[bytes], Any]]:
    """What reads the reply of each procedure: the generated stub tells it to the channel that it is given."""
    readers: dict[str, Callable[[bytes], Any]] = {}

    def unary_unary(method: str, *, response_deserializer: Callable[[bytes], Any], **_others: Any) -> None:
        readers[method.rsplit("/", 1)[-1]] = response_deserializer

    stub(SimpleNamespace(unary_unary=unary_unary))
    return readers


class _Deadlines:
    """Ends the calls of one client whose time is over. All have the same time, so the oldest is the next."""

    def __init__(self) -> None:
        self._calls = deque[StreamCall]()
        self._closed = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def add(self, call: StreamCall) -> None:
        """Watch over a call."""
        with self._changed:
            while self._calls and self._calls[0].over:
                self._calls.popleft()
            if not self._calls:
                self._changed.notify()
            self._calls.append(call)

    def close(self) -> None:
        """Watch over nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                if not self._calls:
                    self._changed.wait()
                    continue
                left = self._calls[0].ends_at - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                call = self._calls.popleft()
            call.run_out()
