"""Orders over HTTP that a peer works on, behind a front door like the orchestrator's."""

import contextlib
import time

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.bench.http import Measured, run
from bookstore_lib.lab.bench.peers.keys import PEER
from bookstore_lib.lab.bench.peers.place import place
from bookstore_lib.lab.bench.peers.table import Peer, Setting
from bookstore_lib.lab.bench.peers.workers import Place, last_line, running
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.settings import variable

_START_SECONDS = 60.0
_LOOK = 0.05


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
    where.env.update({variable("http_listen"): f"127.0.0.1:{port.number}", PEER: peer.module})
    url = f"http://127.0.0.1:{port.number}"
    try:
        with running([(f"{__package__}.front",), *setting.commands], where):
            _warm_up(url, requests, warm_up, where)
            return run(url, requests, seconds)
    finally:
        port.release()


def _warm_up(url: str, requests: list[bytes], seconds: float, where: Place) -> None:
    """Order until that goes well: until the front door is open, and all workers have started."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError, EOFError, BookstoreError):
            run(url, requests, seconds)
            return
        time.sleep(_LOOK)
    raise BookstoreError(f"Orders do not end well behind the peer's front door: {last_line(where.log)}")
