"""Measures how long an idle bookstore takes for an order, beside the bare round trips that it cannot do without.

Topic `idle path`, for orders one after the other, each answered before the next one comes:

- `push to outcome ms p50`: from the push of an accepted order's id onto the queue until its outcome is published.
- `bare round trips ms p50`: the same round trips, one after the other, from one process with the same clients: a hand
  over through a list in Redis, the load, a call for each of the sequential steps of the checkout, the settlement, a
  publication; `bare round trips ms p50 of <which>` for each of them.
- `times the bare round trips`: the ratio of the two.
"""

import base64
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from bookstore_lib.core.checkout_graph import STEPS, StepState
from bookstore_lib.core.order import Order, OrderStatus, Outcome
from bookstore_lib.lab.bench.peers.work import order_of
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.spread import share_of
from bookstore_lib.lab.bench.told import told
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.messages import request_for
from bookstore_lib.runtime.order_store import Acceptance, Ending
from bookstore_lib.runtime.outcomes import CHANNEL, listen
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.redis_queue import RedisQueue
from bookstore_lib.runtime.rpc_context import from_bytes
from bookstore_lib.runtime.service import start_thread
from bookstore_lib.runtime.service_clients import connect_services
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker

# One after the other: the first is one of three at once, and fraud is checked beside billing and card.
SEQUENCE = ("initialize_verification", "check_billing", "check_card", "get_suggestions")
_CLEARED = ("transaction_verification", "suggestions")
_QUEUE, _TAKEN, _CHANNEL = "bench:queue", "bench:taken", "bench:outcomes"
_WARM_UP = 5
_PATIENCE = 10.0
_POLL = 0.01


def measure(orders: int, say: Callable[[str], None]) -> list[Row]:
    """Measure on this machine; everything runs on real processes.

    Args:
        orders: How many, and as often each round trip.
        say: Told what happens, a line each.
    """
    say(f"{orders} orders pushed one by one, and as many of each of their round trips...")
    whole, parts = list[float](), defaultdict[str, list[float]](list)
    with Bookstore(1) as shop, tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
        path = IdlePath(shop, Path(folder), ending)
        for number in range(-_WARM_UP, orders):
            took = path.push_to_outcome(f"whole-{number}")
            pieces = path.round_trips(f"bare-{number}")
            if number >= 0:
                whole.append(took)
                for name, seconds in pieces.items():
                    parts[name].append(seconds)
    return _rows(1000 * share_of(whole, 0.5), {name: 1000 * share_of(each, 0.5) for name, each in parts.items()})


def _rows(whole: float, parts: Mapping[str, float]) -> list[Row]:
    bare = sum(parts.values())
    figures = {
        "push to outcome ms p50": whole,
        "bare round trips ms p50": bare,
        **{f"bare round trips ms p50 of {name}": each for name, each in parts.items()},
        "times the bare round trips": whole / bare,
    }
    return [Row("idle path", "bookstore", "stream, all traced", figure, value) for figure, value in figures.items()]


class IdlePath:
    """The way from the queue to the outcome: through the bookstore, and each round trip of it alone.

    Args:
        shop: A bookstore at rest.
        folder: For the trace of the round trips.
        ending: Closes the connections.
    """

    def __init__(self, shop: Bookstore, folder: Path, ending: ExitStack) -> None:
        env = told(shop)
        settings = Settings.from_env(env, "bench")
        self._shop, self._epoch = shop, shop.client.leader()[1]
        self._tracker = OrderEventTracker(TraceLog(folder, "bench"))
        self._services = connect_services(settings, self._tracker, ending)
        database = Database(settings.postgres_url)
        ending.callback(database.close)
        self._store = PostgresOrderStore(database, CardSeal(settings.card_key))
        self._client = connect(settings.redis_url, _PATIENCE)
        ending.callback(self._client.close)
        self._queue = RedisQueue(self._client)
        self._taken, self._heard = SimpleQueue[float](), SimpleQueue[tuple[float, str]]()
        self._stopped = threading.Event()
        ending.callback(start_thread(self._take, "take").join)
        for channel in (CHANNEL, _CHANNEL):
            heard = (self._client, channel, self._hear, self._stopped)
            ending.callback(start_thread(listen, channel, heard).join)
        ending.callback(self._stopped.set)
        # The orchestrator listens to the outcomes, too.
        while dict(self._client.pubsub_numsub(CHANNEL, _CHANNEL)) != {CHANNEL: 2, _CHANNEL: 1}:
            time.sleep(_POLL)

    def push_to_outcome(self, order_id: str) -> float:
        """Seconds from the push of an accepted order until its outcome is published; returns when all is cleared."""
        self._accept(order_id)
        began = time.perf_counter()
        self._queue.push([order_id])
        while True:
            at, message = self._heard.get(timeout=_PATIENCE)
            if order_id in {from_bytes(base64.b64decode(outcome)).order_id for outcome in message.split()}:
                break
        while self._shop.queue_length():
            time.sleep(_POLL)
        return at - began

    def round_trips(self, order_id: str) -> dict[str, float]:
        """Seconds of each round trip that such an order needs, made one after the other for another order."""
        order = self._accept(order_id)
        self._call("initialize_suggestions", order)
        took = {"queue": self._hand_over(), "load": _seconds(lambda: self._store.load_many([order_id]))}
        for step in SEQUENCE:
            took[step] = _seconds(partial(self._call, step, order))
        outcome = Outcome(OrderStatus.APPROVED, steps=dict.fromkeys(STEPS, StepState.PASSED))
        end = Ending(order_id, self._epoch, outcome, self._tracker.clock(order_id))
        took["settle"] = _seconds(lambda: self._store.settle_many([end]))
        took["publish"] = self._publication()
        clear = common_pb2.ClearRequest(order_id=order_id, final_clock=self._tracker.clock(order_id))
        for name in _CLEARED:
            self._services[name].start("ClearOrder", clear).result()
        self._tracker.forget(order_id)
        return took

    def _accept(self, order_id: str) -> Order:
        order = order_of(order_id)
        self._store.accept(Acceptance(order, self._tracker.send(order_id, "order_queued", "executors")))
        return order

    def _call(self, step: str, order: Order) -> None:
        self._services[STEPS[step].service].start(STEPS[step].procedure, request_for(step, order)).result()

    def _hand_over(self) -> float:
        began = time.perf_counter()
        self._client.lpush(_QUEUE, "an order")
        return self._taken.get(timeout=_PATIENCE) - began

    def _publication(self) -> float:
        began = time.perf_counter()
        self._client.publish(_CHANNEL, "an outcome")
        return self._heard.get(timeout=_PATIENCE)[0] - began

    def _take(self) -> None:
        while not self._stopped.is_set():
            if self._client.blmove(_QUEUE, _TAKEN, 1, "RIGHT", "LEFT"):
                self._taken.put(time.perf_counter())

    def _hear(self, message: str) -> None:
        self._heard.put((time.perf_counter(), message))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
