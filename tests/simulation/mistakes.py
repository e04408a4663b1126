"""Known mistakes, put into the product's code one at a time: a simulation that finds none of them shows nothing."""

from collections.abc import Callable
from typing import Any, NamedTuple

from bookstore_lib.core.causality import CLOCKS_CORRECT
from bookstore_lib.core.invariants.effects import EFFECTS_ONCE, STOCK_CONSERVED
from bookstore_lib.core.invariants.leadership import LEADS_IN_TIME, LOCK_KEPT, NO_STALE_WRITES, ONE_LEADER
from bookstore_lib.core.invariants.outcomes import SAME_ANSWER
from bookstore_lib.core.invariants.queue import QUEUE_KEEPS, QUEUED_ONCE
from bookstore_lib.core.invariants.sessions import CLEAR_KNOWS, SESSIONS_CLEARED
from bookstore_lib.core.lease import Candidate, Release, Role
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime.checkout_flow import CheckoutFlow
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.memory_store import MemoryOrderStore
from bookstore_lib.runtime.order_store import Ending, Settlement
from bookstore_lib.runtime.pipeline import Work
from bookstore_lib.runtime.redis_lease import Acquisition, MemoryLease
from bookstore_lib.runtime.redis_queue import MemoryQueue
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.order_executor.handler import Handler
from services.order_executor.worker import Worker
from tests.simulation.network import Network
from tests.simulation.schedules import UNFINISHED


class Swap(NamedTuple):
    """A method, and what stands in its place: that is given the right one before its own arguments."""

    owner: type
    method: str
    wrong: Callable[..., Any]


class Mistake(NamedTuple):
    """What is wrong, and the name of the invariant that has to find it."""

    found_by: str
    swaps: tuple[Swap, ...]


def _unfenced(right: Any, store: Any, *arguments: Any) -> None:
    right(store, *arguments, fenced=False)


def _settles_with_any_epoch(right: Any, store: Any, ending: Ending) -> Any:
    if store.load(ending.order_id).outcome is not None:
        return Settlement.ALREADY
    settlement = right(store, ending._replace(epoch=len(store._epochs)))
    store._rows[ending.order_id].epoch = ending.epoch
    return settlement


def _settles_last(right: Any, handler: Any, stored: Any, epoch: int, outcome: Any, post: Any) -> Any:
    order_id = stored.order.order_id
    handler._tracker.local(order_id, "acknowledged")
    handler._groups.acknowledge.put(order_id, post)
    yield
    return (yield from right(handler, stored, epoch, outcome, post))


def _pops(_right: Any, queue: Any, _consumer: str, _timeout: float, most: int) -> Any:
    popped, queue._waiting = queue._waiting[:most], queue._waiting[most:]
    return popped


def _repeats(right: Any, network: Any, server: str, name: str, *call: Any) -> Any:
    try:
        return right(network, server, name, *call)
    except Exception:
        if server == "postgres":
            raise
        return right(network, server, name, *call)


def _stays(_right: Any, _election: Any, _epoch: int) -> None:
    return None


def _finds_nothing(_right: Any, *_arguments: Any) -> list[str]:
    return []


def _wins_always(_right: Any, lease: Any, lock: str, ttl: float, _instead_of: str = "") -> Any:
    lease._set, lease._until = lock, lease._now() + ttl
    return Acquisition(won=True, lock=lock, remaining=ttl)


def _takes_over_from_anybody(right: Any, lease: Any, lock: str, ttl: float, instead_of: str = "") -> Any:
    return right(lease, lock, ttl, lease._set if instead_of else "")


def _releases_for_anybody(_right: Any, lease: Any, _lock: str) -> bool:
    lease._set = None
    lease._on_release()
    return True


def _releases_when_demoted(right: Any, candidate: Any, now: float, reason: str) -> Any:
    return [*right(candidate, now, reason), Release()]


def _leads_for_ever(_right: Any, candidate: Any, _now: float) -> bool:
    return candidate.epoch is not None


