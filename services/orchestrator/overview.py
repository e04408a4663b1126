"""The shop at a glance, for the status page."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from bookstore_lib.runtime.recent_orders import RecentOrder
from bookstore_lib.runtime.redis_lease import Lease
from bookstore_lib.runtime.redis_queue import OrderQueue
from services.orchestrator import answers, models

# So long a look is good for, however many look.
_LOOK_SECONDS = 1.0
_SERVERS = ("redis", "postgres")


class Overview:
    """Looks at the parts of the shop. Thread-safe.

    Args:
        process: The name of this process.
        health: Whether each service, `redis` and `postgres` answers, by name.
        executors: The names of the executors that are there.
        lease: Says who leads.
        epoch: The present epoch.
        queue: The queue.
        recent: The orders that came last.
    """

    def __init__(
        self,
        process: str,
        health: Callable[[], Mapping[str, bool]],
        executors: Callable[[], Sequence[str]],
        lease: Lease,
        epoch: Callable[[], int],
        queue: OrderQueue,
        recent: Callable[[], Sequence[RecentOrder]],
    ) -> None:
        self._process, self._health, self._executors = process, health, executors
        self._lease, self._epoch, self._queue, self._recent = lease, epoch, queue, recent
        self._seen: models.ShopStatus | None = None
        self._look_at = 0.0
        self._lock = threading.Lock()

    def status(self) -> models.ShopStatus:
        """How the shop is.

        While one caller looks, which may take seconds where parts are silent, others are told what was seen last.

        Raises:
            UnavailableError: The record fell silent during the look.
            redis.RedisError: Redis did.
        """
        seen = self._seen
        if not self._lock.acquire(blocking=seen is None) and seen is not None:
            return seen
        try:
            if self._seen is None or time.monotonic() >= self._look_at:
                self._seen = self._look()
                self._look_at = time.monotonic() + _LOOK_SECONDS
            return self._seen
        finally:
            self._lock.release()

    def _look(self) -> models.ShopStatus:
        health = self._health()
        redis, postgres = (health[name] for name in _SERVERS)
        return models.ShopStatus(
            processes=self._processes(health, self._executors() if redis else ()),
            leader=self._lease.holder() if redis else None,
            epoch=self._epoch() if postgres else None,
            queue=_queue_state(self._queue) if redis else None,
            recent_orders=[_recent_order(order) for order in self._recent()] if postgres else None,
        )

    def _processes(self, health: Mapping[str, bool], executors: Sequence[str]) -> list[models.ProcessState]:
        asked = [
            models.ProcessState(
                name=name, role="server" if name in _SERVERS else "service", state="answers" if answers_ else "silent"
            )
            for name, answers_ in health.items()
        ]
        there = [models.ProcessState(name=name, role="executor", state="connected") for name in executors]
        return [models.ProcessState(name=self._process, role="front door", state="answers"), *there, *asked]


def _queue_state(queue: OrderQueue) -> models.QueueState:
    contents = queue.contents()
    return models.QueueState(
        waiting=len(contents.waiting), processing={name: len(ids) for name, ids in contents.processing.items()}
    )


def _recent_order(order: RecentOrder) -> models.RecentOrder:
    return models.RecentOrder(
        short_id=order.short_id, status=answers.STATUS[order.status], age=order.age, took=order.took
    )
