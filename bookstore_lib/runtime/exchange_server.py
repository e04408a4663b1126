"""The server's side of a stream of calls: many orders' calls in one message, answers as they are ready."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from queue import Empty, SimpleQueue
from typing import Any

import grpc

from bookstore_lib.core.errors import BookstoreError, InvalidOrderError
from bookstore_lib.pb import exchange_pb2, exchange_pb2_grpc
from bookstore_lib.runtime.rpc_calls import Call, CallServer, Served
from bookstore_lib.runtime.rpc_context import from_message, to_message

# At which a group of answers is full; two groups and two answers more fit into what gRPC is told to take.
GROUP_BYTES = 24 * 1024
# Calls of one stream under way; a caller that sends more is read no further until some have ended.
_MOST = 4_096

Answers = list[exchange_pb2.Answer]


class ExchangeServicer(exchange_pb2_grpc.ExchangeServicer):
    """Serves the procedures of the other servicers of its server on streams.

    Args:
        calls: Serves each call.
        handlers: gRPC's handlers by procedure.
        threads: Serve the calls.
    """

    def __init__(self, calls: CallServer, handlers: Mapping[str, Any], threads: ThreadPoolExecutor) -> None:
        self._calls, self._handlers, self._threads = calls, handlers, threads
        self._streams: set[_Stream] = set()
        self._lock = threading.Lock()
        self._closed = False

    def Exchange(  # noqa: N802 - gRPC names it
        self, requests: Iterator[exchange_pb2.Calls], context: grpc.ServicerContext
    ) -> Iterator[exchange_pb2.Answers]:
        """Serve a stream until its caller or this server ends it."""
        stream = _Stream(self._serve, self._threads, lambda: self._calls.troubled, self._calls.together)
        with self._lock:
            self._streams.add(stream)
            if self._closed:
                stream.end()
        context.send_initial_metadata(())  # the caller waits for it: from now on calls reach somebody
        reader = threading.Thread(target=stream.read, args=[requests], name="exchange reader", daemon=True)
        reader.start()
        try:
            yield from stream.answers()
        finally:
            stream.end()
            with self._lock:
                self._streams.discard(stream)

    def close(self) -> None:
        """End all streams, and take no more."""
        with self._lock:
            self._closed = True
            for stream in self._streams:
                stream.end()

    def _serve(self, call: exchange_pb2.Call, caller: "_Caller") -> Served:
        handler = self._handlers.get(call.procedure)
        try:
            if handler is None:
                raise InvalidOrderError(f"There is no procedure {call.procedure!r} here.")
            received = from_message(call.context)
        except BookstoreError as error:
            return Served(error=error)
        return self._calls.serve(Call(call.procedure, received, call.request_id, call.request), handler, caller)


class _Stream:
    """One caller's stream."""

    def __init__(
        self,
        serve: Callable[[exchange_pb2.Call, "_Caller"], Served],
        threads: ThreadPoolExecutor,
        one_by_one: Callable[[], bool],
        together: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._serve, self._threads, self._one_by_one, self._together = serve, threads, one_by_one, together
        self._ready = SimpleQueue[Answers | None]()
        self._callers: dict[int, _Caller] = {}
        self._room = threading.Semaphore(_MOST)
        self._ended = threading.Event()

    def read(self, requests: Iterable[exchange_pb2.Calls]) -> None:
        """Take calls and have them served, until the stream ends."""
        try:
            for message in requests:
                for number in message.cancelled:
                    self._cancel(number)
                self._begin(message.calls)
        except grpc.RpcError:
            pass  # the caller has gone
        finally:
            self.end()

    def answers(self) -> Iterator[exchange_pb2.Answers]:
        """What is ready, as much as fits into each message; ends with the stream."""
        while (group := self._ready.get()) is not None:
            yield exchange_pb2.Answers(answers=self._with_more(group))

    def end(self) -> None:
        """Serve nothing more; whoever still works is told that nobody waits."""
        if not self._ended.is_set():
            self._ended.set()
            self._room.release(_MOST)
            self._ready.put(None)
        for number in list(self._callers):
            self._cancel(number)

    def _begin(self, calls: Iterable[exchange_pb2.Call]) -> None:
        begun = []
        for call in calls:
            self._room.acquire()
            caller = self._callers[call.number] = _Caller()
            begun.append((call, caller))
        # Where one may be slow, each gets a thread of its own; else one thread for all is cheaper by far.
        groups = [[each] for each in begun] if self._one_by_one() else [begun]
        for group in filter(None, groups):
            with suppress(RuntimeError):  # the threads have ended: the server stops
                self._threads.submit(self._serve_all, group)

    def _serve_all(self, calls: Sequence[tuple[exchange_pb2.Call, "_Caller"]]) -> None:
        groups: list[Answers] = [[]]
        size = 0
        with self._together():
            for call, caller in calls:
                served = self._serve(call, caller)
                if caller.is_active():
                    groups[-1].append(_answer(call, served))
                    size += groups[-1][-1].ByteSize()
                self._callers.pop(call.number, None)
                if size >= GROUP_BYTES:
                    groups.append([])
                    size = 0
        for group in groups:
            self._ready.put(group)
        self._room.release(len(calls))

    def _cancel(self, number: int) -> None:
        caller = self._callers.get(number)
        if caller is not None:
            caller.go()

    def _with_more(self, answers: Answers) -> Answers:
        size = sum(answer.ByteSize() for answer in answers)
        while size < GROUP_BYTES:
            try:
                more = self._ready.get_nowait()
            except Empty:
                break
            if more is None:
                self._ready.put(None)
                break
            answers = answers + more
            size += sum(answer.ByteSize() for answer in more)
        return answers


class _Caller:
    """Whoever waits for one call's answer."""

    def __init__(self) -> None:
        self._gone = False
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def is_active(self) -> bool:
        return not self._gone

    def add_callback(self, callback: Callable[[], None]) -> bool:
        with self._lock:
            if not self._gone:
                self._callbacks.append(callback)
            return not self._gone

    def go(self) -> None:
        with self._lock:
            self._gone, callbacks = True, self._callbacks
            self._callbacks = []
        for callback in callbacks:
            callback()


def _answer(call: exchange_pb2.Call, served: Served) -> exchange_pb2.Answer:
    context = None if served.stamp is None else to_message(call.context.order_id, served.stamp)
    if served.error is None:
        return exchange_pb2.Answer(number=call.number, context=context, reply=served.reply.SerializeToString())
    error = exchange_pb2.Error(code=served.error.code, message=str(served.error))
    return exchange_pb2.Answer(number=call.number, context=context, error=error)