def _stays_leader(_right: Any, candidate: Any, now: float, _reason: str) -> list[Any]:
    candidate.role, candidate.wake_at = Role.LEADING, now + candidate.renew_every
    candidate._believes_until = float("inf")
    return []


def _repeats_epoch(right: Any, store: Any, holder: str) -> Any:
    return store.current_epoch() or right(store, holder)


def _forgets_key(right: Any, store: Any, acceptance: Any) -> Any:
    return right(store, acceptance._replace(idempotency=None))


def _sells_more(_right: Any, _store: Any, _order: Any) -> None:
    return None


def _does_not_merge(right: Any, tracker: Any, order_id: str, name: str, stamp: Any, *, work: bool = False) -> Any:
    return right(tracker, order_id, name, stamp._replace(clock=VectorClock()), work=work)


def _clears_nothing(_right: Any, _checkout: Any, _order_id: str, _post: Any) -> Work[bool]:
    yield from ()
    return True


def _clears_for_anybody(right: Any, sessions: Any, request: Any) -> Any:
    order_id = request.order_id
    return right(sessions, common_pb2.ClearRequest(order_id=order_id, final_clock=sessions._tracker.clock(order_id)))


MISTAKES: dict[str, Mistake] = {
    "the fence is off": Mistake(EFFECTS_ONCE, (Swap(MemoryOrderStore, "__init__", _unfenced),)),
    "the fence looks at no epoch": Mistake(
        NO_STALE_WRITES, (Swap(MemoryOrderStore, "settle", _settles_with_any_epoch),)
    ),
    "an order is acknowledged before it is settled": Mistake(QUEUE_KEEPS, (Swap(Handler, "_settle", _settles_last),)),
    "an order is popped instead of moved": Mistake(QUEUE_KEEPS, (Swap(MemoryQueue, "take", _pops),)),
    "the client of Redis repeats what got no reply": Mistake(QUEUED_ONCE, (Swap(Network, "carry", _repeats),)),
    "nobody sweeps": Mistake(UNFINISHED, (Swap(MemoryOrderStore, "open_orders", _finds_nothing),)),
    "nobody takes over what the dead held": Mistake(UNFINISHED, (Swap(MemoryQueue, "take_over", _finds_nothing),)),
    "a take whose reply was lost is not found": Mistake(UNFINISHED, (Swap(Worker, "_find_unknown", _finds_nothing),)),
    "whoever asks gets the lock": Mistake(LOCK_KEPT, (Swap(MemoryLease, "acquire", _wins_always),)),
    "whoever lost the leader takes the lock of the next one": Mistake(
        LOCK_KEPT, (Swap(MemoryLease, "acquire", _takes_over_from_anybody),)
    ),
    "whoever is demoted releases the lock": Mistake(
        LOCK_KEPT,
        (
            Swap(MemoryLease, "release", _releases_for_anybody),
            Swap(Candidate, "_demote", _releases_when_demoted),
        ),
    ),
    "a leader never demotes itself": Mistake(
        LEADS_IN_TIME, (Swap(Candidate, "leads", _leads_for_ever), Swap(Candidate, "_demote", _stays_leader))
    ),
    "a leader whose epoch is over stays": Mistake(UNFINISHED, (Swap(Election, "step_down", _stays),)),
    "a new leader takes no new epoch": Mistake(ONE_LEADER, (Swap(MemoryOrderStore, "take_epoch", _repeats_epoch),)),
    "the key of a client is not kept": Mistake(SAME_ANSWER, (Swap(MemoryOrderStore, "accept", _forgets_key),)),
    "nobody looks at the stock": Mistake(STOCK_CONSERVED, (Swap(MemoryOrderStore, "_short_of", _sells_more),)),
    "clocks are not merged": Mistake(CLOCKS_CORRECT, (Swap(OrderEventTracker, "receive", _does_not_merge),)),
    "sessions are never cleared": Mistake(SESSIONS_CLEARED, (Swap(CheckoutFlow, "clear", _clears_nothing),)),
    "whoever asks clears a session": Mistake(CLEAR_KNOWS, (Swap(Sessions, "clear", _clears_for_anybody),)),
}
