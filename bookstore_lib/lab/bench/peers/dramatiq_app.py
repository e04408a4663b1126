"""Dramatiq: processes with threads; a job is acknowledged once it is done."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bookstore_lib.lab.bench.peers import work

dramatiq.set_broker(RedisBroker(url=os.environ["BOOKSTORE_REDIS_URL"]))
_actor = dramatiq.actor(work.check_out)


async def start() -> None:
    """Get ready to push."""


async def push(order_id: str) -> None:
    """Queue an order."""
    _actor.send(order_id)
