"""Connections to the Redis-protocol server."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_TIMEOUT = 2.0


def connect(url: str, timeout: float = _TIMEOUT) -> redis.Redis:
    """A client that never retries by itself.

    redis-py sends a command again when its reply is lost, and a push that had already happened then happens twice.
    Whoever calls knows whether a repetition is harmless; the client does not.

    Args:
        url: `redis://[:password@]host:port/db`.
        timeout: Seconds that a connection or a reply may take; more than a blocking command blocks.
    """
    client: redis.Redis = redis.Redis.from_url(
        url,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, _TIMEOUT),
    )
    return client
