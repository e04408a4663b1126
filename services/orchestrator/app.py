"""The front door over HTTP."""

import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from flask import Flask, Response, request, url_for

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.order_store import StoredOrder
from bookstore_lib.runtime.settings import Settings
from services.orchestrator import answers, models, openapi
from services.orchestrator.clock_diagram import ClockDiagrams
from services.orchestrator.desk import Desk
from services.orchestrator.gate import Gate
from services.orchestrator.http_errors import on_error
from services.orchestrator.parameters import BooksQuery, OrderQuery, read_headers, read_query
from services.orchestrator.queue_cap import QueueCap
from services.orchestrator.rules import parse_checkout
from services.orchestrator.streams import Streams

BODY_BYTES = 64 * 1024
_ALL_BOOKS = 10_000

Answer = Any


class Parts(NamedTuple):
    """What the front door stands on.

    Attributes:
        desk: Takes the orders.
        catalogue: The books.
        leader: Who holds the lock, and the present epoch.
        health: Whether each part answers, by name.
        progress: The steps of an open order so far, by its id.
        queue_length: How many orders wait.
        streams: Tells how orders come along.
        diagrams: Their clock diagrams.
        status: The shop at a glance.
    """

    desk: Desk
    catalogue: Catalogue
    leader: Callable[[], tuple[str | None, int]]
    health: Callable[[], dict[str, bool]]
    progress: Callable[[str], Mapping[str, str]]
    queue_length: Callable[[], int]
    streams: Streams
    diagrams: ClockDiagrams
    status: Callable[[], models.ShopStatus]


def create_app(parts: Parts, settings: Settings) -> Flask:
    """Make the application.

    Args:
        parts: What it stands on.
        settings: What was chosen for the front door.
    """
    app = Flask(__name__, static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.url_map.merge_slashes = False
    Gate(settings).guard(app)
    _add_orders(app, parts, settings)
    _add_reading(app, parts)
    _add_pages(app, parts)
    app.register_error_handler(Exception, on_error)
    return app


def _add_orders(app: Flask, parts: Parts, settings: Settings) -> None:
    cap = QueueCap(parts.queue_length, settings.queue_limit)

    @app.post("/checkout")
    def checkout() -> Answer:
        cap.require_room()
        headers = read_headers()
        body = request.get_data()
        wait = 0 if "respond-async" in headers.prefer.lower() else settings.outcome_wait
        return _checkout_answer(parts.desk.place(parse_checkout(body), headers.idempotency_key, body, wait))

    @app.get("/orders/<order_id>")
    def order(order_id: str) -> Answer:
        wait = read_query(OrderQuery).wait
        return answers.order_details(parts.desk.await_outcome(order_id, time.monotonic() + wait), parts.progress)

    @app.get("/orders/<order_id>/events")
    def follow(order_id: str) -> Response:
        stream = parts.streams.follow(order_id)
        first = next(stream)  # as long as nothing has been sent, an error is an answer of its own
        response = Response(chain([first], stream), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})
        response.call_on_close(stream.close)
        return response

    @app.get("/orders/<order_id>/diagram")
    def diagram(order_id: str) -> Answer:
        parts.desk.await_outcome(order_id, 0)  # there has to be such an order
        return answers.to_json(parts.diagrams.of(order_id))


def _add_reading(app: Flask, parts: Parts) -> None:
    @app.get("/books")
    def books() -> Answer:
        query = read_query(BooksQuery)
        found, total = parts.catalogue.search(query.page, query.limit, query.genre, query.author, query.q)
        return answers.books_page(found, query.page, query.limit, total)

    @app.get("/api/health")
    def healthy() -> Answer:
        state = parts.health()
        well = all(state.values())
        return answers.to_json(models.Health(status="ok" if well else "degraded", parts=state)), 200 if well else 503

    @app.get("/api/leader")
    def who_leads() -> Answer:
        holder, epoch = parts.leader()
        return answers.to_json(models.Leader(leader=holder, epoch=epoch))

    @app.get("/api/status")
    def status() -> Answer:
        return answers.to_json(parts.status())


def _add_pages(app: Flask, parts: Parts) -> None:
    @app.get("/")
    def storefront() -> Response:
        return app.send_static_file("index.html")

    @app.get("/status")
    def status_page() -> Response:
        return app.send_static_file("status.html")

    @app.get("/docs")
    def docs() -> Response:
        return app.send_static_file("docs.html")

    @app.get("/openapi.json")
    def document() -> Answer:
        books, _ = parts.catalogue.search(1, _ALL_BOOKS)
        return openapi.document([book.title for book in books])


def _checkout_answer(stored: StoredOrder) -> Answer:
    answer = answers.order_answer(stored)
    if stored.outcome is None:
        return answer, 202, {"Location": url_for("order", order_id=stored.order.order_id)}
    return answer, 503 if stored.outcome.status is OrderStatus.FAILED else 200
