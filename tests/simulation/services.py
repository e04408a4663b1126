"""The three services: the real ones behind a simulated wire, and models of them where a schedule is not about them."""

from collections.abc import Callable
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any

import grpc

from bookstore_lib.core.errors import CODES, BookstoreError, UnavailableError, UnknownOrderError
from bookstore_lib.pb import common_pb2, suggestions_pb2
from bookstore_lib.runtime.catalogue import CatalogueBook, Related
from bookstore_lib.runtime.rpc_calls import Call, CallServer, Served
from bookstore_lib.runtime.rpc_client import SingleCall
from bookstore_lib.runtime.rpc_context import Received
from bookstore_lib.runtime.rpc_trouble import RpcTrouble, Trouble
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.fraud_detection.servicer import FraudDetection
from services.fraud_detection.velocity import Velocity
from services.suggestions.servicer import Suggestions
from services.transaction_verification.servicer import TransactionVerification

NAMES = ("transaction_verification", "fraud_detection", "suggestions")
IDLE_SECONDS = 20.0
TODAY = date(2026, 6, 15)
GOOD_CARD, BAD_CARD = "4111111111111111", "4111111111111112"
PLENTY, LAST_COPY = (
    CatalogueBook(1, "Frankenstein", "Mary Shelley", "Gothic", 1075, 90),
    CatalogueBook(2, "The Last Man", "Mary Shelley", "Science fiction", 900, 1),
)
_ANSWERS = {
    "InitializeOrder": common_pb2.InitializeReply(),
    "GetSuggestions": suggestions_pb2.SuggestionsReply(),
    "ClearOrder": common_pb2.ClearReply(cleared=True),
}
_PASSED, _REFUSED = (
    common_pb2.CheckReply(passed=True),
    common_pb2.CheckReply(reasons=[common_pb2.Reason(code="invalid_card_number", message="The card is not valid.")]),
)


class Shelf:
    """Stands for the catalogue."""

    def by_titles(self, titles: list[str]) -> dict[str, CatalogueBook]:
        return {book.title: book for book in (PLENTY, LAST_COPY) if book.title in titles}

    def related(self, _bought: tuple[int, ...]) -> list[Related]:
        return []


class ModelService:
    """A service that knows which orders were initialised, refuses bad cards, and keeps no clock.

    Args:
        name: One of `NAMES`.
    """

    def __init__(self, name: str, _tracker: OrderEventTracker, _now: Callable[[], float]) -> None:
        self._name = name
        self._cards: dict[str, str] = {}
        self._fails: list[str] = []

    def client(self, _tracker: OrderEventTracker) -> Any:
        """The service as another process sees it; stands for `ServiceClient`."""
        return self

    def fail(self, kind: str, calls: int) -> None:
        """Let the next calls fail."""
        self._fails += [kind] * calls

    def calm(self) -> None:
        """Let no call fail any more."""
        self._fails.clear()

    def kept(self) -> int:
        """How many orders it has to drop as idle: none, here."""
        return 0

    def start(self, procedure: str, request: Any) -> "_Answer":
        """A call, which is answered at once."""
        kind = self._fails.pop() if self._fails else ""
        answer = None if kind == "unavailable" else self._answer(procedure, request)
        return _Answer(UnavailableError("It was told to fail.") if kind else answer)

    def _answer(self, procedure: str, request: Any) -> Any:
        if procedure == "InitializeOrder":
            self._cards[request.order_id] = request.card.number if self._name == NAMES[0] else GOOD_CARD
        elif procedure == "ClearOrder":
            self._cards.pop(request.order_id, None)
        elif request.order_id not in self._cards:
            return UnknownOrderError("It was never initialised.")
        checks_card = procedure == "CheckCard" and self._cards[request.order_id] == BAD_CARD
        return _ANSWERS.get(procedure, _REFUSED if checks_card else _PASSED)


class _Answer:
    """The call of a model, which is over."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def result(self) -> Any:
        if isinstance(self._answer, BookstoreError):
            raise self._answer
        return self._answer

    def cancel(self) -> None:
        """It is over."""


class RealService:
    """One life of a service: its real servicer, sessions and clocks.

    Args:
        name: One of `NAMES`.
        tracker: Of this life.
        now: The time, in seconds.
    """

    def __init__(self, name: str, tracker: OrderEventTracker, now: Callable[[], float]) -> None:
        self._name, self._trouble = name, RpcTrouble()
        self._sessions = Sessions[Any](tracker, IDLE_SECONDS, now)
        self._calls = CallServer(tracker, self._trouble)
        shelf: Any = Shelf()
        servicers: dict[str, Callable[[], Any]] = {
            "transaction_verification": lambda: TransactionVerification(self._sessions, tracker, lambda: TODAY),
            "fraud_detection": lambda: FraudDetection(self._sessions, Velocity(now), tracker),
            "suggestions": lambda: Suggestions(self._sessions, shelf, tracker),
        }
        self._servicer = servicers[name]()

    def client(self, tracker: OrderEventTracker) -> "_Client":
        """The service as another process sees it; stands for `ServiceClient`."""
        return _Client(self._name, self._serve, tracker)

    def fail(self, kind: str, calls: int) -> None:
        """Let the next calls fail."""
        self._trouble.begin(Trouble(kind, calls=calls))

    def calm(self) -> None:
        """Let no call fail any more."""
        self._trouble.end()

    def kept(self) -> int:
        """How many orders it has to drop as idle."""
        return len(self._sessions)

    def _serve(self, procedure: str, request: Any, received: Any) -> "_Call":
        handler = SimpleNamespace(unary_unary=getattr(self._servicer, procedure), request_deserializer=_as_it_is)
        call = Call(procedure, received, "", request)
        return _Call(self._calls.serve(call, handler, _Waiting()), request.order_id)


Service = ModelService | RealService


class _Client:
    """The real client's clocks and errors, on a wire that answers at once."""

    def __init__(self, name: str, serve: Callable[[str, Any, Any], "_Call"], tracker: OrderEventTracker) -> None:
        self._name, self._serve, self._tracker = name, serve, tracker

    def start(self, procedure: str, request: Any) -> SingleCall:
        call = SingleCall(partial(self._serve, procedure), self._name, procedure, request, self._tracker)
        call.leave()
        return call


class _Waiting:
    """A caller that does not go away."""

    def is_active(self) -> bool:
        return True

    def add_callback(self, _callback: Callable[[], None]) -> bool:
        return True


class _Refused(grpc.RpcError):
    """The call ended with an error."""


class _Call:
    """A call that is over, as gRPC shows it to its caller."""

    def __init__(self, served: Served, order_id: str) -> None:
        self._served, self._order_id = served, order_id

    def result(self) -> Any:
        if self._served.error is not None:
            raise _Refused
        return self._served.reply

    def trailing_metadata(self) -> Any:
        return Received(self._order_id, self._served.stamp) if self._served.stamp is not None else ()

    def code(self) -> Any:
        return grpc.StatusCode[CODES[self._served.error.code].grpc] if self._served.error is not None else None

    def details(self) -> str:
        return str(self._served.error)

    def cancel(self) -> None:
        """It is over."""


def _as_it_is(request: Any) -> Any:
    return request
