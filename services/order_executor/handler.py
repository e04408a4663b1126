"""The way of one order through the leader: check, settle, tell, clear, acknowledge."""

import logging
from collections.abc import Callable

from bookstore_lib.core.errors import UnknownOrderError
from bookstore_lib.core.order import OrderStatus, Outcome
from bookstore_lib.runtime.checkout_flow import CheckoutFlow
from bookstore_lib.runtime.log_context import begin_log_context
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.order_store import Ending, Settlement, StoredOrder
from bookstore_lib.runtime.pipeline import Post, Work
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.order_executor import rules
from services.order_executor.groups import Groups

log = logging.getLogger(__name__)


class Handler:
    """Handles orders, many at the same time, as work for a pipeline. Every step may be repeated after a crash.

    Args:
        groups: Where what an order needs of the stores is done for many.
        checkout: Runs the checks and the clearing.
        tracker: This process's clocks.
        on_stale: Called with the epoch when the record refuses it.
    """

    def __init__(
        self, groups: Groups, checkout: CheckoutFlow, tracker: OrderEventTracker, on_stale: Callable[[int], None]
    ) -> None:
        self._groups, self._checkout, self._tracker, self._on_stale = groups, checkout, tracker, on_stale

    def handle(self, order_id: str, epoch: int, post: Post) -> Work[float | None]:
        """Carry an order to its end.

        Args:
            order_id: An id from the queue.
            epoch: Of the term in which it was taken.
            post: Resumes this.

        Returns:
            Seconds after which to try it again, or `None` when nothing is left to do here.

        Raises:
            BookstoreError: The record or a service did not answer; the order can be tried again.
            redis.RedisError: Redis did not answer; likewise.
        """
        begin_log_context(order_id=order_id)
        try:
            self._groups.load.put(order_id, post)
            stored = yield
        except UnknownOrderError:
            log.warning("An unknown order was in the queue")
            self._groups.acknowledge.put(order_id, post)
            yield
            return None
        begin_log_context(order_id=order_id, request_id=stored.order.request_id)
        self._tracker.receive(order_id, "order_queued", stored.stamp)
        if stored.outcome is None:
            outcome = yield from self._check(stored, post)
            pause = rules.retry_in(outcome, stored.attempts + 1)
            if pause is not None:
                log.warning("Not checked, again in %s s", pause)
                self._groups.retry.put(order_id, post)
                yield
                return None if (yield from self._clean_up_after_another(order_id, post)) else pause
            if not (yield from self._settle(stored, epoch, outcome, post)):
                return None
        return (yield from self._finish(order_id, post))

    def _check(self, stored: StoredOrder, post: Post) -> Work[Outcome]:
        if stored.attempts >= rules.ATTEMPTS:
            return rules.GAVE_UP
        return stored.checked or (yield from self._checkout.run(stored.order, post))

    def _settle(self, stored: StoredOrder, epoch: int, outcome: Outcome, post: Post) -> Work[bool]:
        order_id = stored.order.order_id
        ending = Ending(order_id, epoch, outcome, self._tracker.clock(order_id))
        self._groups.settle.put(ending, post)
        settlement = yield
        if settlement is Settlement.STALE:
            log.warning("Settling was refused: epoch %s is over", epoch)
            audit("settle", settlement.value)
            self._tracker.local(order_id, "settle refused", epoch)
            self._on_stale(epoch)
            if not (yield from self._clean_up_after_another(order_id, post)):
                self._tracker.forget(order_id)
            return False
        if settlement is not Settlement.ALREADY:
            status = OrderStatus.REJECTED if settlement is Settlement.OUT_OF_STOCK else outcome.status
            self._tracker.local(order_id, "settled", epoch, status=status.value, drive=stored.drive)
            audit("settle", status.value)
        return True

    def _clean_up_after_another(self, order_id: str, post: Post) -> Work[bool]:
        """Clear an order that the next leader has settled and cleared: our late checks may have opened sessions again.

        While it is open nothing is to be done here: the next leader clears it when it is settled.
        """
        self._groups.load.put(order_id, post)
        stored = yield
        if stored.outcome is None:
            return False
        yield from self._checkout.clear(order_id, post)
        self._tracker.forget(order_id)
        return True

    def _finish(self, order_id: str, post: Post) -> Work[float | None]:
        self._groups.publish.put(order_id, post)
        yield
        if not (yield from self._checkout.clear(order_id, post)):
            return rules.CLEAR_AGAIN  # it stays in the processing list: whoever leads then clears it
        # Written first: once no list holds the order, its trace is complete.
        self._tracker.local(order_id, "acknowledged")
        self._groups.acknowledge.put(order_id, post)
        yield
        self._tracker.forget(order_id)
        return None
