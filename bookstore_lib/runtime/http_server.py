"""Serving a WSGI application with waitress."""

import contextlib
import json
import resource
import secrets
from contextlib import ExitStack
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.log_context import logging_of
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.service import start_thread

# More may be open than are ever served at once: whoever connects and says nothing must not keep others out.
_CONNECTIONS = 2_000
_FILES = 4_096
_IDLE_SECONDS = 20
_LOOK_SECONDS = 5
# What an application refuses as too large should still be read, so that it can say so in its own words.
_BODY_BYTES = 1024 * 1024
_HEADER_BYTES = 32 * 1024


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """The answer to what is no HTTP request, or too large a one: an error in JSON like any other."""

    def execute(self) -> None:
        error, request_id = self.request.error, secrets.token_hex(8)
        code = error.reason.lower().replace(" ", "_")
        with logging_of(request_id=request_id):
            audit("no page", code)
        message = f"This request cannot be read: {error.reason}."
        body = json.dumps({"error": {"code": code, "message": message, "requestId": request_id}}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [
            ("Content-Type", "application/json"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Request-ID", request_id),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    error_task_class = _ErrorTask


def serve_http(app: Any, listen: str, parts: ExitStack, threads: int = 4) -> int:
    """Serve `app` in the background until the stack ends.

    Args:
        app: A WSGI application.
        listen: `host:port`; port 0 picks a free one.
        parts: Closes the server when it ends.
        threads: Requests served at the same time.

    Returns:
        The port.

    Raises:
        SetupError: The port is in use or not allowed.
    """
    host, _, port = listen.rpartition(":")
    _allow_files()
    try:
        server = create_server(
            app,
            host=host,
            port=int(port),
            threads=threads,
            ident="bookstore",
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,  # select() ends at 1,024 files
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE_SECONDS,
            cleanup_interval=_LOOK_SECONDS,
            max_request_body_size=_BODY_BYTES,
            max_request_header_size=_HEADER_BYTES,
        )
    except OSError as error:
        raise SetupError(f"Nothing can listen on {listen}: {error.strerror}. Choose another port.") from error
    server.channel_class = _Channel
    start_thread(server.run, "http")
    parts.callback(server.close)
    return int(server.effective_port)


def _allow_files() -> None:
    """Raise this process's own limit of open files, as far as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
