"""What every log line of this thread's present work shall name: the request and the order it is about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_FIELDS: ContextVar[Mapping[str, str]] = ContextVar("log fields", default=MappingProxyType({}))


def log_fields() -> Mapping[str, str]:
    """The fields by name, such as `request_id` and `order_id`; empty ones are left out."""
    return _FIELDS.get()


def request_id() -> str | None:
    """The id of the HTTP request that this work began with, if it did."""
    return _FIELDS.get().get("request_id")


def begin_log_context(**fields: str) -> None:
    """This thread begins new work; what was named before is forgotten."""
    _FIELDS.set({name: value for name, value in fields.items() if value})


@contextmanager
def logging_of(**fields: str) -> Iterator[None]:
    """Name these fields too, for the time of the block."""
    token = _FIELDS.set({**_FIELDS.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _FIELDS.reset(token)
