"""What a job needs, opened by the first one: workers may have been forked before, and gRPC does not bear that."""

import os
import threading
from contextlib import ExitStack

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.order import Address, Card, Item, Order
from bookstore_lib.lab.bench.peers.keys import ANSWERS, CHANNEL, DONE
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime.messages import request_for
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.rpc_client import Call
from bookstore_lib.runtime.service_clients import connect_services
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker

# In an order in which each step waits for as little as possible.
FIRST = ("initialize_verification", "initialize_fraud", "initialize_suggestions")
THEN = ("check_billing", "check_fraud", "check_card", "get_suggestions")


class Parts:
    """The settings and clocks of this worker, read from the environment as a service of ours reads them."""

    def __init__(self) -> None:
        self.settings = Settings.from_env(os.environ, "peer")
        trace = TraceLog(self.settings.trace_dir, self.settings.process)
        self.tracker = OrderEventTracker(trace, self.settings.trace_sample)
        self.answers = bool(os.environ.get(ANSWERS))


class Work:
    """Checks orders out in the thread that asks, waiting for replies; the calls of one order overlap. Thread-safe."""

    def __init__(self) -> None:
        parts = Parts()
        self._tracker, self._answers = parts.tracker, parts.answers
        # Closed by the end of the process: workers are killed when all is done.
        self._services = connect_services(parts.settings, parts.tracker, ExitStack())
        self._redis = connect(parts.settings.redis_url)

    def check_out(self, order_id: str) -> None:
        """Check an order out.

        Raises:
            BookstoreError: A check said no, or a service does not answer.
        """
        order = order_of(order_id)
        calls = {step: self._start(step, order) for step in FIRST}
        for step in THEN:
            for need in STEPS[step].needs:
                require_passed(need, calls.pop(need).result())
            calls[step] = self._start(step, order)
        calls["get_suggestions"].result()
        clear = clear_request(order_id, self._tracker)
        for call in [service.start("ClearOrder", clear) for service in self._services.values()]:
            require_cleared(call.result())
        self._tracker.forget(order_id)
        if self._answers:
            self._redis.publish(CHANNEL, order_id)
        else:
            self._redis.incr(DONE)

    def _start(self, step: str, order: Order) -> Call:
        return self._services[STEPS[step].service].start(STEPS[step].procedure, request_for(step, order))


_work: Work | None = None
_lock = threading.Lock()


def check_out(order_id: str) -> None:
    """The job of peers that work with threads or processes; errors as in `Work.check_out`."""
    global _work  # noqa: PLW0603 - one a process, made by the first job
    with _lock:
        if _work is None:
            _work = Work()
    _work.check_out(order_id)


def order_of(order_id: str) -> Order:
    """The order that all are: one book, nothing wrong with it."""
    return Order(
        order_id,
        f"Reader {order_id}",
        f"{order_id}@example.org",
        Card("4111111111111111", "12/30", "123"),
        Address("12 Library Lane", "Springfield", "IL", "62701", "USA"),
        (Item("Frankenstein", 1, 1075, 3),),
    )


def clear_request(order_id: str, tracker: OrderEventTracker) -> common_pb2.ClearRequest:
    """What tells a service to forget an order after its last check."""
    return common_pb2.ClearRequest(order_id=order_id, final_clock=tracker.clock(order_id))


def require_passed(step: str, reply: object) -> None:
    """A check that says no would make the job shorter; raises `BookstoreError`."""
    if not getattr(reply, "passed", True):
        raise BookstoreError(f"{step} said no.")


def require_cleared(reply: object) -> None:
    """A service that still keeps the order would have to be asked again; raises `BookstoreError`."""
    if not getattr(reply, "cleared", False):
        raise BookstoreError("A service did not clear the order.")
