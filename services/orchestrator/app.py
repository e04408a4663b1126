"""The front door over HTTP."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from flask import Flask, Response, jsonify, request, url_for
from werkzeug.exceptions import HTTPException

from bookstore_lib.core.errors import BookstoreError, InvalidOrderError
from bookstore_lib.core.order import OrderStatus
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.order_store import StoredOrder
from services.orchestrator import answers
from services.orchestrator.desk import Desk
from services.orchestrator.rules import parse_checkout

log = logging.getLogger(__name__)

_BODY_BYTES = 64 * 1024
_MOST_BOOKS = 100
_MOST_WAIT = 30.0
# The course's own page is served from here.
_ORIGINS = frozenset({"http://localhost:8080", "http://127.0.0.1:8080"})
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Answer = Any
Leader = Callable[[], tuple[str | None, int]]
Health = Callable[[], dict[str, bool]]


def create_app(desk: Desk, catalogue: Catalogue, leader: Leader, health: Health, outcome_wait: float) -> Flask:
    """Make the application.

    Args:
        desk: Takes the orders.
        catalogue: The books.
        leader: Who holds the lock, and the present epoch.
        health: Whether each part answers, by name.
        outcome_wait: Seconds that a checkout waits for its outcome before it answers 202.
    """
    app = Flask(__name__, static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = _BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider

    @app.post("/checkout")
    def checkout() -> Answer:
        body = request.get_data()
        respond_async = "respond-async" in request.headers.get("Prefer", "")
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 200:
            raise InvalidOrderError(
                "An idempotency key has 200 characters at most.", "Idempotency-Key", "invalid_field"
            )
        stored = desk.place(parse_checkout(body), key, body, 0 if respond_async else outcome_wait)
        return _checkout_answer(stored)

    @app.get("/orders/<order_id>")
    def order(order_id: str) -> Answer:
        wait = min(_number("wait", 0, low=0, high=_MOST_WAIT), _MOST_WAIT)
        return answers.order_details(desk.await_outcome(order_id, time.monotonic() + wait))

    @app.get("/books")
    def books() -> Answer:
        page, limit = (int(_number(name, default, low=1, high=high)) for name, default, high in _PAGING)
        text = {name: request.args.get(name, "") for name in ("genre", "author", "q")}
        found, total = catalogue.search(page, limit, text["genre"], text["author"], text["q"])
        return {"books": [answers.book_answer(b) for b in found], "page": page, "limit": limit, "total": total}

    @app.get("/api/health")
    def healthy() -> Answer:
        parts = health()
        well = all(parts.values())
        return {"status": "ok" if well else "degraded", "parts": parts}, 200 if well else 503

    @app.get("/api/leader")
    def who_leads() -> Answer:
        holder, epoch = leader()
        return {"leader": holder, "epoch": epoch}

    @app.get("/")
    def storefront() -> Response:
        return app.send_static_file("index.html")

    app.after_request(_add_headers)
    app.register_error_handler(Exception, _on_error)
    return app


_PAGING = (("page", 1, 1_000_000), ("limit", 20, _MOST_BOOKS))


def _checkout_answer(stored: StoredOrder) -> Answer:
    answer = answers.order_answer(stored)
    if stored.outcome is None:
        return answer, 202, {"Location": url_for("order", order_id=stored.order.order_id)}
    if stored.outcome.status is OrderStatus.FAILED:
        message = "The order could not be checked, because a service does not answer. Nothing was charged."
        return answer | answers.error_answer("could_not_be_checked", message), 503
    return answer


def _number(name: str, default: float, *, low: float, high: float) -> float:
    text = request.args.get(name, "")
    try:
        number = float(text) if text else default
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise InvalidOrderError(f"{name} has to be a number from {low:g} to {high:g}.", name, "invalid_parameter")
    return number


def _add_headers(response: Response) -> Response:
    response.headers.update(_SECURITY_HEADERS)
    origin = request.headers.get("Origin")
    response.headers.add("Vary", "Origin")
    if origin in _ORIGINS:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key, Prefer"
        response.headers["Access-Control-Expose-Headers"] = "Location"
    return response


def _on_error(error: Exception) -> Answer:
    if isinstance(error, BookstoreError):
        return answers.from_error(error)
    if isinstance(error, HTTPException):
        response = error.get_response()  # with the headers that belong to it, such as Allow
        code = error.name.lower().replace(" ", "_")
        response.set_data(json.dumps(answers.error_answer(code, error.description or error.name)))
        response.content_type = "application/json"
        return response
    if isinstance(error, redis.RedisError):
        return answers.error_answer("unavailable", "Redis does not answer; try again later."), 503
    log.error("A request failed in an unexpected way", exc_info=error)
    return jsonify(answers.error_answer("internal", "This is our mistake; the orchestrator's log says more.")), 500
