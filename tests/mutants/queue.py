"""Mistakes of those who put orders into the queue and take them out."""

from redis.backoff import NoBackoff
from redis.retry import Retry

from bookstore_lib.runtime import redis_client
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.redis_queue import QUEUE, RedisQueue
from services.order_executor.handler import Handler
from tests.mutants.swap import instead_of


def acknowledge_first():
    """The queue is told that an order is done before it is settled."""

    @instead_of(Handler, "_settle")
    def settle(right, handler, stored, epoch, outcome):
        order_id = stored.order.order_id
        handler._tracker.local(order_id, "acknowledged")
        handler._queue.acknowledge(handler._tracker.process, order_id)
        return right(handler, stored, epoch, outcome)


def bare_pop():
    """An order is taken out of the queue and put into no other list while it is worked on."""

    @instead_of(RedisQueue, "take")
    def take(_right, queue, _consumer, timeout):
        popped = queue._client.brpop([QUEUE], timeout)
        return popped[1] if popped else None


def retrying_client():
    """The client of Redis sends a command again when its reply is lost."""

    @instead_of(redis_client, "connect")
    def connect(right, *arguments, **keywords):
        client = right(*arguments, **keywords)
        client.set_retry(Retry(NoBackoff(), 3))
        return client


def no_sweep():
    """The leader does not look for open orders that no list holds."""

    @instead_of(PostgresOrderStore, "open_orders")
    def open_orders(_right, _store, _min_age):
        return []
