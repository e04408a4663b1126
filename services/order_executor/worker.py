"""The leader's loop: takes ids from the queue while it leads, and keeps a bounded number of orders in flight."""

import heapq
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import redis

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.order_store import OrderStore
from bookstore_lib.runtime.redis_queue import OrderQueue
from bookstore_lib.runtime.service import start_thread
from services.order_executor.handler import Handler

log = logging.getLogger(__name__)

# How long one wait for an id may last; the wait never outlasts the belief in one's own leadership.
_TAKE_SECONDS = 0.5
_SWEEP_EVERY = 2.0
# Younger orders may still be on their way from the orchestrator's commit to its push.
_SWEEP_AGE = 3.0
_PAUSE_AFTER_ERROR = 0.5


class Worker:
    """Drains the queue in the terms in which this executor leads.

    Args:
        consumer: Names this process's processing list.
        queue: The queue.
        store: The record, for the sweep.
        handler: Does the work of one order.
        election: Says whether this executor leads.
        elected: Set when it begins to.
        max_in_flight: Orders under way at the same time.
    """

    def __init__(
        self,
        consumer: str,
        queue: OrderQueue,
        store: OrderStore,
        handler: Handler,
        election: Election,
        elected: threading.Event,
        max_in_flight: int,
    ) -> None:
        self._consumer, self._queue, self._store = consumer, queue, store
        self._handler, self._election, self._elected = handler, election, elected
        self._pool = ThreadPoolExecutor(max_in_flight, "order")
        self._slots = threading.Semaphore(max_in_flight)
        self._later: list[tuple[float, str]] = []
        self._later_lock = threading.Lock()
        self._stopping = threading.Event()
        self._gate = threading.Lock()  # between the last submission and the end of the pool
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to wait for leadership."""
        self._thread = start_thread(self._run, "worker")

    def finish(self) -> None:
        """Begin nothing more, and wait for the orders in flight."""
        with self._gate:
            self._stopping.set()
        self._elected.set()
        self._pool.shutdown()

    def hand_back(self) -> None:
        """Put back what was taken and not finished, once this executor leads no longer.

        The last wait for an id may still get one after `finish`; another leader shall have it at once.
        """
        if self._thread is not None:
            self._thread.join()
        try:
            self._queue.give_back(self._consumer)
        except redis.RedisError as error:
            log.warning("Nothing was handed back (%s); the next leader will take it over", type(error).__name__)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._elected.wait()
            self._elected.clear()
            epoch = self._election.epoch
            if epoch is not None:
                self._lead(epoch)

    def _lead(self, epoch: int) -> None:
        next_sweep = 0.0
        self._later.clear()  # of a former term; their ids are taken over below
        while self._election.epoch == epoch and not self._stopping.is_set():
            try:
                if time.monotonic() >= next_sweep:
                    self._sweep(first=next_sweep == 0.0)
                    next_sweep = time.monotonic() + _SWEEP_EVERY
                self._submit_next(epoch)
            except (redis.RedisError, BookstoreError) as error:
                log.warning("The queue or the record does not answer (%s)", type(error).__name__)
                self._stopping.wait(_PAUSE_AFTER_ERROR)

    def _sweep(self, *, first: bool) -> None:
        """Put back into the queue what nobody works on: ids of other executors, and open orders that no list holds."""
        self._queue.take_over("" if first else self._consumer)
        open_orders = self._store.open_orders(_SWEEP_AGE)
        if open_orders:
            held = self._queue.contents().all_ids()
            lost = [order_id for order_id in open_orders if order_id not in held]
            if lost:
                log.info("Swept %d open orders that no list held", len(lost))
                self._queue.push(lost)

    def _submit_next(self, epoch: int) -> None:
        if not self._slots.acquire(timeout=_TAKE_SECONDS):
            return
        submitted = False
        try:
            order_id = self._due() or self._take()
            with self._gate:
                if order_id is not None and not self._stopping.is_set():
                    self._pool.submit(self._work, order_id, epoch)
                    submitted = True
        finally:
            if not submitted:
                self._slots.release()

    def _take(self) -> str | None:
        timeout = min(_TAKE_SECONDS, self._election.belief_left)
        return self._queue.take(self._consumer, timeout) if timeout > 0 else None

    def _due(self) -> str | None:
        with self._later_lock:
            if self._later and self._later[0][0] <= time.monotonic():
                return heapq.heappop(self._later)[1]
        return None

    def _work(self, order_id: str, epoch: int) -> None:
        try:
            pause = self._handler.handle(order_id, epoch)
        except (redis.RedisError, BookstoreError) as error:
            log.warning("Not finished: %s", type(error).__name__, extra={"order_id": order_id})
            pause = _PAUSE_AFTER_ERROR
        except Exception:
            log.exception("An order failed in an unexpected way", extra={"order_id": order_id})
            pause = _PAUSE_AFTER_ERROR
        finally:
            self._slots.release()
        if pause is not None:
            with self._later_lock:
                heapq.heappush(self._later, (time.monotonic() + pause, order_id))
