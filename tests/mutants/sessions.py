"""Mistakes of the services that check orders."""

from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from tests.mutants.swap import instead_of


def clock_without_merge():
    """Who receives a message counts it, but does not learn from the sender's clock."""

    @instead_of(VectorClock, "receive")
    def receive(_right, clock, _other, host):
        return clock.tick(host)


def clear_without_look():
    """A session is cleared for whoever asks, whatever else may be on its way."""

    @instead_of(OrderEventTracker, "worked")
    def worked(_right, _tracker, _order_id):
        return VectorClock()


def never_cleared():
    """A service says that it has forgotten an order, and has not."""

    @instead_of(Sessions, "clear")
    def clear(_right, _sessions, _request):
        return common_pb2.ClearReply(cleared=True)


def card_in_trace():
    """What a service remembers of an order is written into the trace, to see what goes on."""

    @instead_of(Sessions, "open")
    def remember(right, sessions, order_id, data):
        sessions._tracker.local(order_id, "remembered", data=str(data))
        right(sessions, order_id, data)
