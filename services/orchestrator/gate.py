"""What holds for every request: who may come in, and with which headers the answer leaves."""

import math
import re
import secrets

from flask import Flask, Response, request

from bookstore_lib.core.errors import InvalidOrderError, TooManyRequestsError
from bookstore_lib.runtime.log_context import begin_log_context, request_id
from bookstore_lib.runtime.settings import Settings
from services.orchestrator.rate_limit import RateLimit

REQUEST_ID = "X-Request-ID"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# It goes into the logs, so what may be a card number is not taken over.
_CARD_LIKE = re.compile(r"(\d[._-]?){12,}")
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_CORS_HEADERS = {
    "Access-Control-Allow-Headers": f"Content-Type, Idempotency-Key, Prefer, {REQUEST_ID}",
    "Access-Control-Expose-Headers": f"Location, Retry-After, {REQUEST_ID}",
    "Access-Control-Max-Age": "600",
}


class Gate:
    """Stands before an application.

    Args:
        settings: Which hosts it answers for, which pages may read its answers, and how many requests a client may send.
    """

    def __init__(self, settings: Settings) -> None:
        self._hosts = _listed(settings.trusted_hosts)
        self._origins = _listed(settings.cors_origins)
        self._limit = RateLimit(settings.rate_limit)

    def guard(self, app: Flask) -> None:
        """Stand before this application."""
        app.before_request(self.enter)
        app.after_request(self.leave)

    def enter(self) -> None:
        """Name the request, and refuse it where it may not come in.

        Raises:
            InvalidOrderError: It is for a host that is not ours: a page elsewhere may have bent a name to our address.
            TooManyRequestsError: Its client has sent too many.
        """
        begin_log_context(request_id=_sane(request.headers.get(REQUEST_ID, "")) or secrets.token_hex(8))
        if not self._hosts & {_without_port(request.host), "*"}:
            raise InvalidOrderError("This shop does not answer for that host.", "Host", "untrusted_host")
        seconds = self._limit.take(request.remote_addr or "")
        if seconds:
            raise TooManyRequestsError("You send too many requests; wait a little.", max(1, math.ceil(seconds)))

    def leave(self, response: Response) -> Response:
        """Add the headers that every answer has, errors too."""
        response.headers.update(_SECURITY_HEADERS)
        response.headers[REQUEST_ID] = request_id() or ""
        if response.is_json:
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin in self._origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers.update(_CORS_HEADERS)
        return response


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _sane(given: str) -> str:
    if _UUID.fullmatch(given):
        return given
    return given if _SANE_ID.fullmatch(given) and not _CARD_LIKE.search(given) else ""


def _without_port(host: str) -> str:
    return re.sub(r":\d*$", "", host).lower()
