"""The leader's loop: takes ids from the queue while it leads, and keeps a bounded number of orders in flight."""

import heapq
import logging
import threading
import time
from functools import partial

import redis

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.runtime.crash_points import reach
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.order_store import OrderStore
from bookstore_lib.runtime.pipeline import Pipeline
from bookstore_lib.runtime.redis_queue import OrderQueue
from bookstore_lib.runtime.service import start_thread
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.order_executor import rules
from services.order_executor.handler import Handler
from services.order_executor.places import Places

log = logging.getLogger(__name__)

# How long one wait for an id may last; the wait never outlasts the belief in one's own leadership.
_TAKE_SECONDS = 0.5
_PAUSE_AFTER_ERROR = 0.5
# The record and the queue are compared for this share of the worker's time at most. Where that takes long, the backlog
# is, and what is lost would wait behind it anyway.
_COMPARING = 0.05


class Worker:
    """Drains the queue in the terms in which this executor leads.

    Args:
        tracker: Names this process and its processing list, and writes what it takes into the trace.
        queue: The queue.
        store: The record, for the sweep.
        handler: Knows the work of one order.
        pipeline: Where that work goes on.
        election: Says whether this executor leads.
        elected: Set when it begins to.
        places: For the orders that are under way at the same time.
        sweep: How often, and for which orders, it looks for what got lost.
    """

    def __init__(
        self,
        tracker: OrderEventTracker,
        queue: OrderQueue,
        store: OrderStore,
        handler: Handler,
        pipeline: Pipeline,
        election: Election,
        elected: threading.Event,
        places: Places,
        sweep: rules.Sweep,
    ) -> None:
        self._tracker, self._consumer, self._queue, self._store = tracker, tracker.process, queue, store
        self._handler, self._pipeline, self._places = handler, pipeline, places
        self._election, self._elected = election, elected
        self._sweep, self._next_sweep, self._next_comparison = sweep, 0.0, 0.0
        self._later: list[tuple[float, str]] = []  # to be tried again: when, and which
        self._mine: set[str] = set()  # in flight, or to be tried again
        self._suspects: set[str] = set()  # those of which one more crash makes dead letters
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._gate = threading.Lock()  # between the last beginning and the end
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to wait for leadership."""
        self._thread = start_thread(self._run, "worker")

    def finish(self) -> None:
        """Begin nothing more, and wait for the orders in flight."""
        with self._gate:
            self._stopping.set()
        self._elected.set()
        self._places.wait_until_all_left()

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
        self._begin_term()
        while self._election.epoch == epoch and not self._stopping.is_set():
            self._do_next(epoch)

    def _begin_term(self) -> None:
        self._next_sweep = self._next_comparison = 0.0
        with self._lock:  # of a former term; the first sweep takes their ids over
            self._mine -= {order_id for _, order_id in self._later}
            self._later.clear()
            self._suspects.clear()

    def _do_next(self, epoch: int) -> None:
        """One round of the leader's loop; a simulation calls it, too."""
        try:
            if time.monotonic() >= self._next_sweep:
                self._look_for_lost(epoch, first=self._next_sweep == 0.0)
                self._next_sweep = time.monotonic() + self._sweep.every
            self._begin_next(epoch)
        except (redis.RedisError, BookstoreError) as error:
            log.warning("The queue or the record does not answer (%s)", type(error).__name__)
            self._stopping.wait(_PAUSE_AFTER_ERROR)

    def _look_for_lost(self, epoch: int, *, first: bool) -> None:
        """Take up what nobody works on: ids that others hold, that we hold unknowingly, and that no list holds."""
        taken_over = self._queue.take_over("" if first else self._consumer)
        if taken_over:
            self._note("took over", epoch, taken_over)
            attempts = self._store.count_attempts(taken_over)  # they were begun there, and did not end
            self._suspects |= {order_id for order_id, number in attempts.items() if number == rules.ATTEMPTS - 1}
        if self._suspects:
            self._suspects &= self._queue.contents().all_ids()
        self._find_unknown(epoch)
        if time.monotonic() >= self._next_comparison:
            worked = time.thread_time()
            self._push_lost(epoch)
            self._next_comparison = time.monotonic() + (time.thread_time() - worked) / _COMPARING

    def _push_lost(self, epoch: int) -> None:
        """Queue the open orders that no list holds."""
        began = time.time()
        open_orders = self._store.open_orders(self._sweep.age)
        if open_orders:
            held = self._queue.contents().all_ids()
            lost = [order_id for order_id in open_orders if order_id not in held]
            if lost:
                self._note("swept", epoch, lost, began=began)
                self._queue.push(lost)

    def _find_unknown(self, epoch: int) -> None:
        """An id whose take was carried out while its reply was lost is in our list, and we do not know of it."""
        with self._lock:  # before the list is read: what ends meanwhile is not unknown
            known = set(self._mine)
        found = [order_id for order_id in self._queue.held_by(self._consumer) if order_id not in known]
        if found:
            self._note("found", epoch, found)
            for order_id in found:
                self._try_later(order_id, 0)

    def _note(self, name: str, epoch: int, orders: list[str], **detail: float) -> None:
        log.info("%s %d orders", name, len(orders), extra={"epoch": epoch})
        self._tracker.process_event(name, epoch, orders=orders, **detail)

    def _begin_next(self, epoch: int) -> None:
        # Whoever is in our list when we crash is blamed for it, so a suspect has nobody else there.
        free = self._places.free(_TAKE_SECONDS, alone=bool(self._suspects))
        if free:
            for order_id in self._due(free) or self._take(epoch, free):
                self._begin(order_id, epoch)

    def _take(self, epoch: int, most: int) -> list[str]:
        asked = time.time()
        timeout = min(_TAKE_SECONDS, self._election.belief_left)
        if timeout <= 0:
            return []
        reach("take", "before")
        taken = self._queue.take(self._consumer, timeout, most)
        if taken:
            reach("take", "after")
        with self._tracker.together():
            for order_id in filter(self._tracker.traces, taken):
                self._tracker.process_event("took", epoch, order=order_id, asked=asked)
        with self._lock:
            new = [order_id for order_id in dict.fromkeys(taken) if order_id not in self._mine]
            self._mine.update(new)
        return new  # what was queued twice is not begun again; acknowledging it removes both

    def _due(self, most: int) -> list[str]:
        due = list[str]()
        with self._lock:
            while self._later and self._later[0][0] <= time.monotonic() and len(due) < most:
                due.append(heapq.heappop(self._later)[1])
        return due

    def _try_later(self, order_id: str, pause: float) -> None:
        with self._lock:
            self._mine.add(order_id)
            heapq.heappush(self._later, (time.monotonic() + pause, order_id))

    def _begin(self, order_id: str, epoch: int) -> None:
        with self._gate:
            if not self._stopping.is_set():
                self._places.take()
                self._pipeline.begin(partial(self._handler.handle, order_id, epoch), partial(self._end, order_id))

    def _end(self, order_id: str, pause: float | None, error: BaseException | None) -> None:
        if error is not None:
            pause = _PAUSE_AFTER_ERROR
            foreseen = isinstance(error, redis.RedisError | BookstoreError)
            about = {"order_id": order_id}
            log.warning("Not finished: %s", type(error).__name__, extra=about, exc_info=None if foreseen else error)
        self._suspects.discard(order_id)
        if pause is None:
            with self._lock:
                self._mine.discard(order_id)
        else:
            self._try_later(order_id, pause)
        self._places.leave()
