"""Serving a WSGI application with waitress."""

from contextlib import ExitStack
from typing import Any

from waitress.server import create_server

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.service import start_thread


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
    try:
        server = create_server(
            app, host=host, port=int(port), threads=threads, ident="bookstore", clear_untrusted_proxy_headers=True
        )
    except OSError as error:
        raise SetupError(f"Nothing can listen on {listen}: {error.strerror}. Choose another port.") from error
    start_thread(server.run, "http")
    parts.callback(server.close)
    return int(server.effective_port)
