"""Telling whoever waits for an order that it has an outcome: a Redis channel, with the clock riding along.

A publication can be lost (nobody listens, Redis is away); it only wakes those who wait, and they read the record.
"""

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import redis

from bookstore_lib.runtime.rpc_context import from_bytes, to_bytes
from bookstore_lib.runtime.tracker import OrderEventTracker, Stamp

CHANNEL = "orders:outcomes"


class OutcomePublisher:
    """Says that orders are settled.

    Args:
        client: A client that does not retry.
        tracker: Records the message.
    """

    def __init__(self, client: redis.Redis, tracker: OrderEventTracker) -> None:
        self._client, self._tracker = client, tracker

    def publish(self, order_ids: Sequence[str]) -> None:
        """Wake whoever waits for these orders; raises `redis.RedisError` when the server does not answer."""
        with self._tracker.together():
            messages = [self._message(order_id) for order_id in order_ids]
        self._client.publish(CHANNEL, " ".join(messages))

    def _message(self, order_id: str) -> str:
        stamp = self._tracker.send(order_id, "outcome", "orchestrator")
        return base64.b64encode(to_bytes(order_id, stamp)).decode()


class OutcomeBoard:
    """Where requests wait for the outcomes of their orders. Thread-safe.

    Args:
        tracker: Records the messages that come.
    """

    def __init__(self, tracker: OrderEventTracker) -> None:
        self._tracker = tracker
        self._waiting: dict[str, list[threading.Event]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def expecting(self, order_id: str) -> Iterator[threading.Event]:
        """An event for the time of the block, set when the order's outcome is published in it."""
        woken = threading.Event()
        with self._lock:
            self._waiting.setdefault(order_id, []).append(woken)
        try:
            yield woken
        finally:
            with self._lock:
                self._waiting[order_id].remove(woken)
                if not self._waiting[order_id]:
                    del self._waiting[order_id]

    def announce(self, message: str) -> None:
        """Take what was published together: merge the clocks and wake whoever waits."""
        for outcome in message.split():
            self._announce(*from_bytes(base64.b64decode(outcome)))

    def _announce(self, order_id: str, stamp: Stamp) -> None:
        self._tracker.receive(order_id, "outcome", stamp)
        with self._lock:
            waiting = list(self._waiting.get(order_id, ()))
        if not waiting:
            self._tracker.forget(order_id)
        for woken in waiting:
            woken.set()


def listen(client: redis.Redis, channel: str, take: Callable[[str], None], stopped: threading.Event) -> None:
    """Call `take` with every message on a channel; returns within a second after `stopped` is set.

    Messages sent while Redis is away are missed: use it for wake-ups only.

    Args:
        client: Its replies may take a second.
        channel: Which channel.
        take: Called from this thread.
        stopped: Set by whoever wants this to end.
    """
    while not stopped.is_set():
        try:
            with client.pubsub(ignore_subscribe_messages=True) as messages:  # type: ignore[no-untyped-call]
                messages.subscribe(channel)
                while not stopped.is_set():
                    message = messages.get_message(timeout=0.5)
                    if message is not None:
                        take(message["data"])
        except redis.RedisError:
            stopped.wait(0.5)
