"""How far the checks of open orders have come: kept in Redis for whoever asks, for two minutes.

Only to look at: what counts is in the record once an order is settled. It may be lost, and lags by a twentieth of a
second, so that a busy executor writes many orders at once.
"""

import json
import logging
import threading
from collections.abc import Mapping

import redis

KEY = "orders:steps:"
_EVERY = 0.05
_KEPT_SECONDS = 120
# Redis is away for long: what nobody could read is not worth the memory.
_MOST = 1_000

log = logging.getLogger(__name__)


class Progress:
    """The steps of open orders. Thread-safe.

    Args:
        client: Redis.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._changed: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def note(self, order_id: str, steps: Mapping[str, str]) -> None:
        """The steps of an order stand like this now; `write` will tell."""
        with self._lock:
            if len(self._changed) < _MOST:
                self._changed[order_id] = dict(steps)

    def steps(self, order_id: str) -> dict[str, str]:
        """How each step of an order stands; empty when that is not known."""
        try:
            kept = self._client.get(KEY + order_id)
        except redis.RedisError:
            return {}
        return dict(json.loads(str(kept))) if kept else {}

    def write(self) -> None:
        """Keep what has been noted; nothing is tried again when Redis does not answer."""
        with self._lock:
            changed, self._changed = self._changed, {}
        if not changed:
            return
        try:
            with self._client.pipeline(transaction=False) as pipe:
                for order_id, steps in changed.items():
                    pipe.set(KEY + order_id, json.dumps(steps), ex=_KEPT_SECONDS)
                pipe.execute()
        except redis.RedisError as error:
            log.info("The progress of %d orders was not kept (%s)", len(changed), type(error).__name__)

    def write_until(self, ended: threading.Event) -> None:
        """Go on writing until `ended` is set."""
        while not ended.wait(_EVERY):
            self.write()
