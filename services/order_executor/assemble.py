"""Puts an executor together."""

from contextlib import ExitStack
from threading import Event

from bookstore_lib.core.lease import Candidate
from bookstore_lib.pb.order_executor_pb2_grpc import add_OrderExecutorServicer_to_server
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.checkout_flow import CheckoutFlow
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.http_server import serve_http
from bookstore_lib.runtime.leader_watch import LeaderWatch
from bookstore_lib.runtime.outcomes import OutcomePublisher, listen
from bookstore_lib.runtime.pipeline import Pipeline
from bookstore_lib.runtime.postgres import open_record
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.progress import Progress
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.redis_lease import WAKE_CHANNEL, RedisLease
from bookstore_lib.runtime.redis_queue import RedisQueue
from bookstore_lib.runtime.rpc_tls import Tls
from bookstore_lib.runtime.service import serve_grpc, start_thread
from bookstore_lib.runtime.service_clients import connect_services
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.order_executor import rules
from services.order_executor.debug_server import create_debug_app
from services.order_executor.groups import groups_for
from services.order_executor.handler import Handler
from services.order_executor.places import Places
from services.order_executor.servicer import OrderExecutor
from services.order_executor.worker import Worker

# For the groups that read and write the record, the sweep, and the election.
_CONNECTIONS = 6


def start(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> None:
    """Connect, migrate the record, serve, and stand for election; the stack ends it all in the reverse order.

    Raises:
        SetupError: A server cannot be reached or a setting is wrong.
    """
    database = open_record(settings.postgres_url, parts, connections=_CONNECTIONS)
    client = connect(settings.redis_url, name=tracker.process)
    parts.callback(client.close)
    store = PostgresOrderStore(database, CardSeal(settings.card_key), fenced=settings.fenced)
    store.rehearse()
    lease, queue = RedisLease(client), RedisQueue(client)
    progress, services = Progress(client), connect_services(settings, tracker, parts)
    checkout = CheckoutFlow(services, tracker, progress.note)
    groups = groups_for(store, queue, OutcomePublisher(client, tracker), tracker.process)

    def release() -> None:
        groups.release()
        for service in services.values():
            service.release()

    pipeline = Pipeline(tracker.together, release)

    candidate = Candidate(
        settings.lease_ttl, settings.renew_every, settings.lease_margin, retry_after=settings.renew_every / 4
    )
    elected = Event()
    address = settings.watched_at if settings.watched else ""
    election = Election(
        candidate, lease, store.take_epoch, tracker, on_elected=lambda _epoch: elected.set(), address=address
    )
    handler = Handler(groups, checkout, tracker, election.step_down)
    places, sweep = Places(settings.max_in_flight), rules.sweep_for(settings.lease_ttl)
    worker = Worker(tracker, queue, store, handler, pipeline, election, elected, places, sweep)

    def drain() -> None:
        worker.finish()
        election.stop()
        worker.hand_back()
        servicer.end_watches()

    servicer = OrderExecutor(tracker.process, election, lease, drain)
    serve_grpc(settings, tracker, parts, lambda s: add_OrderExecutorServicer_to_server(servicer, s))
    serve_http(create_debug_app(tracker.process, election, lease, queue), settings.http_listen, parts)

    ended = Event()
    listener = start_thread(listen, "wake", (client, WAKE_CHANNEL, lambda _message: election.wake(), ended))
    parts.callback(listener.join)
    parts.callback(start_thread(progress.write_until, "progress", [ended]).join)
    for part in (groups, pipeline):
        part.start()
        parts.callback(part.close)
    worker.start()
    if settings.watched:
        watch = LeaderWatch(tracker, election.lost, settings.watch_routes, Tls.of(settings))
        parts.callback(watch.close)
        election.start(watch.follow)
    else:
        election.start()
    parts.callback(drain)
    parts.callback(ended.set)
