import socket
import threading
import urllib.request
from collections.abc import Iterator

import pytest
from flask import Flask

from bookstore_lib.runtime.healthcheck import main
from bookstore_lib.runtime.http_server import serve_http

UP, DOWN, USAGE = 0, 1, 2


@pytest.fixture
def grpc_address(run) -> str:
    return str(run.serve("fraud_detection", lambda _servicer, _server: None, None))


@pytest.fixture
def http_url(run) -> str:
    app = Flask(__name__)
    app.add_url_rule("/well", view_func=lambda: {"status": "ok"}, endpoint="well")
    app.add_url_rule("/ill", view_func=lambda: ({"status": "degraded"}, 503), endpoint="ill")
    return f"http://127.0.0.1:{serve_http(app, '127.0.0.1:0', run.parts)}"


@pytest.fixture
def babbler() -> Iterator[str]:
    """An address where somebody listens who speaks neither HTTP nor gRPC."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"who is there?\r\n")

        threading.Thread(target=babble, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_grpc_service_that_serves_is_up(grpc_address):
    assert main(["grpc", grpc_address]) == UP


def test_a_page_that_answers_well_is_up_and_one_that_says_503_is_down(http_url):
    assert main(["http", f"{http_url}/well"]) == UP
    assert main(["http", f"{http_url}/ill"]) == DOWN


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_where_nobody_listens_the_service_is_down(dead_address, kind):
    assert main([kind, dead_address if kind == "grpc" else f"http://{dead_address}/"]) == DOWN


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_who_answers_in_another_protocol_is_down(babbler, kind):
    assert main([kind, babbler if kind == "grpc" else f"http://{babbler}/"]) == DOWN


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_a_proxy_for_the_web_is_not_asked_about_services(grpc_address, http_url, dead_address, kind, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://{dead_address}")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use

    assert main([kind, grpc_address if kind == "grpc" else f"{http_url}/well"]) == UP


@pytest.mark.parametrize("arguments", [[], ["grpc"], ["ftp", "127.0.0.1:1"], ["http", "http://127.0.0.1:1/", "more"]])
def test_anything_else_is_answered_with_the_usage(arguments, capsys):
    assert main(arguments) == USAGE
    assert capsys.readouterr().err.startswith("usage: healthcheck")
