"""Puts the orchestrator together."""

from contextlib import ExitStack
from functools import partial
from threading import Event

import redis

from bookstore_lib.core.errors import UnavailableError
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.checkout import Checkout
from bookstore_lib.runtime.http_server import serve_http
from bookstore_lib.runtime.order_trace import events_of
from bookstore_lib.runtime.outcomes import CHANNEL, OutcomeBoard, listen
from bookstore_lib.runtime.postgres import open_record
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.progress import Progress
from bookstore_lib.runtime.recent_orders import recent_orders
from bookstore_lib.runtime.redis_client import connect, connected
from bookstore_lib.runtime.redis_lease import RedisLease
from bookstore_lib.runtime.redis_queue import RedisQueue
from bookstore_lib.runtime.service import start_thread
from bookstore_lib.runtime.service_clients import connect_services
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.orchestrator.app import Parts, create_app
from services.orchestrator.clock_diagram import ClockDiagrams
from services.orchestrator.desk import Desk
from services.orchestrator.overview import Overview
from services.orchestrator.streams import Streams

# Requests that wait for the outcome of an order, streams that follow one, and threads that never do either: others
# shall be served however slow orders are.
_SEATS = 112
_STREAMS = 32
_ALWAYS_FREE = 16
_RECENT = 20
_CHECKS = 32
_HEALTH_SECONDS = 1.0
# An order is not held up longer by a look at the queue's length when Redis is silent.
_GLANCE_SECONDS = 0.2


def start(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> None:
    """Connect, migrate the record, and serve; the stack ends it all in the reverse order.

    Raises:
        SetupError: A server cannot be reached or a setting is wrong.
    """
    database = open_record(settings.postgres_url, parts, connections=16)
    client, glance = connect(settings.redis_url), connect(settings.redis_url, _GLANCE_SECONDS)
    parts.callback(client.close)
    parts.callback(glance.close)
    store = PostgresOrderStore(database, CardSeal(settings.card_key))
    lease, board, catalogue = RedisLease(client), OutcomeBoard(tracker), Catalogue(database)
    services, progress = connect_services(settings, tracker, parts), Progress(client)
    checkout = Checkout(services, tracker, _CHECKS, progress.note) if settings.coordinator == "orchestrator" else None
    if checkout is not None:
        parts.callback(checkout.close)
    queue, queue_length = RedisQueue(client), RedisQueue(glance).length
    desk = Desk(store, catalogue, queue, board, tracker, checkout, _SEATS)
    parts.callback(desk.close)

    def leader() -> tuple[str | None, int]:
        return lease.holder(), store.current_epoch()

    def health() -> dict[str, bool]:
        checks = {name: service.healthy(_HEALTH_SECONDS) for name, service in services.items()}
        return {**checks, "redis": _answers(client), "postgres": _reachable(store)}

    ended = Event()
    parts.callback(start_thread(progress.write_until, "progress", [ended]).join)
    parts.callback(start_thread(listen, "outcomes", (client, CHANNEL, board.announce, ended)).join)
    parts.callback(ended.set)
    recent = partial(recent_orders, database, _RECENT)
    overview = Overview(tracker.process, health, partial(connected, client), lease, store.current_epoch, queue, recent)
    streams, diagrams = Streams(desk, progress.steps, _STREAMS), ClockDiagrams(partial(events_of, settings.trace_dir))
    app = create_app(
        Parts(desk, catalogue, leader, health, progress.steps, queue_length, streams, diagrams, overview.status),
        settings,
    )
    serve_http(app, settings.http_listen, parts, _SEATS + _STREAMS + _ALWAYS_FREE)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _reachable(store: PostgresOrderStore) -> bool:
    try:
        store.current_epoch()
    except UnavailableError:
        return False
    return True
