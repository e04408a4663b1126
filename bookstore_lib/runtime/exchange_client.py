"""The caller's side of a stream of calls: whatever is ready when the last message has left goes into the next one."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from bookstore_lib.pb import exchange_pb2
from bookstore_lib.pb.exchange_pb2_grpc import ExchangeStub

log = logging.getLogger(__name__)

# Of one message; gRPC is told to take four times as much.
_MESSAGE_BYTES = 16 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0

Answered = Callable[[exchange_pb2.Answer | None], None]


class Exchange:
    """A stream to one server, opened again whenever it breaks.

    Args:
        channel: To the server.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = ExchangeStub(channel)
        self._life: _Life | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_open, name="exchange", daemon=True)
        self._thread.start()

    def offer(self, call: exchange_pb2.Call, answered: Answered) -> bool:
        """Send a call with the next `release`, if the stream is open.

        Args:
            call: Its number has to be unique.
            answered: Told the answer once, or `None` when the stream broke before there was one.

        Returns:
            Whether the stream took it; else `answered` is told nothing.
        """
        life = self._life
        return life is not None and life.offer(call, answered)

    def release(self) -> None:
        """Let what was offered leave."""
        life = self._life
        if life is not None:
            life.release()

    def withdraw(self, number: int) -> None:
        """Nobody waits for this call any more; its `answered` is told nothing."""
        life = self._life
        if life is not None:
            life.withdraw(number)

    @property
    def open(self) -> bool:
        """Whether calls reach the server by this stream."""
        return self._life is not None

    def close(self) -> None:
        """End the stream for good."""
        self._closed.set()
        life = self._life
        if life is not None:
            life.end()

    def _keep_open(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            life = _Life()
            try:
                stream = self._stub.Exchange(life.messages())
                life.cancel_with(stream)
                stream.initial_metadata()  # waits until the server serves it
                self._life, pause = life, _FIRST_PAUSE
                if self._closed.is_set():
                    life.end()
                life.read(stream)
            except grpc.RpcError as error:
                if not self._closed.is_set():
                    why = error.code().name if isinstance(error, grpc.Call) else error
                    log.info("A stream of calls is over (%s)", why)
            finally:
                self._life = None
                life.end()
            self._closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


class _Life:
    """One stream, from its opening to its end."""

    def __init__(self) -> None:
        self._offered: list[exchange_pb2.Call] = []
        self._leaving: list[exchange_pb2.Call] = []
        self._withdrawn: list[int] = []
        self._answered: dict[int, Answered] = {}
        self._ended = False
        self._changed = threading.Condition()
        self._stream: Any = None

    def cancel_with(self, stream: Any) -> None:
        self._stream = stream

    def offer(self, call: exchange_pb2.Call, answered: Answered) -> bool:
        with self._changed:
            if not self._ended:
                self._answered[call.number] = answered
                self._offered.append(call)
            return not self._ended

    def release(self) -> None:
        if self._offered:
            with self._changed:
                self._leaving += self._offered
                self._offered = []
                self._changed.notify()

    def withdraw(self, number: int) -> None:
        with self._changed:
            if self._answered.pop(number, None) is None:
                return
            for waiting in (self._offered, self._leaving):
                for call in waiting:
                    if call.number == number:
                        waiting.remove(call)
                        return
            self._withdrawn.append(number)  # it has left already
            self._changed.notify()

    def messages(self) -> Iterator[exchange_pb2.Calls]:
        """What is to be sent; gRPC asks for the next one when the last one has left."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._leaving or self._withdrawn or self._ended)
                if self._ended:
                    return
                calls, self._leaving = self._leaving, []
                withdrawn, self._withdrawn = self._withdrawn, []
            yield from _messages(calls, withdrawn)

    def read(self, stream: Any) -> None:
        for message in stream:
            for answer in message.answers:
                with self._changed:
                    answered = self._answered.pop(answer.number, None)
                if answered is not None:
                    answered(answer)

    def end(self) -> None:
        with self._changed:
            self._ended = True
            orphans, self._answered = self._answered, {}
            self._changed.notify()
        if self._stream is not None:
            self._stream.cancel()
        for answered in orphans.values():
            answered(None)


def _messages(calls: list[exchange_pb2.Call], withdrawn: list[int]) -> Iterator[exchange_pb2.Calls]:
    """Messages that carry all this, none of them too large."""
    message, size = exchange_pb2.Calls(cancelled=withdrawn), 0
    for call in calls:
        if size >= _MESSAGE_BYTES:
            yield message
            message, size = exchange_pb2.Calls(), 0
        message.calls.append(call)
        size += call.ByteSize()
    yield message
