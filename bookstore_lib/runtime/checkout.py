"""Drives the checkout graph with threads: one call a step, early termination that really cancels, and the clearing."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

from bookstore_lib.core.checkout_graph import STEPS, Call, Cancelled, CheckoutRun, Command, Failed, Reply
from bookstore_lib.core.errors import BookstoreError, CancelledError
from bookstore_lib.core.order import Order, Outcome, Reason
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime import crash_points, messages, rpc_client
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.tracker import OrderEventTracker

log = logging.getLogger(__name__)

# Each round tells every service what the others knew, so the second one suffices unless calls are still under way.
_CLEAR_ROUNDS = 5
# The crash point of each step of the checkout.
_CRASH_POINTS: Mapping[str, crash_points.Step] = {
    "initialize_verification": "initialise",
    "initialize_fraud": "initialise",
    "initialize_suggestions": "initialise",
    "check_billing": "billing",
    "check_card": "card",
    "check_fraud": "fraud",
    "get_suggestions": "suggestions",
}


class Checkout:
    """Runs the checks of orders against the services. Thread-safe: many orders may be under way.

    Args:
        services: The services by name.
        tracker: This process's clocks.
        threads: Most calls under way at a time, over all orders.
        on_progress: Told an order and how each of its steps stands, whenever one has begun or ended; must not block.
    """

    def __init__(
        self,
        services: Mapping[str, rpc_client.ServiceClient],
        tracker: OrderEventTracker,
        threads: int,
        on_progress: Callable[[str, Mapping[str, str]], None] = lambda _order_id, _steps: None,
    ) -> None:
        self._services, self._tracker, self._on_progress = services, tracker, on_progress
        self._pool = ThreadPoolExecutor(threads, "checkout")

    def run(self, order: Order) -> Outcome:
        """Walk the graph for one order and return what the checks say; every call has a deadline, so this ends."""
        walk = _Walk(order, self._services)
        run = CheckoutRun()
        pending: dict[Future[Reply], str] = {}

        def carry_out(commands: list[Command]) -> None:
            for command in commands:
                if isinstance(command, Call):
                    # With what this thread's log lines name.
                    work = self._pool.submit(copy_context().run, walk.perform, command.step)
                    pending[work] = command.step
                else:
                    walk.cancel(command.step)
            self._on_progress(order.order_id, dict(run.states))

        carry_out(run.start())
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                carry_out(run.on_reply(pending.pop(future), future.result()))
        self._tracker.local(order.order_id, "checked", steps={step: str(state) for step, state in run.states.items()})
        if run.outcome is None:
            raise AssertionError(f"The checkout of {order.order_id} stopped half-way: {run.states}")
        audit("check", run.outcome.status, order.order_id)
        return run.outcome

    def clear(self, order_id: str) -> bool:
        """Tell all services to forget the order, until all have: each may know events that our clock lacks.

        Returns:
            Whether all have. One that does not answer now has to be told again: it may still keep its session.
        """
        with crash_points.crash_point("clear"):
            return self._clear(order_id)

    def close(self) -> None:
        """End the threads; calls under way are waited for."""
        self._pool.shutdown()

    def _clear(self, order_id: str) -> bool:
        remaining, silent = list(self._services), list[str]()
        for _ in range(_CLEAR_ROUNDS):
            final_clock = self._tracker.clock(order_id)
            request = common_pb2.ClearRequest(order_id=order_id, final_clock=final_clock)
            calls = {name: self._services[name].start("ClearOrder", request) for name in remaining}
            cleared = {name: _cleared(call) for name, call in calls.items()}
            silent += [name for name in remaining if cleared[name] is None]
            remaining = [name for name in remaining if cleared[name] is False]
            if not remaining:
                break
        if remaining or silent:
            log.warning("Not cleared by %s", ", ".join((*remaining, *silent)), extra={"order_id": order_id})
            return False
        self._tracker.local(order_id, "cleared")
        audit("clear", "cleared", order_id)
        return True


class _Walk:
    """The calls of one order: what runs, and whether anything may still start."""

    def __init__(self, order: Order, services: Mapping[str, rpc_client.ServiceClient]) -> None:
        self._order, self._services = order, services
        self._calls: dict[str, rpc_client.Call] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def perform(self, step: str) -> Reply:
        service = STEPS[step].service
        try:
            with crash_points.crash_point(_CRASH_POINTS[step]):
                return messages.reply_of(step, self._begin(step).result())
        except CancelledError:
            return Cancelled()
        except BookstoreError as error:
            return Failed(Reason(error.code, str(error), service))
        except Exception:  # whatever it is, the order has to end
            log.exception("%s failed", step, extra={"order_id": self._order.order_id})
            return Failed(Reason("internal", f"{step} failed in an unexpected way.", service))

    def _begin(self, step: str) -> rpc_client.Call:
        with self._lock:
            if self._stop.is_set():
                raise CancelledError(f"{step} is not wanted any more.")
            request = messages.request_for(step, self._order)
            call = self._calls[step] = self._services[STEPS[step].service].start(STEPS[step].procedure, request)
            return call

    def cancel(self, step: str) -> None:
        with self._lock:
            self._stop.set()
            call = self._calls.get(step)
        if call is not None:
            call.cancel()


def _cleared(call: rpc_client.Call) -> bool | None:
    """Whether the service forgot the order, or refused because it knows more; `None`: it did not answer."""
    try:
        return bool(call.result().cleared)
    except BookstoreError:
        return None
