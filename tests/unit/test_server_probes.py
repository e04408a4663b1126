"""What counts as ready: a listening port is not enough, as servers listen before they can serve."""

import socket
import threading
import time
from pathlib import Path

import pytest

from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer

STARTING_UP = b"E\x00\x00\x00\x2bSFATAL\0C57P03\0Mthe database system is starting up\0\0"
PASSWORD_PLEASE = b"R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\0\0"


@pytest.fixture
def answering():
    """Starts servers that give one answer to the first connection."""
    threads, sockets = [], []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        threads.append(threading.Thread(target=_answer, args=(listener, answer)))
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    for thread in threads:
        thread.join()
    for listener in sockets:
        listener.close()


def _answer(listener, answer):
    with listener.accept()[0] as connection:
        connection.recv(1024)
        connection.sendall(answer)
        connection.recv(1024)  # until the client goes


def _redis(port):
    return RedisServer(Path("run"), port, "secret", binary=Path("valkey-server"))


def _postgres(port):
    return PostgresServer(Path("run"), port, Path("bin"))


@pytest.mark.parametrize(
    ("make", "answer", "ready"),
    [
        (_redis, b"+OK\r\n+PONG\r\n", True),
        (_redis, b"+OK\r\n-LOADING Redis is loading the dataset in memory\r\n", False),
        (_redis, b"-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH\r\n", False),
        (_postgres, PASSWORD_PLEASE, True),
        (_postgres, STARTING_UP, False),
    ],
)
def test_a_server_is_ready_when_it_would_serve(answering, make, answer, ready):
    assert make(answering(answer)).ready() is ready


@pytest.mark.parametrize("make", [_redis, _postgres])
def test_a_server_that_says_nothing_is_not_ready_and_is_not_waited_for(answering, make):
    began = time.monotonic()

    assert not make(answering(b"")).ready()
    assert time.monotonic() - began < 2
