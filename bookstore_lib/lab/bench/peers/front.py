"""A front door that queues orders for a peer: `python -m bookstore_lib.lab.bench.peers.front`.

Flask and waitress are set up, and requests read, checked and priced, as the orchestrator does it. It keeps no record of
the order: it queues the job, waits for it, and answers.
"""

import asyncio
import logging
import os
import threading
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from flask import Flask, request

from bookstore_lib.core.errors import UnavailableError
from bookstore_lib.lab.bench.peers.keys import CHANNEL, PEER
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.http_server import serve_http
from bookstore_lib.runtime.log_context import request_id
from bookstore_lib.runtime.outcomes import listen
from bookstore_lib.runtime.postgres import open_record
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.service import run_service, start_thread
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker

# As many as the orchestrator has.
_THREADS = 160


class Counter:
    """Where requests wait for their jobs. Thread-safe.

    Args:
        peer: The peer's module.
    """

    def __init__(self, peer: Any) -> None:
        self._peer, self._waiting = peer, dict[str, threading.Event]()
        self._loop = asyncio.new_event_loop()
        start_thread(self._loop.run_forever, "push")
        asyncio.run_coroutine_threadsafe(peer.start(), self._loop).result()

    def wait(self, order_id: str, seconds: float) -> None:
        """Queue an order and wait until it is done; raises `UnavailableError` when it takes longer."""
        done = self._waiting[order_id] = threading.Event()
        asyncio.run_coroutine_threadsafe(self._peer.push(order_id), self._loop).result()
        if not done.wait(seconds):
            raise UnavailableError("The order was not done in time.")

    def tell(self, order_id: str) -> None:
        """An order is done."""
        done = self._waiting.pop(order_id, None)
        if done is not None:
            done.set()


def start(settings: Settings, _tracker: OrderEventTracker, parts: ExitStack) -> None:
    """Connect and serve, until the stack ends."""
    logging.disable(logging.INFO)  # some peers tell of each job, which would slow them down
    counter = Counter(import_module(f"{__package__}.{os.environ[PEER]}"))
    start_thread(listen, "answers", (connect(settings.redis_url), CHANNEL, counter.tell, threading.Event()))
    # By their names: the lab knows services as programs, and only this one stands in for a part of another.
    gate, rules, pricing, parameters, errors = (
        import_module(f"services.orchestrator.{name}")
        for name in ("gate", "rules", "pricing", "parameters", "http_errors")
    )
    prices = pricing.Pricing(Catalogue(open_record(settings.postgres_url, parts, connections=16)))
    app = Flask(__name__)
    gate.Gate(settings).guard(app)
    app.register_error_handler(Exception, errors.on_error)

    @app.post("/checkout")
    def checkout() -> Any:
        parameters.read_headers()
        order = prices.price(rules.parse_checkout(request.get_data()), request_id() or "")
        counter.wait(order.order_id, settings.outcome_wait)
        return {"orderId": order.order_id, "status": "Order Approved", "suggestedBooks": []}

    serve_http(app, settings.http_listen, parts, _THREADS)


if __name__ == "__main__":
    run_service("peer-front", start)
