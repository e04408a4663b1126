"""Measures how long nobody leads, and how long nobody holds the locks that people would use instead.

Topic `failover`: the leader, or the holder of the lock, is killed (SIGKILL) or frozen (SIGSTOP).

- `failover ms p50`, `failover ms p90`: from the kill until another one is elected.
- `beyond lease ms p50`, `beyond lease ms p90`: from the end of the lock's life until another one is elected, or has it.

Topic `handover`: it ends in order (SIGTERM), or releases the lock.

- `handover ms p50`: from the release until another one is elected, or has the lock.

An elected leader has the lock and its epoch from the record; whoever has a lock of a peer has no more than that.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence

from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.bench.contender import LIFE, PEERS, Peer
from bookstore_lib.lab.bench.contest import Contest, redis_server
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.spread import share_of
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.history import History

LIVES = (1.0, 3.0, 30.0)
_WATCH_SECONDS, _POLL = 10.0, 0.02


def measure(rounds: int, say: Callable[[str], None]) -> list[Row]:
    """Measure the bookstore, and the peers that are installed, one after the other.

    Args:
        rounds: How often each ends a leader, or the holder of a lock.
        say: Told what happens, a line each.
    """
    rows = measure_ours(rounds, say)
    with redis_server() as url:
        for peer in PEERS:
            if importlib.util.find_spec(peer.module):
                say(f"{peer.who}: {rounds} holders killed, {rounds} releases...")
                rows += _measure_peer(peer, url, rounds)
    return rows


def measure_ours(rounds: int, say: Callable[[str], None], lives: Sequence[float] = LIVES) -> list[Row]:
    """Measure the bookstore: leaders killed with the watch and without it, frozen, and stopped in order.

    Args:
        rounds: Leaders of each kind.
        say: Told what happens, a line each.
        lives: Of the lock, in seconds, for the kills that are watched.
    """
    rows = []
    for life in lives:
        say(f"{rounds} leaders killed in sight of the others, TTL {life:g} s...")
        way = f"killed, watched, TTL {life:g} s"
        rows += _spread("failover", "bookstore", way, "failover ms", failover_times(rounds, life))
    say(f"{rounds} leaders killed, and nobody watches...")
    way = f"killed, not watched, TTL {LIFE:g} s"
    rows += _spread("failover", "bookstore", way, "beyond lease ms", times_beyond_lease(rounds, LIFE))
    say(f"{rounds} leaders frozen...")
    frozen = times_beyond_lease(rounds, LIFE, frozen=True)
    rows += _spread("failover", "bookstore", f"frozen, watched, TTL {LIFE:g} s", "beyond lease ms", frozen)
    say(f"{rounds} leaders stopped in order...")
    return [*rows, _handover("bookstore", "stopped in order", handover_times(rounds))]


def _measure_peer(peer: Peer, url: str, rounds: int) -> list[Row]:
    with Contest(peer, url) as contest:
        failovers = [contest.failover() for _ in range(rounds)]
        handovers = [contest.handover() for _ in range(rounds)]
    rows = _spread("failover", peer.who, f"killed, TTL {LIFE:g} s", "beyond lease ms", failovers)
    return [*rows, _handover(peer.who, "released", handovers)]


def _spread(topic: str, who: str, way: str, figure: str, seconds: Sequence[float]) -> list[Row]:
    return [
        Row(topic, who, way, f"{figure} p50", 1000 * share_of(seconds, 0.5)),
        Row(topic, who, way, f"{figure} p90", 1000 * share_of(seconds, 0.9)),
    ]


def _handover(who: str, way: str, seconds: Sequence[float]) -> Row:
    return Row("handover", who, way, "handover ms p50", 1000 * share_of(seconds, 0.5))


def failover_times(rounds: int, lease_ttl: float) -> list[float]:
    """Seconds from a leader's death (SIGKILL) to the election of the next, while the others watch it."""
    with Bookstore(lease_ttl=lease_ttl) as shop:
        history = _replace_leaders(shop, rounds, shop.kill, shop.start)
    return [elected.wall - killed.wall for killed, elected in _terms(history, ("killed",))]


def times_beyond_lease(rounds: int, lease_ttl: float, *, frozen: bool = False) -> list[float]:
    """Seconds from the end of a leader's lock to the election of the next: killed unwatched, or `frozen` in sight."""
    with Bookstore(lease_ttl=lease_ttl, watch=frozen) as shop:
        end, mend = (shop.pause, shop.resume) if frozen else (shop.kill, shop.start)
        history = _replace_leaders(shop, rounds, end, mend)
    return [
        elected.wall - last.detail["key_until"]
        for last, elected in _terms(history, ("elected", "renewed"))
        if elected.wall > last.detail["key_until"]
    ]


def handover_times(rounds: int) -> list[float]:
    """Seconds from a leader's release of the lock (SIGTERM) to the election of the next."""
    with Bookstore() as shop:
        history = _replace_leaders(shop, rounds, shop.stop, shop.start)
    return [elected.wall - last.wall for last, elected in _terms(history, ("released",))]


def _replace_leaders(shop: Bookstore, rounds: int, end: Callable[[str], None], mend: Callable[[str], None]) -> History:
    for _ in range(rounds):
        leader = shop.leader
        if shop.settings.watch:
            _await_watchers(shop, leader)
        end(leader)
        shop.await_leader(other_than=leader)
        mend(leader)
    return shop.history()


def _await_watchers(shop: Bookstore, leader: str) -> None:
    """Wait until every other executor watches the leader, but not for ever."""
    holder = shop.process(leader).host
    hosts = {status.host for status in shop.processes() if status.name.startswith("executor-")} - {holder}
    until = time.monotonic() + _WATCH_SECONDS
    while time.monotonic() < until:
        events = History.load(shop.run_dir / "traces").events
        if hosts <= {e.process for e in events if e.name == "watching" and e.detail["holder"] == holder}:
            return
        time.sleep(_POLL)


def _terms(history: History, names: tuple[str, ...]) -> Iterator[tuple[TraceEvent, TraceEvent]]:
    """Each election but the first, with the last event of one of these names before it."""
    events = sorted((e for e in history.events if not e.order_id), key=lambda event: event.wall)
    last: TraceEvent | None = None
    for event in events:
        if event.name == "elected" and last is not None:
            yield last, event
        if event.name in names:
            last = event
