"""Real servers in this process; each has a tracker of its own, as each process has."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from bookstore_lib.core.causality import causal_order, check_clocks
from bookstore_lib.core.order import Address, Card, Item, Order
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.pb import fraud_detection_pb2_grpc, suggestions_pb2_grpc, transaction_verification_pb2_grpc
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.checkout import Checkout
from bookstore_lib.runtime.checkout_flow import CheckoutFlow
from bookstore_lib.runtime.outcomes import OutcomePublisher
from bookstore_lib.runtime.pipeline import Pipeline
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.redis_queue import MemoryQueue
from bookstore_lib.runtime.rpc_client import ServiceClient
from bookstore_lib.runtime.rpc_server import RpcServer
from bookstore_lib.runtime.service_clients import TRANSPORTS
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.stream_client import StreamClient
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.fraud_detection.servicer import FraudDetection
from services.fraud_detection.velocity import Velocity
from services.order_executor.groups import groups_for
from services.order_executor.handler import Handler
from services.suggestions.servicer import Suggestions
from services.transaction_verification.servicer import TransactionVerification
from tests.support import eventually, serving

IDLE_SECONDS = 600.0
TODAY = date(2026, 6, 15)
_RPC: dict[str, tuple[Any, Any]] = {
    "transaction_verification": (
        transaction_verification_pb2_grpc.TransactionVerificationStub,
        transaction_verification_pb2_grpc.add_TransactionVerificationServicer_to_server,
    ),
    "fraud_detection": (
        fraud_detection_pb2_grpc.FraudDetectionStub,
        fraud_detection_pb2_grpc.add_FraudDetectionServicer_to_server,
    ),
    "suggestions": (
        suggestions_pb2_grpc.SuggestionsStub,
        suggestions_pb2_grpc.add_SuggestionsServicer_to_server,
    ),
}
_FAULTS: dict[str, Callable[[Order], Order]] = {
    "bad_card": lambda order: replace(order, card=Card("4111111111111112", "12/30", "12")),
    "bad_address": lambda order: replace(order, address=order.address._replace(city="", zip="?")),
    "suspicious": lambda order: replace(order, name="Mallory Fraudster"),
}


class Run:
    """One run of the system: its processes' trackers and servers, and all that they traced.

    Args:
        folder: Where the traces go.
        parts: Ends what was started.
        transport: How calls go.
    """

    def __init__(self, folder: Path, parts: ExitStack, transport: str) -> None:
        self._folder, self.parts, self.transport = folder, parts, transport
        self._trackers: dict[str, OrderEventTracker] = {}

    def tracker(self, process: str) -> OrderEventTracker:
        """The tracker of a process, the same each time."""
        if process not in self._trackers:
            trace = TraceLog(self._folder, process)
            self.parts.callback(trace.close)
            self._trackers[process] = OrderEventTracker(trace)
        return self._trackers[process]

    def serve(self, process: str, add: Callable[..., None], servicer: Any, listen: str = "127.0.0.1:0") -> str:
        """Start a server; returns where it listens."""
        server = RpcServer(listen, self.tracker(process), [lambda s: add(servicer, s)])
        server.start()
        self.parts.callback(server.stop, 0)
        return f"127.0.0.1:{server.port}"

    def client(self, name: str, address: str, process: str = "executor-1", deadline: float = 10) -> ServiceClient:
        """A client of one of the three services, in the name of a process, by this run's transport.

        Its stream, where it has one, opens as soon as somebody serves: see `opened`.
        """
        client = TRANSPORTS[self.transport](name, address, _RPC[name][0], self.tracker(process), deadline)
        self.parts.callback(client.close)
        return client

    def events(self, order_id: str | None = None, process: str | None = None) -> list[TraceEvent]:
        """What has been traced: of an order, in a process, or everything; each process's events in their order."""
        # What comes after the last end of a line is being written just now.
        lines = [line for file in sorted(self._folder.glob("*.jsonl")) for line in file.read_text().split("\n")[:-1]]
        events = map(TraceEvent.from_json, lines)
        return [e for e in events if order_id in (None, e.order_id) and process in (None, e.process)]

    def named(self, name: str, kind: str = "local") -> list[TraceEvent]:
        """The events of this name and kind."""
        return [event for event in self.events() if (event.name, event.kind) == (name, kind)]


def opened(client: ServiceClient) -> ServiceClient:
    """The client, once its calls go the way that its transport is named after; where nobody serves, they never do."""
    if isinstance(client, StreamClient) and client.healthy(0.5):
        exchange = client.exchange
        eventually(lambda: exchange.open)
    return client


