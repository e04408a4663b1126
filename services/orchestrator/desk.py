"""Where orders are taken: priced, kept in the record, queued, and waited for."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import redis

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.order import Order, OrderStatus, Outcome
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.checkout import Checkout
from bookstore_lib.runtime.crash_points import crash_point
from bookstore_lib.runtime.group import Group
from bookstore_lib.runtime.log_context import request_id
from bookstore_lib.runtime.logs import audit
from bookstore_lib.runtime.order_store import Acceptance, Ending, IdempotencyKey, OrderStore, Settlement, StoredOrder
from bookstore_lib.runtime.outcomes import OutcomeBoard
from bookstore_lib.runtime.redis_queue import OrderQueue
from bookstore_lib.runtime.tracker import OrderEventTracker, Stamp
from services.orchestrator.pricing import Pricing
from services.orchestrator.rules import CheckoutRequest
from services.orchestrator.running import Running

log = logging.getLogger(__name__)

# A wake-up can be lost; the record is looked at this often while somebody waits.
_LOOK_AGAIN = 1.0
# Requests that come at the same time share a transaction; so many at most.
_TOGETHER = 64

# Returns whether the order has ended.
SendOn = Callable[[], bool]


class Desk:
    """Takes orders. Thread-safe.

    Args:
        store: The record.
        catalogue: For prices.
        queue: Where accepted orders go.
        board: Where their outcomes come back.
        tracker: This process's clocks.
        checkout: Runs the checks here and now; `None` where the executor runs them.
        seats: How many requests may wait for an outcome at the same time; more are answered at once.
    """

    def __init__(
        self,
        store: OrderStore,
        catalogue: Catalogue,
        queue: OrderQueue,
        board: OutcomeBoard,
        tracker: OrderEventTracker,
        checkout: Checkout | None,
        seats: int = 100,
    ) -> None:
        self._store, self._pricing, self._queue = store, Pricing(catalogue), queue
        self._board, self._tracker, self._checkout = board, tracker, checkout
        self._accepting = Group("accept", self._accept, _TOGETHER)
        self._queueing = Group("enqueue", self._push, _TOGETHER)
        self._looking = Group("look", store.load_many, _TOGETHER)
        self._running = Running()
        self._seats = threading.BoundedSemaphore(seats)
        self._cleaners = ThreadPoolExecutor(2, "clean-up")

    def place(self, request: CheckoutRequest, key: str, body: bytes, wait: float) -> StoredOrder:
        """Accept an order and wait for its outcome.

        Args:
            request: What the customer asks for.
            key: The client's idempotency key; empty when it sent none.
            body: The request as it came, to tell a repetition from another order under the same key.
            wait: Seconds to wait for the outcome.

        Returns:
            The order; its outcome is missing when it takes longer than `wait`.

        Raises:
            InvalidOrderError: A title is not in the catalogue.
            KeyReusedError: The key came before with another body.
            StillRunningError: A request with the same key and body is being answered now.
            UnavailableError: The record does not answer; the order was not accepted.
        """
        until = time.monotonic() + wait
        # Of both only hashes: people put anything into a key.
        idempotency = IdempotencyKey(_hash(key.encode()), _hash(body)) if key else None
        with self._running.hold(idempotency):
            order = self._pricing.price(request, request_id() or "")
            return self._answered(self._place(order, idempotency, until), idempotency)

    def _place(self, order: Order, idempotency: IdempotencyKey | None, until: float) -> StoredOrder:
        # The clock of the message that queues the order is kept with the order, so the message comes first.
        stamp = self._tracker.send(order.order_id, "order_kept" if self._checkout else "order_queued", "executors")
        try:
            kept_id = self._accepting.ask(Acceptance(order, stamp, idempotency))
        except BookstoreError:
            self._tracker.local(order.order_id, "not accepted")
            self._tracker.forget(order.order_id)
            raise
        if kept_id != order.order_id:
            self._tracker.local(order.order_id, "repetition of an order", of=kept_id)
            self._tracker.forget(order.order_id)
            return self.await_outcome(kept_id, until)
        self._tracker.local(order.order_id, "accepted")
        audit("accept", "accepted", order.order_id)
        return self.await_outcome(order.order_id, until, partial(self._send_on, order))

    def _accept(self, acceptances: Sequence[Acceptance]) -> list[str | Exception]:
        with crash_point("accept"):
            return self._store.accept_many(acceptances)

    def _push(self, order_ids: Sequence[str]) -> list[Exception | None]:
        with crash_point("enqueue"):
            self._queue.push(order_ids)
        return [None] * len(order_ids)

    def await_outcome(self, order_id: str, until: float, send_on: SendOn | None = None) -> StoredOrder:
        """Wait for an order's outcome until `until` on the monotonic clock; returns the order as it stands then.

        Where too many wait already, it returns the order as it stands now. `send_on` is as of `watch`.
        """
        if not self._seats.acquire(blocking=False):
            if send_on is not None:
                send_on()
            return self._store.load(order_id)
        try:
            *_, stored = self.watch(order_id, until, _LOOK_AGAIN, send_on)
            return stored
        finally:
            self._seats.release()

    def watch(self, order_id: str, until: float, every: float, send_on: SendOn | None = None) -> Iterator[StoredOrder]:
        """An order as it stands now, and again after each wake-up; ends with its outcome.

        Args:
            order_id: Which order.
            until: On the monotonic clock; without an outcome it ends then.
            every: Seconds until the next look, where nothing wakes it up before.
            send_on: Sends a new order on its way, once its outcome is expected; it is first looked at after a wake-up.

        Raises:
            UnknownOrderError: There is none.
            UnavailableError: The record does not answer.
        """
        with self._board.expecting(order_id) as woken:
            if send_on is not None and not send_on():
                woken.wait(max(0.0, min(until - time.monotonic(), every)))
                woken.clear()
            while True:
                stored = self._looking.ask(order_id)
                if stored.outcome is not None:
                    self._tracker.forget(order_id)  # who waits takes in the outcome's message, and its clock
                yield stored
                left = until - time.monotonic()
                if stored.outcome is not None or left <= 0:
                    return
                woken.wait(min(left, every))
                woken.clear()

    def close(self) -> None:
        """Finish the clean-up that is under way."""
        self._cleaners.shutdown()

    def _send_on(self, order: Order) -> bool:
        """Check an order here, where that is to be, and queue it; returns whether it has ended already."""
        if self._checkout is not None and self._check_here(self._checkout, order):
            return True
        self._enqueue(order.order_id)
        return False

    def _answered(self, stored: StoredOrder, idempotency: IdempotencyKey | None) -> StoredOrder:
        """Note what the customer is told."""
        order_id = stored.order.order_id
        status = stored.outcome.status if stored.outcome else OrderStatus.ACCEPTED
        detail: dict[str, Any] = {"status": status.value}
        if idempotency:
            # With a letter before it: sixteen digits can look like a card number.
            detail["idempotency_key"] = f"k{idempotency.key[:16]}"
        self._tracker.local(order_id, "answered", **detail)
        audit("answer", status.value, order_id)
        if stored.outcome is not None:
            self._tracker.forget(order_id)
        return stored

    def _check_here(self, checkout: Checkout, order: Order) -> bool:
        """Run the checks as coordinator; returns whether that ended the order.

        A rejection ends it; an approval still has to be settled by the executor; where the checks failed, the executor
        is to try again.
        """
        outcome = checkout.run(order)
        if outcome.status is OrderStatus.REJECTED:
            return self._reject(checkout, order.order_id, outcome)
        if outcome.status is OrderStatus.APPROVED:
            self._store.record_checks(order.order_id, outcome, self._queue_stamp(order.order_id))
        return False

    def _reject(self, checkout: Checkout, order_id: str, outcome: Outcome) -> bool:
        with crash_point("settle"):
            settlement = self._store.settle(Ending(order_id, None, outcome, self._tracker.clock(order_id)))
        if settlement is not Settlement.ALREADY:  # where the checks took long, the leader may have swept it up
            drive = self._store.load(order_id).drive
            self._tracker.local(order_id, "settled", status=outcome.status.value, drive=drive)
        audit("settle", outcome.status.value if settlement is Settlement.SETTLED else settlement.value, order_id)
        self._cleaners.submit(self._clear, checkout, order_id)
        return True

    def _clear(self, checkout: Checkout, order_id: str) -> None:
        if not checkout.clear(order_id):
            self._enqueue(order_id)  # the leader goes on asking
        self._tracker.forget(order_id)

    def _queue_stamp(self, order_id: str) -> Stamp:
        return self._tracker.send(order_id, "order_queued", "executors")

    def _enqueue(self, order_id: str) -> None:
        try:
            self._queueing.ask(order_id)
        except redis.RedisError as error:
            # Nothing is lost: the leader finds accepted orders that no list holds.
            log.warning("Not queued (%s); the leader will find it", type(error).__name__, extra={"order_id": order_id})


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
