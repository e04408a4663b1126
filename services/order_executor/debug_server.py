"""The executor's debug server: `/status` and `/debug/queue` as JSON, and a page with both; for this machine only."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import redis

from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.redis_lease import Lease
from bookstore_lib.runtime.redis_queue import OrderQueue
from services.order_executor.debug_page import page

_JSON = "application/json"
_HTML = "text/html; charset=utf-8"
_OUR_HOSTS = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


class _Answer(NamedTuple):
    status: str
    content_type: str
    body: str


def create_debug_app(node_id: str, election: Election, lease: Lease, queue: OrderQueue) -> Any:
    """A WSGI application with the pages; of orders it names ids only, and nothing can be changed through it."""

    def status() -> Mapping[str, Any]:
        epoch = election.epoch
        return {
            "node_id": node_id,
            "is_leader": epoch is not None,
            "current_leader": lease.holder(),
            "epoch": epoch,
        }

    def contents() -> Mapping[str, Any]:
        return queue.contents()._asdict()

    pages: dict[str, Callable[[], _Answer]] = {
        "/": lambda: _Answer("200 OK", _HTML, page(status(), contents())),
        "/status": lambda: _json("200 OK", status()),
        "/debug/queue": lambda: _json("200 OK", contents()),
    }

    def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = _answer(pages, environ)
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if answer.status.startswith("405"):
            headers.append(("Allow", "GET"))
        start_response(answer.status, headers)
        return [answer.body.encode()]

    return app


def _answer(pages: Mapping[str, Callable[[], _Answer]], environ: Mapping[str, Any]) -> _Answer:
    if not _is_from_here(environ):
        return _error("403 Forbidden", "forbidden", "These pages are for this machine only.")
    page_of = pages.get(environ["PATH_INFO"])
    if page_of is None:
        return _error("404 Not Found", "not_found", f"There is no such page; try {' or '.join(pages)}.")
    if environ["REQUEST_METHOD"] != "GET":
        return _error("405 Method Not Allowed", "method_not_allowed", "These pages can only be read.")
    try:
        return page_of()
    except redis.RedisError:
        return _error("503 Service Unavailable", "unavailable", "Redis does not answer.")


def _is_from_here(environ: Mapping[str, Any]) -> bool:
    """Whether the client is on this machine, and meant this server: a page may have bent a name to our address."""
    try:
        address = ipaddress.ip_address(environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback and bool(_OUR_HOSTS.fullmatch(environ.get("HTTP_HOST", "localhost").lower()))


def _json(status: str, body: Mapping[str, Any]) -> _Answer:
    return _Answer(status, _JSON, json.dumps(body))


def _error(status: str, code: str, message: str) -> _Answer:
    return _json(status, {"error": {"code": code, "message": message}})
