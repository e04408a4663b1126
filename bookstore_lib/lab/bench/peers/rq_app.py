"""RQ: each worker works on one job at a time."""

import os

from redis import Redis
from rq import Queue

from bookstore_lib.lab.bench.peers import work

_queue = Queue(connection=Redis.from_url(os.environ["BOOKSTORE_REDIS_URL"]))


async def start() -> None:
    """Get ready to push."""


async def push(order_id: str) -> None:
    """Queue an order."""
    _queue.enqueue(work.check_out, order_id, result_ttl=0)
