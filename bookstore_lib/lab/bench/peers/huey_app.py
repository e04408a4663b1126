"""Huey with threads; a job is taken from the list before it is done."""

import os

from huey import RedisHuey

from bookstore_lib.lab.bench.peers import work

huey = RedisHuey("peer", url=os.environ["BOOKSTORE_REDIS_URL"], results=False)
_task = huey.task(name="check_out")(work.check_out)


async def start() -> None:
    """Get ready to push."""


async def push(order_id: str) -> None:
    """Queue an order."""
    _task(order_id)
