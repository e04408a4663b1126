"""The way of one order through the leader: check, settle, tell, clear, acknowledge."""

import logging
from collections.abc import Callable

from bookstore_lib.core.errors import UnknownOrderError
from bookstore_lib.core.order import OrderStatus, Outcome
from bookstore_lib.runtime.checkout import Checkout
from bookstore_lib.runtime.crash_points import crash_point
from bookstore_lib.runtime.log_context import begin_log_context
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.order_store import OrderStore, Settlement, StoredOrder
from bookstore_lib.runtime.outcomes import OutcomePublisher
from bookstore_lib.runtime.redis_queue import OrderQueue
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.order_executor import rules

log = logging.getLogger(__name__)


class Handler:
    """Handles orders, several at the same time. Every step may be repeated after a crash.

    Args:
        store: The record.
        queue: Where the ids come from.
        checkout: Runs the checks and the clearing.
        publisher: Tells the outcome.
        tracker: This process's clocks.
        on_stale: Called with the epoch when the record refuses it.
    """

    def __init__(
        self,
        store: OrderStore,
        queue: OrderQueue,
        checkout: Checkout,
        publisher: OutcomePublisher,
        tracker: OrderEventTracker,
        on_stale: Callable[[int], None],
    ) -> None:
        self._store, self._queue, self._checkout = store, queue, checkout
        self._publisher, self._tracker, self._on_stale = publisher, tracker, on_stale

    def handle(self, order_id: str, epoch: int) -> float | None:
        """Carry an order to its end.

        Args:
            order_id: An id from the queue.
            epoch: Of the term in which it was taken.

        Returns:
            Seconds after which to try it again, or `None` when nothing is left to do here.

        Raises:
            BookstoreError: The record or a service did not answer; the order can be tried again.
            redis.RedisError: Redis did not answer; likewise.
        """
        begin_log_context(order_id=order_id)
        try:
            stored = self._store.load(order_id)
        except UnknownOrderError:
            log.warning("An unknown order was in the queue", extra={"order_id": order_id})
            self._queue.acknowledge(self._tracker.process, order_id)
            return None
        begin_log_context(order_id=order_id, request_id=stored.order.request_id)
        self._tracker.receive(order_id, "order_queued", stored.stamp)
        if stored.outcome is None:
            outcome = self._check(stored)
            pause = rules.retry_in(outcome, stored.attempts + 1)
            if pause is not None:
                log.warning("Not checked, again in %s s", pause, extra={"order_id": order_id})
                self._store.count_attempts([order_id])
                return None if self._clean_up_after_another(order_id) else pause
            if not self._settle(stored, epoch, outcome):
                return None
        return self._finish(order_id)

    def _check(self, stored: StoredOrder) -> Outcome:
        if stored.attempts >= rules.ATTEMPTS:
            return rules.GAVE_UP
        return stored.checked or self._checkout.run(stored.order)

    def _settle(self, stored: StoredOrder, epoch: int, outcome: Outcome) -> bool:
        order_id = stored.order.order_id
        with crash_point("settle"):
            settlement = self._store.settle(order_id, epoch, outcome, self._tracker.clock(order_id))
        if settlement is Settlement.STALE:
            log.warning("Settling was refused: epoch %s is over", epoch, extra={"order_id": order_id})
            audit("settle", settlement.value)
            self._tracker.local(order_id, "settle refused", epoch)
            self._on_stale(epoch)
            if not self._clean_up_after_another(order_id):
                self._tracker.forget(order_id)
            return False
        if settlement is not Settlement.ALREADY:
            status = OrderStatus.REJECTED if settlement is Settlement.OUT_OF_STOCK else outcome.status
            self._tracker.local(order_id, "settled", epoch, status=status.value, drive=stored.drive)
            audit("settle", status.value)
        return True

    def _clean_up_after_another(self, order_id: str) -> bool:
        """Clear an order that the next leader has settled and cleared: our late checks may have opened sessions again.

        While it is open nothing is to be done here: the next leader clears it when it is settled.
        """
        if self._store.load(order_id).outcome is None:
            return False
        self._checkout.clear(order_id)
        self._tracker.forget(order_id)
        return True

    def _finish(self, order_id: str) -> float | None:
        self._publisher.publish(order_id)
        if not self._checkout.clear(order_id):
            return rules.CLEAR_AGAIN  # it stays in the processing list: whoever leads then clears it
        # Written first: once no list holds the order, its trace is complete.
        self._tracker.local(order_id, "acknowledged")
        with crash_point("acknowledge"):
            self._queue.acknowledge(self._tracker.process, order_id)
        self._tracker.forget(order_id)
        return None
