"""Slow and rude clients at the door of a real bookstore: what they leave in its process when they have gone."""

import json
import socket
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from bookstore_lib.lab.customers import checkout_body
from tests.support import eventually

HALF = b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"
MEGABYTES = 15  # Python gives memory back late, or not at all; a leak of 500 connections a round would be more


@pytest.fixture
def orchestrator(shop):
    return psutil.Process(next(status.pid for status in shop.processes() if status.name == "orchestrator"))


@contextmanager
def connections(shop, number, sent):
    """So many open connections that have sent this, and no more."""
    host, _, port = shop.url.removeprefix("http://").partition(":")
    with ExitStack() as opened:
        for _ in range(number):
            opened.enter_context(socket.create_connection((host, int(port)))).sendall(sent)
        yield


def order():
    body = json.dumps(checkout_body({"Frankenstein": 1})).encode()
    return b"POST /checkout HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def open_at_the_door(shop, orchestrator):
    port = int(shop.url.rpartition(":")[2])
    return sum(c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED for c in orchestrator.net_connections())


def test_after_rounds_of_half_requests_and_of_hanging_up_there_are_no_more_threads_sockets_and_memory(
    shop, post, orchestrator
):
    def rude_round():
        orders = len(shop.tables().orders)
        with connections(shop, 500, HALF):
            assert post().json()["status"] == "Order Approved"
            with connections(shop, 100, order()):
                eventually(lambda: len(shop.tables().orders) == orders + 101, seconds=60)
        eventually(lambda: not open_at_the_door(shop, orchestrator), seconds=60)
        eventually(lambda: not shop.queue_length(), seconds=60)
        return orchestrator.num_threads(), orchestrator.num_fds(), orchestrator.memory_info().rss / 2**20

    rude_round()
    threads, files, memory = rude_round()
    for _ in range(3):
        after = rude_round()

    assert after[0] <= threads
    assert after[1] <= files + 16  # the pool's connections to the record come and go
    assert after[2] <= memory + MEGABYTES
