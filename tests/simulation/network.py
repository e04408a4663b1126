"""What a process reaches through the network, and what can go wrong on the way."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis

from bookstore_lib.core.errors import BookstoreError, UnavailableError

REQUEST_LOST, REPLY_LOST, LATE = "the request is lost", "the reply is lost", "it is carried out a second later"
_LATE_SECONDS = 1.0


class Network:
    """Decides which calls of the stores go wrong.

    Args:
        now: The time, in seconds.
        later: Has something done after some seconds.
        note: Told the server, whenever something goes wrong.
    """

    def __init__(
        self,
        now: Callable[[], float],
        later: Callable[[float, Callable[[], Any]], None],
        note: Callable[[str], None],
    ) -> None:
        self._now, self._later, self._note = now, later, note
        self._losses: list[list[Any]] = []
        self._down_until = {"redis": 0.0, "postgres": 0.0}

    def lose(self, call: str, how: str, number: int) -> None:
        """Let the call of that number from now on, such as the second `queue.push`, go wrong."""
        self._losses.append([call, how, number])

    def cut(self, server: str, seconds: float) -> None:
        """Let nothing reach a server for some seconds."""
        self._down_until[server] = self._now() + seconds

    def heal(self) -> None:
        """Everything arrives from now on."""
        self._losses.clear()
        self._down_until = dict.fromkeys(self._down_until, 0.0)

    def carry(self, server: str, name: str, call: Callable[..., Any], arguments: Any, keywords: Any) -> Any:
        """One call of a store; raises what the real one raises when it gets no answer."""
        how = REQUEST_LOST if self._now() < self._down_until[server] else self._loss(name)
        if how is None:
            return call(*arguments, **keywords)
        self._note(server)
        if how == REPLY_LOST:
            call(*arguments, **keywords)
        elif how == LATE:
            self._later(_LATE_SECONDS, lambda: _attempt(call, arguments, keywords))
        raise redis.ConnectionError(how) if server == "redis" else UnavailableError(how)

    def _loss(self, name: str) -> str | None:
        for loss in self._losses:
            if loss[0] == name:
                loss[2] -= 1
                if not loss[2]:
                    self._losses.remove(loss)
                    return str(loss[1])
        return None


class Link:
    """A store as one process sees it.

    Args:
        network: Between the two.
        server: `redis` or `postgres`.
        name: Of the store in schedules, such as `queue`.
        store: Finds the store: a flushed one is another.
    """

    def __init__(self, network: Network, server: str, name: str, store: Callable[[], Any]) -> None:
        self._network, self._server, self._name, self._store = network, server, name, store

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            target = getattr(self._store(), method)
            return self._network.carry(self._server, name, target, arguments, keywords)

        name = f"{self._name}.{method}"
        setattr(self, method, call)  # found at once from now on
        return call


def _attempt(call: Callable[..., Any], arguments: Any, keywords: Any) -> None:
    with suppress(BookstoreError):  # nobody is there any more to be told
        call(*arguments, **keywords)
