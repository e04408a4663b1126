"""Drives the checkout graph in a pipeline: replies say what to send next, and no thread waits for an order."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bookstore_lib.core.checkout_graph import STEPS, Call, CheckoutRun, Command
from bookstore_lib.core.clearing import Clearing
from bookstore_lib.core.order import Order, Outcome
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime import crash_points, messages, rpc_client
from bookstore_lib.runtime.checkout import CRASH_POINTS, is_cleared, note_checked, note_cleared, reply_to
from bookstore_lib.runtime.pipeline import Post, Work
from bookstore_lib.runtime.tracker import OrderEventTracker


class CheckoutFlow:
    """The same as `Checkout`, as work for a pipeline.

    Args:
        services: The services by name.
        tracker: This process's clocks.
        on_progress: Told an order and how each of its steps stands, whenever one has begun or ended; must not block.
    """

    def __init__(
        self,
        services: Mapping[str, rpc_client.ServiceClient],
        tracker: OrderEventTracker,
        on_progress: Callable[[str, Mapping[str, str]], None] = lambda _order_id, _steps: None,
    ) -> None:
        self._services, self._tracker, self._on_progress = services, tracker, on_progress

    def run(self, order: Order, post: Post) -> Work[Outcome]:
        """Walk the graph for one order and return what the checks say; every call has a deadline, so this ends."""
        run, calls = CheckoutRun(), dict[str, rpc_client.Call]()
        commands = run.start()
        while run.outcome is None:
            for command in commands:
                self._carry_out(command, order, calls, post)
            self._on_progress(order.order_id, run.states)
            step, answer = yield
            commands = run.on_reply(step, reply_to(step, answer))
        self._on_progress(order.order_id, run.states)
        return note_checked(order.order_id, run, self._tracker)

    def clear(self, order_id: str, post: Post) -> Work[bool]:
        """Tell all services to forget the order, until all have; returns whether they did, else it has to be repeated.

        One that does not answer now may still keep its session.
        """
        with crash_points.crash_point("clear"):
            clearing = Clearing(self._services)
            while clearing.remaining:
                request = common_pb2.ClearRequest(order_id=order_id, final_clock=self._tracker.clock(order_id))
                for name in clearing.remaining:
                    self._services[name].start("ClearOrder", request, partial(_tell, post, name))
                cleared = {}
                for _ in clearing.remaining:
                    name, call = yield
                    cleared[name] = is_cleared(call)
                clearing.on_round(cleared)
            return note_cleared(order_id, clearing, self._tracker)

    def _carry_out(self, command: Command, order: Order, calls: dict[str, rpc_client.Call], post: Post) -> None:
        step = command.step
        if not isinstance(command, Call):
            calls[step].cancel()
            return
        crash_points.reach(CRASH_POINTS[step], "before")
        try:
            request = messages.request_for(step, order)
        except ValueError as error:  # its card is gone
            post((step, partial(_fail, error)))
            return
        service = self._services[STEPS[step].service]
        calls[step] = service.start(STEPS[step].procedure, request, lambda call: post((step, call.result)))


def _tell(post: Post, name: str, call: rpc_client.Call) -> None:
    post((name, call))


def _fail(error: Exception) -> Any:
    raise error
