"""The front door as its tests see it, with an executor behind it."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from bookstore_lib.core.order import OrderStatus, Outcome, Reason
from bookstore_lib.runtime.outcomes import OutcomeBoard, OutcomePublisher
from bookstore_lib.runtime.recent_orders import RecentOrder
from bookstore_lib.runtime.redis_lease import MemoryLease
from bookstore_lib.runtime.settings import Settings
from services.orchestrator import openapi
from services.orchestrator.app import Parts, create_app
from services.orchestrator.clock_diagram import ClockDiagrams
from services.orchestrator.desk import Desk
from services.orchestrator.overview import Overview
from services.orchestrator.streams import Streams
from services.order_executor.handler import Handler

PAGE = "http://localhost:8080"
CARD, CVV = "4000123412341238", "73951"
FAILED = Outcome(OrderStatus.FAILED, (Reason("unavailable", "suggestions could not be reached.", "suggestions"),))
DOCUMENT = openapi.document(["Book A"])
ASYNC = {"Prefer": "respond-async"}


class CheckedClient(FlaskClient):
    """Sees to it that every answer is as the OpenAPI document says."""

    def open(self, *args: Any, **options: Any) -> Any:
        answer = super().open(*args, **options)
        require_documented(answer)
        return answer


def require_documented(answer: Any) -> None:
    """Fail where a documented operation answers what the document does not say."""
    described = DOCUMENT["paths"].get(_path_of(answer.request.path), {}).get(answer.request.method.lower())
    if described is None:
        assert answer.request.method in ("HEAD", "OPTIONS") or answer.status_code in (400, 404, 405, 429), answer.status
        return
    documented = described["responses"][str(answer.status_code)]
    if answer.status_code == 304:
        return
    content = documented["content"][answer.mimetype]
    if "schema" in content:
        schema = content["schema"] | {"components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(answer.get_json())
    for name, header in documented["headers"].items():
        assert not header["required"] or answer.headers.get(name), name


def _path_of(path: str) -> str:
    of_an_order = re.sub(r"^/orders/[^/]+", "/orders/{order_id}", path)
    return re.sub(r"^/static/.+", "/static/{filename}", of_an_order)


class BoardChannel:
    """Stands for the Redis channel between publisher and board."""

    def __init__(self, board: OutcomeBoard) -> None:
        self._board = board

    def publish(self, _channel: str, message: str) -> None:
        self._board.announce(message)


class Shop:
    """The orchestrator's application as a client sees it, and an executor that works as long as it is told to.

    Args:
        coordinator: Who runs the checks.
        wait: Seconds that a checkout waits for its outcome.
        seats: How many checkouts may wait.
        streams: How many may follow their orders.
        chosen: Settings of the front door.
    """

    def __init__(
        self, run, services, catalogue, queue, store, coordinator="executor", wait=20.0, seats=100, streams=2, **chosen
    ) -> None:
        self.store, self.queue, self.run = store, queue, run
        self.tracker = run.tracker("orchestrator")
        self.board = OutcomeBoard(self.tracker)
        self.holder: Callable[[], str | None] = lambda: "executor-1"
        self.parts = {"redis": True, "postgres": True}
        self.services = services
        own = services.checkout("orchestrator") if coordinator == "orchestrator" else None
        self.desk = Desk(store, catalogue, queue, self.board, run.tracker("orchestrator"), own, seats)
        self.progress: dict[str, dict[str, str]] = {}
        self.streams = Streams(self.desk, lambda order_id: self.progress.get(order_id, {}), streams)
        self.events_of: Callable[[str], Any] = run.events
        self.overview = self._overview()
        run.parts.callback(self.desk.close)
        parts = Parts(
            self.desk,
            catalogue,
            leader=lambda: (self.holder(), 7),
            health=lambda: self.parts,
            progress=lambda order_id: self.progress.get(order_id, {}),
            queue_length=queue.length,
            streams=self.streams,
            diagrams=ClockDiagrams(lambda order_id: self.events_of(order_id)),  # noqa: PLW0108 - a test may put another one there
            status=self.overview.status,
        )
        settings = Settings("orchestrator", Path("traces"), outcome_wait=wait, **chosen)
        self.app = create_app(parts, settings)
        self.app.test_client_class = CheckedClient
        self.http = self.app.test_client()
        self._stopped = threading.Event()

    def run_executor(self, checkout: Any = None) -> None:
        """Start it; `checkout` takes the place of the real checks."""
        thread = threading.Thread(target=self._work, args=(checkout or self.services.checkout("executor-1"),))
        thread.start()
        self.run.parts.callback(thread.join)
        self.run.parts.callback(self._stopped.set)

    def _overview(self) -> Overview:
        self.lease = MemoryLease()
        self.executors, self.recent = ["executor-1", "executor-2"], list[RecentOrder]()
        return Overview(
            "orchestrator",
            lambda: {**dict.fromkeys(self.services.sessions, True), **self.parts},
            lambda: self.executors,
            self.lease,
            self.store.current_epoch,
            self.queue,
            lambda: self.recent,
        )

    def post(self, body: Any, **options: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/checkout", data=data, **options)

    def _work(self, checkout: Any) -> None:
        publisher = OutcomePublisher(BoardChannel(self.board), self.run.tracker("executor-1"))  # type: ignore[arg-type]  # a stand-in
        handler = Handler(
            self.store, self.queue, checkout, publisher, self.run.tracker("executor-1"), lambda _epoch: None
        )
        epoch = self.store.take_epoch("executor-1")
        while not self._stopped.is_set():
            order_id = self.queue.take("executor-1", 0.1)
            while order_id is not None and handler.handle(order_id, epoch) is not None:
                pass


class Fails:
    """Stands for the checkout while a service is away."""

    def run(self, _order: Any) -> Outcome:
        return FAILED

    def clear(self, _order_id: str) -> bool:
        return True


def good(**changes: Any) -> dict[str, Any]:
    return {
        "user": {"name": "Ada Reader", "contact": "ada@example.org"},
        "creditCard": {"number": "4111111111111111", "expirationDate": "12/30", "cvv": "123"},
        "userComment": "Please leave it at the door.",
        "items": [{"name": "Book A", "quantity": 1}, {"name": "Book B", "quantity": 2}],
        "billingAddress": {"street": "1 Road", "city": "Tartu", "state": "", "zip": "50090", "country": "Estonia"},
        "shippingMethod": "Standard",
        "giftWrapping": True,
        "termsAccepted": True,
    } | changes


def card(**changes: str) -> dict[str, Any]:
    return good(creditCard=good()["creditCard"] | changes)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]
