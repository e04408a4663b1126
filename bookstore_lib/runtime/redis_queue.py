"""The queue of order ids: a reliable queue on Redis lists, and its twin in memory.

Follows the pattern of the Redis documentation of LMOVE: an id moves to its consumer's processing list in one step and
stays there until it is acknowledged, so a consumer that dies loses nothing. It promises *at least once*, not *once*: an
id can come again after a crash, and whoever handles it has to find out that the work is done already. Redis may be
wiped; the record knows which ids to push again.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import redis

QUEUE = "orders:queue"
PROCESSING = "orders:processing:"
CONSUMERS = "orders:consumers"

# KEYS[1] the set of consumers, KEYS[2] the queue; ARGV[1] prefix of processing lists, ARGV[2] who keeps its own.
# Puts what others hold back where it is taken next; oldest first. Their names stay in the set: a frozen consumer whose
# blocked take is answered later must not hold an id where nobody looks.
_TAKE_OVER = """
local moved = {}
for _, consumer in ipairs(redis.call("SMEMBERS", KEYS[1])) do
  if consumer ~= ARGV[2] then
    repeat
      local id = redis.call("LMOVE", ARGV[1] .. consumer, KEYS[2], "LEFT", "RIGHT")
      if id then moved[#moved + 1] = id end
    until not id
  end
end
return moved
"""


class QueueContents(NamedTuple):
    """Everything in the queue at one moment.

    Attributes:
        waiting: Ids that nobody has taken, next first.
        processing: Ids by the consumer that holds them.
    """

    waiting: list[str]
    processing: dict[str, list[str]]

    def all_ids(self) -> set[str]:
        """Every id that some list holds."""
        return {*self.waiting, *(order_id for ids in self.processing.values() for order_id in ids)}


class OrderQueue(Protocol):
    """A queue that forgets an id only when it is acknowledged."""

    def push(self, order_ids: Iterable[str]) -> None:
        """Append ids."""

    def take(self, consumer: str, timeout: float, most: int = 1) -> list[str]:
        """Move the next ids, in their order, to the consumer's processing list.

        Args:
            consumer: Whose list.
            timeout: Seconds to wait for the first one.
            most: Ids to take, where so many wait.
        """

    def acknowledge(self, consumer: str, *order_ids: str) -> int:
        """The work of these ids is done: forget them; says how many entries the consumer still held."""

    def give_back(self, consumer: str) -> None:
        """Put back what this consumer holds, where it is taken next."""

    def take_over(self, consumer: str) -> list[str]:
        """Put back what all consumers but this one hold; returns the ids."""

    def held_by(self, consumer: str) -> list[str]:
        """What this consumer holds."""

    def contents(self) -> QueueContents:
        """What is in the queue."""

    def length(self) -> int:
        """How many ids nobody has taken."""


class RedisQueue:
    """The queue on a Redis server; every method raises `redis.RedisError` when it does not answer.

    Args:
        client: A client that does not retry, and waits for replies longer than any `timeout` given to `take`.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._take_over = client.register_script(_TAKE_OVER)

    def push(self, order_ids: Iterable[str]) -> None:
        """Append ids."""
        ids = list(order_ids)
        if ids:
            self._client.lpush(QUEUE, *ids)

    def take(self, consumer: str, timeout: float, most: int = 1) -> list[str]:
        """Move the next ids to the consumer's processing list."""
        # Registered first: a processing list that nobody knows of would never be taken over.
        with self._client.pipeline(transaction=True) as pipe:
            pipe.sadd(CONSUMERS, consumer)
            for _ in range(most):
                pipe.lmove(QUEUE, PROCESSING + consumer, "RIGHT", "LEFT")
            _, *taken = pipe.execute()
        if taken[0] is None and timeout > 0:
            wait: Any = timeout  # the server takes fractions of a second; the client's types do not know
            taken = [self._client.blmove(QUEUE, PROCESSING + consumer, wait, "RIGHT", "LEFT")]
        return [str(order_id) for order_id in taken if order_id is not None]

    def acknowledge(self, consumer: str, *order_ids: str) -> int:
        """The work of these ids is done: forget them."""
        with self._client.pipeline(transaction=False) as pipe:
            for order_id in order_ids:
                pipe.lrem(PROCESSING + consumer, 0, order_id)
            return sum(pipe.execute())

    def give_back(self, consumer: str) -> None:
        """Put back what this consumer holds."""
        while self._client.lmove(PROCESSING + consumer, QUEUE, "LEFT", "RIGHT") is not None:
            pass

    def take_over(self, consumer: str) -> list[str]:
        """Put back what all consumers but this one hold."""
        return list(map(str, self._take_over(keys=[CONSUMERS, QUEUE], args=[PROCESSING, consumer])))

    def held_by(self, consumer: str) -> list[str]:
        """What this consumer holds."""
        return list(map(str, self._client.lrange(PROCESSING + consumer, 0, -1)))

    def contents(self) -> QueueContents:
        """What is in the queue; waiting and processing are read in one step."""
        consumers = sorted(map(str, self._client.smembers(CONSUMERS)))
        with self._client.pipeline(transaction=True) as pipe:
            for key in [QUEUE, *(PROCESSING + consumer for consumer in consumers)]:
                pipe.lrange(key, 0, -1)
            waiting, *held = pipe.execute()
        return QueueContents(waiting[::-1], {c: ids for c, ids in zip(consumers, held, strict=True) if ids})

    def length(self) -> int:
        """How many ids nobody has taken."""
        return int(self._client.llen(QUEUE))


class MemoryQueue:
    """The same in memory, for one process: tests and simulations. `take` does not wait."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._processing: dict[str, list[str]] = {}

    def push(self, order_ids: Iterable[str]) -> None:
        """Append ids."""
        self._waiting.extend(order_ids)

    def take(self, consumer: str, timeout: float, most: int = 1) -> list[str]:  # noqa: ARG002 - nobody else could push
        """Move the next ids to the consumer's processing list."""
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        self._processing[consumer] = [*taken[::-1], *self._processing.get(consumer, [])]
        return taken

    def acknowledge(self, consumer: str, *order_ids: str) -> int:
        """The work of these ids is done: forget them."""
        held = self._processing.get(consumer, [])
        self._processing[consumer] = [other for other in held if other not in order_ids]
        return len(held) - len(self._processing[consumer])

    def give_back(self, consumer: str) -> None:
        """Put back what this consumer holds."""
        for order_id in self._processing.pop(consumer, []):
            self._waiting.insert(0, order_id)

    def take_over(self, consumer: str) -> list[str]:
        """Put back what all consumers but this one hold."""
        others = [name for name in self._processing if name != consumer]
        moved = [order_id for name in others for order_id in self._processing[name]]
        for name in others:
            self.give_back(name)
        return moved

    def held_by(self, consumer: str) -> list[str]:
        """What this consumer holds."""
        return list(self._processing.get(consumer, []))

    def contents(self) -> QueueContents:
        """What is in the queue."""
        return QueueContents(list(self._waiting), {c: list(ids) for c, ids in self._processing.items() if ids})

    def length(self) -> int:
        """How many ids nobody has taken."""
        return len(self._waiting)
