"""Connections to the Redis-protocol server."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.settings import variable, without_password

_TIMEOUT = 2.0


def require_answer(url: str) -> None:
    """Ask the server whether it is there.

    Raises:
        SetupError: It is not, or does not let us in.
    """
    try:
        with connect(url) as client:
            client.ping()
    except redis.RedisError as error:
        raise SetupError(
            f"Redis at {without_password(url)} does not answer ({type(error).__name__}); start it or mend the URL."
        ) from error


def connect(url: str, timeout: float = _TIMEOUT, name: str | None = None) -> redis.Redis:
    """A client that never retries by itself.

    A client of redis-py may send a command again when its reply is lost, and a push that had already happened then
    happens twice. Whoever calls knows whether a repetition is harmless; the client does not.

    Args:
        url: `redis://[:password@]host:port/db`.
        timeout: Seconds that a connection or a reply may take; more than a blocking command blocks.
        name: What `connected` calls this client's process.

    Raises:
        SetupError: The URL makes no sense.
    """
    try:
        client: redis.Redis = redis.Redis.from_url(
            url,
            client_name=name,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
            retry_on_error=[],
            socket_timeout=timeout,
            socket_connect_timeout=min(timeout, _TIMEOUT),
        )
    except ValueError as error:
        raise SetupError(
            f"{variable('redis_url')}={without_password(url)!r} is no URL; it looks like redis://host:6379/0."
        ) from error
    return client


def connected(client: redis.Redis) -> list[str]:
    """The names of the processes that have a connection to the server now, sorted; of those that gave one.

    A killed process is gone at once; one that is frozen, or whose link is cut, stays until its connection ends.

    Raises:
        redis.RedisError: The server does not answer, or does not tell who is there.
    """
    connections: list[dict[str, str]] = client.client_list(_type="normal")
    return sorted({connection["name"] for connection in connections} - {""})
