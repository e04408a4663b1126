"""The executor's debug pages: `/status` and `/debug/queue`, as JSON; for this machine only."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import redis

from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.redis_lease import Lease
from bookstore_lib.runtime.redis_queue import OrderQueue

Page = Callable[[], Mapping[str, Any]]


def create_debug_app(node_id: str, election: Election, lease: Lease, queue: OrderQueue) -> Any:
    """A WSGI application with the two pages; `/debug/queue` names ids only."""

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

    pages: dict[str, Page] = {"/status": status, "/debug/queue": contents}

    def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        code, body = _answer(pages, environ["REQUEST_METHOD"], environ["PATH_INFO"])
        start_response(code, [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")])
        return [json.dumps(body).encode()]

    return app


def _answer(pages: Mapping[str, Page], method: str, path: str) -> tuple[str, Mapping[str, Any]]:
    page = pages.get(path)
    if page is None:
        return "404 Not Found", _error("not_found", f"There is no such page; try {' or '.join(pages)}.")
    if method != "GET":
        return "405 Method Not Allowed", _error("method_not_allowed", "These pages can only be read.")
    try:
        return "200 OK", page()
    except redis.RedisError:
        return "503 Service Unavailable", _error("unavailable", "Redis does not answer.")


def _error(code: str, message: str) -> Mapping[str, Any]:
    return {"error": {"code": code, "message": message}}
