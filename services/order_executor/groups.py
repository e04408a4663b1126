"""What the leader does for many orders at once: reads, settlements, outcomes, acknowledgements."""

from collections.abc import Sequence
from typing import NamedTuple

from bookstore_lib.runtime.crash_points import crash_point
from bookstore_lib.runtime.group import Group
from bookstore_lib.runtime.order_store import Ending, OrderStore, Settlement, StoredOrder
from bookstore_lib.runtime.outcomes import OutcomePublisher
from bookstore_lib.runtime.redis_queue import OrderQueue

# So many orders settle in one transaction: a new epoch waits for it.
_MOST = 64


class Groups(NamedTuple):
    """Where an order's steps join those of others.

    Attributes:
        load: Order ids to orders.
        settle: Endings to settlements.
        retry: Ids of orders that were begun and did not end.
        publish: Ids of orders whose outcome is to be told.
        acknowledge: Ids of orders that are done.
    """

    load: Group[str, StoredOrder]
    settle: Group[Ending, Settlement]
    retry: Group[str, None]
    publish: Group[str, None]
    acknowledge: Group[str, None]

    def start(self) -> None:
        """Begin."""
        for group in self:
            group.start()

    def release(self) -> None:
        """Let what was put begin."""
        for group in self:
            group.release()

    def close(self) -> None:
        """Carry out what still waits, and end."""
        for group in self:
            group.close()


def groups_for(store: OrderStore, queue: OrderQueue, publisher: OutcomePublisher, consumer: str) -> Groups:
    """The groups of an executor.

    Args:
        store: The record.
        queue: The queue.
        publisher: Tells the outcomes.
        consumer: Names the executor's processing list.
    """

    def settle(endings: Sequence[Ending]) -> Sequence[Settlement | Exception]:
        with crash_point("settle"):
            return store.settle_many(endings)

    def retry(order_ids: Sequence[str]) -> list[Exception | None]:
        store.count_attempts(order_ids)
        return [None] * len(order_ids)

    def publish(order_ids: Sequence[str]) -> list[Exception | None]:
        publisher.publish(order_ids)
        return [None] * len(order_ids)

    def acknowledge(order_ids: Sequence[str]) -> list[Exception | None]:
        with crash_point("acknowledge"):
            queue.acknowledge(consumer, *order_ids)
        return [None] * len(order_ids)

    return Groups(
        Group("load", store.load_many, _MOST),
        Group("settle", settle, _MOST),
        Group("retry", retry, _MOST),
        Group("publish", publish, _MOST),
        Group("acknowledge", acknowledge, _MOST),
    )
