"""SAQ: coroutines on an event loop."""

import os
from typing import Any

from saq import Queue

from bookstore_lib.lab.bench.peers import async_work, keys

_SWEEP_SECONDS = 600
_queue = Queue.from_url(os.environ["BOOKSTORE_REDIS_URL"])


async def check_out(_context: Any, *, order_id: str) -> None:
    """The job."""
    await async_work.check_out(order_id)


settings = {
    "queue": _queue,
    "functions": [check_out],
    "concurrency": int(os.environ[keys.CONCURRENCY]),
}


async def start() -> None:
    """Get ready to push."""
    await _queue.connect()
    # Its workers look for stuck jobs as soon as they start, and take those for stuck, and delete them, that another
    # worker has just fetched. Here that look has been; the next one is due after the benchmark.
    await _queue.sweep(_SWEEP_SECONDS)


async def push(order_id: str) -> None:
    """Queue an order."""
    await _queue.enqueue("check_out", order_id=order_id, ttl=-1, retries=3)
