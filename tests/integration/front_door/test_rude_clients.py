"""Slow and rude clients on real sockets: others are served all the while, and nothing is left of them."""

import gc
import json
import socket
import threading
from contextlib import ExitStack, contextmanager

import psutil
import pytest
import requests

from bookstore_lib.runtime import http_server
from bookstore_lib.runtime.http_server import serve_http
from tests.integration.front_door.shop import good
from tests.support import eventually

HALVES = [
    b"",
    b"GET /bo",
    b"POST /checkout HTTP/1.1\r\nHost: localhost\r\n",
    b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{",
]
NO_REQUESTS = [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    (b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n", 413),
    # No byte more than is read before it is refused: what is left unread resets the connection.
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ".ljust(32 * 1024, b"x"), 431),
]


@pytest.fixture
def port(closed_shop, run):
    return serve_http(closed_shop.app, "127.0.0.1:0", run.parts, threads=8)


@contextmanager
def connections(port, number, sent=b""):
    """So many open connections on which no more will come."""
    with ExitStack() as opened:
        made = [opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(number)]
        for connection in made:
            connection.sendall(sent)
        yield made


def answers(port):
    """Whether the shop serves others."""
    books = requests.get(f"http://127.0.0.1:{port}/books?limit=1", timeout=10)
    placed = requests.post(f"http://127.0.0.1:{port}/checkout", json=good(), timeout=10)
    return (books.status_code, placed.status_code) == (200, 202)


def kept(database):
    """What a leak would make more of: this process's open files, but for the pool of connections, and its threads."""
    gc.collect()
    return psutil.Process().num_fds() - database._pool.get_stats()["pool_size"], threading.active_count()


@pytest.mark.parametrize("half", HALVES)
def test_while_half_requests_wait_for_their_other_half_others_are_served(port, half):
    with connections(port, 50, half):
        assert answers(port)


def test_five_hundred_open_connections_keep_nobody_out_and_leave_nothing(port, database):
    assert answers(port)
    before = kept(database)

    with connections(port, 500) as opened:
        assert answers(port)
        opened[250].sendall(b"GET /api/leader HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert opened[250].recv(100).startswith(b"HTTP/1.1 200")

    eventually(lambda: kept(database) <= before)


def test_who_hangs_up_before_the_answer_leaves_an_order_and_nothing_else(open_shop, run, database):
    shop = open_shop(wait=1)
    port = serve_http(shop.app, "127.0.0.1:0", run.parts, threads=48)
    body = json.dumps(good()).encode()
    request = b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def hang_up():
        orders = len(shop.store.tables().orders)
        with connections(port, 40, request):
            eventually(lambda: len(shop.store.tables().orders) == orders + 40)
        eventually(lambda: not _open_at(port))

    before = kept(database)
    hang_up()
    hang_up()

    eventually(lambda: kept(database) <= before)
    assert answers(port)


def _open_at(port):
    ours = [connection for connection in psutil.Process().net_connections("tcp") if connection.laddr.port == port]
    return [connection for connection in ours if connection.status != psutil.CONN_LISTEN]


def test_who_says_nothing_for_long_is_hung_up_on(closed_shop, run, monkeypatch):
    monkeypatch.setattr(http_server, "_IDLE_SECONDS", 1)
    monkeypatch.setattr(http_server, "_LOOK_SECONDS", 1)
    port = serve_http(closed_shop.app, "127.0.0.1:0", run.parts)

    with connections(port, 3, HALVES[3]) as opened:
        for connection in opened:
            connection.settimeout(20)
            assert connection.recv(100) == b""


@pytest.mark.parametrize(("sent", "status"), NO_REQUESTS)
def test_what_is_no_request_is_answered_with_an_error_in_json_that_tells_nothing(port, sent, status):
    with connections(port, 1, sent) as (connection,):
        connection.settimeout(20)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 %d" % status, b"HTTP/1.0 %d" % status))
    assert b"application/json" in head
    error = json.loads(body)["error"]
    assert error["requestId"].encode() in head
    assert error["code"]
    assert b"Traceback" not in answer


def test_many_who_follow_orders_keep_nobody_out_and_leave_nothing(open_shop, run, database):
    shop = open_shop(wait=0.01, streams=4)
    port = serve_http(shop.app, "127.0.0.1:0", run.parts, threads=8)
    order_id = shop.post(good()).get_json()["orderId"]
    request = f"GET /orders/{order_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert answers(port)
    before = kept(database)

    with connections(port, 40, request) as opened:
        statuses = [connection.recv(12) for connection in opened]
        assert (statuses.count(b"HTTP/1.1 200"), statuses.count(b"HTTP/1.1 429")) == (4, 36)
        for _ in range(5):
            assert answers(port)

    eventually(lambda: kept(database) <= before)
    eventually(lambda: _first_line(port, request) == b"HTTP/1.1 200")


def _first_line(port, request):
    with connections(port, 1, request) as (opened,):
        return opened.recv(12)
