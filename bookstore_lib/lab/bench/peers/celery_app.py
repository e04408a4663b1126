"""Celery with threads; a job is acknowledged once it is done."""

import os

from celery import Celery

from bookstore_lib.lab.bench.peers import work

app = Celery("peer", broker=os.environ["BOOKSTORE_REDIS_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
)
_task = app.task(work.check_out, name="check_out")


async def start() -> None:
    """Get ready to push."""


async def push(order_id: str) -> None:
    """Queue an order."""
    _task.delay(order_id)
