"""TaskIQ: coroutines on an event loop (uvloop); a job is acknowledged in a stream once it is done."""

import os

from taskiq_redis import RedisStreamBroker

from bookstore_lib.lab.bench.peers import async_work

# From the stream's beginning: the backlog is there before the workers are.
broker = RedisStreamBroker(os.environ["BOOKSTORE_REDIS_URL"], consumer_id="0")
_task = broker.task(task_name="check_out")(async_work.check_out)


async def start() -> None:
    """Get ready to push."""
    await broker.startup()


async def push(order_id: str) -> None:
    """Queue an order."""
    await _task.kiq(order_id)
