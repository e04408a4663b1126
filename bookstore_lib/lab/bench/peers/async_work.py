"""The job of peers that work on an event loop: the same calls as in `work`, and nothing waits in a thread."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping
from contextlib import ExitStack
from functools import cache, partial
from typing import Any, Protocol

import redis.asyncio

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.order import Order
from bookstore_lib.lab.bench.peers import keys, work
from bookstore_lib.lab.bench.peers.unary import UnaryServices
from bookstore_lib.runtime.messages import request_for
from bookstore_lib.runtime.rpc_client import Call, ServiceClient
from bookstore_lib.runtime.service_clients import connect_services


class Services(Protocol):
    """What calls the services."""

    names: tuple[str, ...]

    def start(self, service: str, procedure: str, request: Any) -> Awaitable[Any]:
        """Begin a call; awaiting what is returned gives the reply, or raises `BookstoreError`."""


class AsyncWork:
    """Checks orders out on the running event loop; make one there."""

    def __init__(self) -> None:
        parts = work.Parts()
        self._tracker, self._answers = parts.tracker, parts.answers
        # The calls of our own transport go through its client; single ones are cheaper with gRPC's own for asyncio.
        streams = parts.settings.transport == "stream"
        self._services: Services = (
            StreamServices(connect_services(parts.settings, parts.tracker, ExitStack()))
            if streams
            else UnaryServices(parts.settings, parts.tracker)
        )
        self._redis = redis.asyncio.Redis.from_url(parts.settings.redis_url)

    async def check_out(self, order_id: str) -> None:
        """Check an order out.

        Raises:
            BookstoreError: A check said no, or a service does not answer.
        """
        order = work.order_of(order_id)
        calls = {step: self._start(step, order) for step in work.FIRST}
        for step in work.THEN:
            for need in STEPS[step].needs:
                work.require_passed(need, await calls.pop(need))
            calls[step] = self._start(step, order)
        await calls["get_suggestions"]
        clear = work.clear_request(order_id, self._tracker)
        for call in [self._services.start(name, "ClearOrder", clear) for name in self._services.names]:
            work.require_cleared(await call)
        self._tracker.forget(order_id)
        await (self._redis.publish(keys.CHANNEL, order_id) if self._answers else self._redis.incr(keys.DONE))

    def _start(self, step: str, order: Order) -> Awaitable[Any]:
        return self._services.start(STEPS[step].service, STEPS[step].procedure, request_for(step, order))


class StreamServices:
    """Our own clients on an event loop: what is begun in one turn of the loop leaves together.

    Args:
        clients: The services by name.
    """

    def __init__(self, clients: Mapping[str, ServiceClient]) -> None:
        self.names = tuple(clients)
        self._clients = clients
        self._loop = asyncio.get_running_loop()
        self._over = deque[tuple[asyncio.Future[Any], Call]]()
        self._told = self._releasing = False

    def start(self, service: str, procedure: str, request: Any) -> Awaitable[Any]:
        """Begin a call; awaiting what is returned gives the reply, or raises `BookstoreError`."""
        future = self._loop.create_future()
        self._clients[service].start(procedure, request, partial(self._on_done, future))
        if not self._releasing:
            self._releasing = True
            self._loop.call_soon(self._release)
        return _reply(future)

    def _release(self) -> None:
        self._releasing = False
        for client in self._clients.values():
            client.release()

    def _on_done(self, future: "asyncio.Future[Any]", call: Call) -> None:
        """From another thread: wake the loop up once for all calls that are over by then."""
        self._over.append((future, call))
        if not self._told:
            self._told = True
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._told = False  # first, so that whoever comes from now on tells again
        while self._over:
            future, call = self._over.popleft()
            if not future.done():
                future.set_result(call)


async def _reply(future: "asyncio.Future[Any]") -> Any:
    return (await future).result()


@cache
def _work_of(_loop: asyncio.AbstractEventLoop) -> AsyncWork:
    return AsyncWork()


async def check_out(order_id: str) -> None:
    """The job; errors as in `AsyncWork.check_out`."""
    await _work_of(asyncio.get_running_loop()).check_out(order_id)