class Services:
    """The three services. A server starts when its address is first asked for; change its servicer before that.

    Attributes:
        now: The time of their sessions, in seconds.
        sessions: What each service remembers.
        servicers: What each service does.
        addresses: Where each listens, as far as it was started.
    """

    def __init__(self, run: Run, catalogue: Catalogue) -> None:
        self._run = run
        self.now = 0.0
        self.sessions = {name: Sessions[Any](run.tracker(name), IDLE_SECONDS, lambda: self.now) for name in _RPC}
        parts = {name: (self.sessions[name], run.tracker(name)) for name in _RPC}
        verification, fraud, suggestions = (parts[name] for name in _RPC)
        self.servicers: dict[str, Any] = {
            "transaction_verification": TransactionVerification(*verification, today=lambda: TODAY),
            "fraud_detection": FraudDetection(fraud[0], Velocity(), fraud[1]),
            "suggestions": Suggestions(suggestions[0], catalogue, suggestions[1]),
        }
        self.addresses: dict[str, str] = {}

    def address(self, name: str) -> str:
        """Where a service listens."""
        if name not in self.addresses:
            self.addresses[name] = self._run.serve(name, _RPC[name][1], self.servicers[name])
        return self.addresses[name]

    def clients(self, process: str = "executor-1", deadline: float = 10) -> dict[str, ServiceClient]:
        """Clients of all services, in the name of a process."""
        return {name: opened(self._run.client(name, self.address(name), process, deadline)) for name in _RPC}

    def checkout(self, process: str = "executor-1", deadline: float = 10) -> Checkout:
        """The checkout, in the name of a process."""
        checkout = Checkout(self.clients(process, deadline), self._run.tracker(process), threads=32)
        self._run.parts.callback(checkout.close)
        return checkout

    def flow(self, process: str = "executor-1", deadline: float = 10) -> CheckoutFlow:
        """The checkout as work for a pipeline, in the name of a process."""
        return CheckoutFlow(self.clients(process, deadline), self._run.tracker(process))


class Working:
    """What works on orders in an executor, without its election.

    Args:
        run: Ends it.
        name: The executor's.
        store: The record.
        queue: The queue.
        channel: Where outcomes are published.
        checkout: Runs the checks and the clearing.
        on_stale: Told the epoch that the record refuses.
    """

    def __init__(
        self, run: Run, name: str, store: Any, queue: Any, channel: Any, checkout: Any, on_stale: Callable[[int], None]
    ) -> None:
        tracker = run.tracker(name)
        groups = groups_for(store, queue, OutcomePublisher(channel, tracker), name)

        def release() -> None:
            groups.release()
            for client in getattr(checkout, "_services", {}).values():
                client.release()

        self.pipeline = Pipeline(tracker.together, release)
        self.handler = Handler(groups, checkout, tracker, on_stale)
        for part in (groups, self.pipeline):
            part.start()
            run.parts.callback(part.close)

    def handle(self, order_id: str, epoch: int) -> float | None:
        """Work on an order until it ends, or has to be tried again after some seconds."""
        ended = SimpleQueue[tuple[float | None, BaseException | None]]()
        self.pipeline.begin(partial(self.handler.handle, order_id, epoch), lambda *end: ended.put(end))
        pause, error = ended.get(timeout=60)
        if error is not None:
            raise error
        return pause


class WaitingQueue(MemoryQueue):
    """The queue in memory for several threads: `take` waits, as it does with Redis."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def push(self, order_ids: Iterable[str]) -> None:
        """Append ids and wake who waits."""
        with self._changed:
            super().push(order_ids)
            self._changed.notify_all()

    def take(self, consumer: str, timeout: float, most: int = 1) -> list[str]:
        """Move the next ids to the consumer's processing list, waiting for one."""
        with self._changed:
            # Never long: who waits here is waited for when a test ends.
            self._changed.wait_for(lambda: self._waiting, min(timeout, 0.05))
            return super().take(consumer, 0, most)

    def acknowledge(self, consumer: str, *order_ids: str) -> int:
        """Forget the ids."""
        with self._changed:
            return super().acknowledge(consumer, *order_ids)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("postgres")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        server = PostgresServer(folder / "server", reserve_port().number)
        server.prepare()
    with serving(server, folder / "postgres.log"):
        database = Database(server.url, connections=16)
        yield database
        database.close()


@pytest.fixture
def catalogue(database: Database) -> Catalogue:
    return Catalogue(database)


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Any:
    """Everything is promised of both transports."""
    return request.param


@pytest.fixture
def run(tmp_path: Path, transport: str) -> Iterator[Run]:
    """Whatever a test does, the clocks that it leaves have to be right."""
    with ExitStack() as parts:
        run = Run(tmp_path / "traces", parts, transport)
        yield run
    events = run.events()
    assert check_clocks(events) == []
    assert len(causal_order(events)) == len(events)


@pytest.fixture
def services(run: Run, catalogue: Catalogue) -> Services:
    return Services(run, catalogue)


@pytest.fixture
def new_order() -> Callable[..., Order]:
    numbers = itertools.count(1)

    def make(*faults: str) -> Order:
        number = next(numbers)
        order = Order(
            order_id=f"order-{number}",
            name="Ada Reader",
            contact=f"reader-{number}@example.org",
            card=Card("4111111111111111", "12/30", "123"),
            address=Address("12 Library Lane", "Springfield", "IL", "62701", "USA"),
            items=(Item("Frankenstein", 2, 1075, 3),),
        )
        for fault in faults:
            order = _FAULTS[fault](order)
        return order

    return make


@pytest.fixture
def queue() -> WaitingQueue:
    return WaitingQueue()


@pytest.fixture
def dead_address() -> Iterator[str]:
    """An address where nobody listens, and nobody else can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"
