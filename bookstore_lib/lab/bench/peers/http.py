"""Orders over HTTP that a peer works on, behind a front door like the orchestrator's."""

import contextlib
import socket
import time

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.bench.http import Measured, run
from bookstore_lib.lab.bench.peers.table import Peer, Setting
from bookstore_lib.lab.bench.peers.work import PEER
from bookstore_lib.lab.bench.peers.workers import Place, last_line, place, running
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.settings import variable

_START_SECONDS = 30.0
_LOOK = 0.05
_HOST = "127.0.0.1"


def press_peer(
    shop: Bookstore, peer: Peer, setting: Setting, requests: list[bytes], warm_up: float, seconds: float
) -> Measured:
    """Let a customer send each of these requests for some seconds.

    Args:
        shop: Its executors are stopped.
        peer: Who works.
        setting: How.
        requests: What each customer sends.
        warm_up: Seconds before that, which do not count.
        seconds: How long.

    Raises:
        BookstoreError: An order was refused, or not done in time.
    """
    where = place(shop, concurrency=setting.concurrency, answers=True)
    with connect(where.redis_url) as client:
        client.flushdb()
    port = reserve_port()
    address = f"{_HOST}:{port.number}"
    where.env.update({variable("http_listen"): address, PEER: peer.module})
    try:
        with running([(f"{__package__}.front",), *setting.commands], where):
            _await_listening(port.number, where)
            run(f"http://{address}", requests, warm_up)
            return run(f"http://{address}", requests, seconds)
    finally:
        port.release()


def _await_listening(port: int, where: Place) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port), _LOOK):
            return
        time.sleep(_LOOK)
    raise BookstoreError(f"The peer's front door did not open: {last_line(where.log)}")
