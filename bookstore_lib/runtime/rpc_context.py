"""What rides along with every message: clock, order id, message id and sender, as gRPC metadata."""

from collections.abc import Iterable
from contextvars import ContextVar
from sys import intern
from typing import NamedTuple

from google.protobuf.message import DecodeError

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime.log_context import request_id
from bookstore_lib.runtime.tracker import Stamp

CONTEXT_KEY = "bookstore-context-bin"
# The id of the HTTP request that the work began with; for the logs only.
REQUEST_KEY = "x-request-id"
# Far from where a count no longer fits into the message that carries it on.
_MOST_EVENTS = 2**53


class Received(NamedTuple):
    """What came along with a message: the order it is about, and the sender's stamp."""

    order_id: str
    stamp: Stamp


class ReceivedCall(NamedTuple):
    """The request that this thread is serving.

    Attributes:
        order_id: Which order it is about.
        worked: This process's clock at the last event that was work for the order, and not part of its clearing.
    """

    order_id: str
    worked: VectorClock


RECEIVED: ContextVar[ReceivedCall | None] = ContextVar("received", default=None)


def to_message(order_id: str, stamp: Stamp) -> common_pb2.Context:
    """What rides along with a message, as a message of its own."""
    message = common_pb2.Context(order_id=order_id, message_id=stamp.message_id, sender=stamp.sender)
    entries = message.clock
    for host, count in stamp.clock.items():  # half of what it costs to hand over the whole clock
        entries[host] = count
    return message


def from_message(context: common_pb2.Context) -> Received:
    """The reverse of `to_message`.

    Raises:
        InvalidOrderError: It counts more events than anybody has ever seen.
    """
    entries = context.clock
    clock = {intern(host): entries[host] for host in entries}  # thousands of clocks share a few names
    if max(clock.values(), default=0) > _MOST_EVENTS:
        raise InvalidOrderError("What came along with this message counts too many events.")
    return Received(context.order_id, Stamp(context.sender, context.message_id, VectorClock(clock)))


def to_bytes(order_id: str, stamp: Stamp) -> bytes:
    """What rides along with a message, as bytes."""
    return to_message(order_id, stamp).SerializeToString()


def from_bytes(data: bytes) -> Received:
    """The reverse of `to_bytes`.

    Raises:
        InvalidOrderError: These are no such bytes, or count more events than anybody has ever seen.
    """
    try:
        return from_message(common_pb2.Context.FromString(data))
    except DecodeError as error:
        raise InvalidOrderError("What came along with this message cannot be read.") from error


def to_metadata(order_id: str, stamp: Stamp) -> tuple[tuple[str, str | bytes], ...]:
    """The stamp of a message, and the request that this work is about, as gRPC metadata."""
    request = request_id()
    about = ((REQUEST_KEY, request),) if request else ()
    return ((CONTEXT_KEY, to_bytes(order_id, stamp)), *about)


def from_metadata(metadata: Iterable[tuple[str, str | bytes]] | None) -> Received | None:
    """What came along with a message; `None` when it carries nothing (a health check, a stranger)."""
    for key, value in metadata or ():
        if key == CONTEXT_KEY and isinstance(value, bytes):
            return from_bytes(value)
    return None


def request_of(metadata: Iterable[tuple[str, str | bytes]] | None) -> str:
    """The request that a message's work began with; empty when it does not say."""
    return next((str(value) for key, value in metadata or () if key == REQUEST_KEY), "")
