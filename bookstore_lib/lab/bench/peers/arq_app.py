"""arq: coroutines on an event loop; a job stays in the queue until it is done."""

import os
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings

from bookstore_lib.lab.bench.peers import async_work, keys

_settings = RedisSettings.from_dsn(os.environ["BOOKSTORE_REDIS_URL"])
_pools: list[Any] = []


async def check_out(_context: Any, order_id: str) -> None:
    """The job."""
    await async_work.check_out(order_id)


class WorkerSettings:
    """What arq's command is told."""

    functions = (check_out,)
    redis_settings = _settings
    max_jobs = int(os.environ[keys.CONCURRENCY])
    keep_result = 0
    poll_delay = 0.05
    log_results = False


async def start() -> None:
    """Get ready to push."""
    _pools.append(await create_pool(_settings))


async def push(order_id: str) -> None:
    """Queue an order."""
    await _pools[0].enqueue_job("check_out", order_id)
