"""The one tree of errors, and the one table that says what each is over gRPC and over HTTP.

A rejection (bad card, fraud) is a reply, not an error. Messages are one sentence that says what to do; they never
carry card data.
"""

from typing import NamedTuple


class BookstoreError(Exception):
    """Anything this project raises on purpose.

    Attributes:
        code: A stable, machine-readable name; the key into `CODES`.
    """

    code = "internal"


class InvalidOrderError(BookstoreError):
    """The order makes no sense; `field` names the part of the input to mend."""

    code = "invalid_order"

    def __init__(self, message: str, field: str = "", code: str = "invalid_order") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class UnknownOrderError(BookstoreError):
    """There is no such order (or no such session of it any more)."""

    code = "unknown_order"


class KeyReusedError(BookstoreError):
    """An idempotency key came again with another body."""

    code = "idempotency_key_reused"


class StillRunningError(BookstoreError):
    """A request with the same idempotency key is being answered now; its answer comes with a later repetition."""

    code = "request_still_running"


class TooManyRequestsError(BookstoreError):
    """More is asked for than there is room for; `retry_after` says in how many seconds there may be."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotDeadError(BookstoreError):
    """An order that has not failed cannot be taken from the dead letters."""

    code = "not_dead"


class UnavailableError(BookstoreError):
    """A part the work needs did not answer; trying again later may help."""

    code = "unavailable"


class DeadlineError(BookstoreError):
    """The time given for the work is over."""

    code = "deadline_exceeded"


class CancelledError(BookstoreError):
    """The caller no longer wants the answer."""

    code = "cancelled"


class IllegalTransitionError(BookstoreError):
    """A state machine was told something that cannot happen in its state; nothing was changed."""

    code = "illegal_transition"


class SetupError(BookstoreError):
    """Something about the machine or the settings: a missing binary, a port in use, an unreachable server."""

    code = "setup"


class HistoryError(BookstoreError):
    """A history cannot be read or drawn: no events, or events that cannot have happened like this."""

    code = "history"


class Code(NamedTuple):
    """What an error is called on the wire.

    Attributes:
        grpc: Name of the gRPC status code.
        http: HTTP status code.
        error: Class raised when the gRPC status comes back.
    """

    grpc: str
    http: int
    error: type[BookstoreError]


CODES: dict[str, Code] = {
    "invalid_order": Code("INVALID_ARGUMENT", 400, InvalidOrderError),
    "unknown_order": Code("NOT_FOUND", 404, UnknownOrderError),
    "idempotency_key_reused": Code("ALREADY_EXISTS", 422, KeyReusedError),
    "request_still_running": Code("ABORTED", 409, StillRunningError),
    "too_many_requests": Code("RESOURCE_EXHAUSTED", 429, TooManyRequestsError),
    "unavailable": Code("UNAVAILABLE", 503, UnavailableError),
    "deadline_exceeded": Code("DEADLINE_EXCEEDED", 504, DeadlineError),
    "cancelled": Code("CANCELLED", 499, CancelledError),
    "internal": Code("INTERNAL", 500, BookstoreError),
}
