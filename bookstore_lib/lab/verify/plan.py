"""Random schedules: the same seed and number always give the same one."""

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple, cast, get_args

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.faults import LEADER, Fault
from bookstore_lib.lab.supervisor.plan import SERVICES, Fsync
from bookstore_lib.lab.verify.schedule import Placement, Schedule, TimedFault

TTL = 1.0
EXECUTORS = 3
_EXECUTORS = tuple(f"executor-{number}" for number in range(1, EXECUTORS + 1))
_STORES = ("redis", "postgres")
# Whoever leads cannot be found while one of these is away, so faults of the leader keep clear of theirs.
_LEADERS_LANES = frozenset((*_EXECUTORS, *_STORES))
_STEPS = ("take", "initialise", "billing", "card", "fraud", "suggestions", "settle", "clear", "acknowledge", "renew")
_CUTS = ("silence", "reset", "mute", "delay")
_TITLES = ("Frankenstein", "Dracula", "Jane Eyre", "Moby-Dick", "The Time Machine", "The War of the Worlds")
_LAST_COPIES = "Tamerlane and Other Poems"
_CUSTOMERS = ("good",) * 7 + ("bad_card", "missing_city", "suspicious")
_MOST_OF_THE_LEADER = 2
_RESTART = 1.5  # a process that is started again is there after about this many seconds


class _Drawn(NamedTuple):
    """A fault, and the processes that no other fault may touch meanwhile."""

    fault: Fault
    lanes: frozenset[str]


def plan(seed: int, number: int, fsync: Fsync | None = None) -> Schedule:
    """The schedule of a seed with a number: 20 orders and 3 to 6 faults.

    Args:
        seed: Of the campaign.
        number: Of the schedule in it.
        fsync: None: faults of all kinds. Else faults of Redis and PostgreSQL only, with a Redis that writes to disk
            `always`, `everysec` or `no`.
    """
    name = f"{seed}-{number}-{fsync}" if fsync else f"{seed}-{number}"
    random = Random(name)  # noqa: S311 - no secret
    faults = _draw_faults(random, _STORE_KINDS if fsync else _ALL_KINDS, tails=fsync not in (None, "always"))
    span = max(timed.at + timed.fault.lasts for timed in faults)
    orders = sorted((_draw_order(random, span, n) for n in range(18)), key=lambda order: order.at)
    # Twice the same, as an impatient customer does.
    again = [order._replace(at=order.at + random.uniform(0, 0.3)) for order in random.sample(orders, 2)]
    return Schedule(name, tuple(sorted((*orders, *again), key=lambda order: order.at)), faults, fsync or "always")


def replay(name: str) -> Schedule:
    """The schedule with a name that `plan` gave.

    Raises:
        BookstoreError: `plan` gives no such name.
    """
    seed, _, rest = name.partition("-")
    number, _, fsync = rest.partition("-")
    if not (seed.isdecimal() and number.isdecimal() and fsync in ("", *get_args(Fsync))):
        raise BookstoreError(f"There is no schedule {name!r}; give its seed as verify printed it, such as 1-17.")
    return plan(int(seed), int(number), cast("Fsync", fsync) if fsync else None)


def _draw_order(random: Random, span: float, number: int) -> Placement:
    books = random.sample(_TITLES, random.choice((1, 1, 2, 3)))
    items = {_LAST_COPIES: 1} if random.random() < 0.1 else {title: random.randint(1, 3) for title in books}
    return Placement(random.uniform(0, span), items, random.choice(_CUSTOMERS), f"key-{number}")


def _draw_faults(
    random: Random, kinds: Mapping[Callable[[Random], _Drawn], int], *, tails: bool
) -> tuple[TimedFault, ...]:
    free: dict[str, float] = {}
    leader_faults = 0
    faults: list[TimedFault] = []
    wanted = random.randint(3, 6)
    while len(faults) < wanted:
        fault, lanes = random.choices(list(kinds), list(kinds.values()))[0](random)
        of_leader = LEADER in (fault.process, *fault.between)
        if (of_leader and leader_faults == _MOST_OF_THE_LEADER) or (fault.kind == "lose_tail" and not tails):
            continue
        leader_faults += of_leader
        at = random.uniform(0.05, 0.7) + max((free.get(lane, 0.0) for lane in lanes), default=0.0)
        restart = _RESTART if fault.kind in ("kill", "lose_tail", "crash_point") else 0.3
        free |= dict.fromkeys(lanes, at + fault.lasts + restart)
        faults.append(TimedFault(at, fault))
    return tuple(sorted(faults, key=lambda timed: timed.at))


def _seconds(random: Random, low: float, high: float) -> float:
    return round(random.uniform(low, high), 2)


def _kill_leader(random: Random) -> _Drawn:
    return _Drawn(Fault("kill", process=LEADER, seconds=_seconds(random, 0, 0.5)), _LEADERS_LANES)


def _freeze_leader(random: Random) -> _Drawn:
    return _Drawn(Fault("freeze", process=LEADER, seconds=_seconds(random, 0.3, 1.4 * TTL)), _LEADERS_LANES)


def _cut_leader(random: Random) -> _Drawn:
    other = random.choice(("redis", "redis", "postgres", *SERVICES))
    cut = Fault("cut", between=(LEADER, other), how=random.choice(_CUTS), seconds=_seconds(random, 0.7, 1.4 * TTL))
    return _Drawn(cut, _LEADERS_LANES | {other})


def _crash_leader(random: Random) -> _Drawn:
    at = ":".join((random.choice(_STEPS), random.choice(("before", "after")), random.choice(("kill", "freeze"))))
    fault = Fault("crash_point", process=LEADER, at=at, seconds=_seconds(random, 0.1, 1.4 * TTL))
    return _Drawn(fault, _LEADERS_LANES | set(SERVICES))


def _kill_other(random: Random) -> _Drawn:
    process = random.choice((*_EXECUTORS, *SERVICES, "orchestrator"))
    return _Drawn(Fault("kill", process=process, seconds=_seconds(random, 0, 0.5)), frozenset({process}))


def _freeze_other(random: Random) -> _Drawn:
    process = random.choice((*_EXECUTORS, *SERVICES, "orchestrator"))
    return _Drawn(Fault("freeze", process=process, seconds=_seconds(random, 0.2, 1.5)), frozenset({process}))


def _cut_orchestrator(random: Random) -> _Drawn:
    other = random.choice(_STORES)
    how, seconds = random.choice(_CUTS), _seconds(random, 0.8, 1.6)
    return _Drawn(Fault("cut", between=("orchestrator", other), how=how, seconds=seconds), frozenset({"orchestrator"}))


def _trouble(random: Random) -> _Drawn:
    service, kind = random.choice(list(SERVICES)), random.choice(("slow", "unavailable", "lose_reply"))
    delay = _seconds(random, 0.1, 0.6) if kind == "slow" else 0.0
    fault = Fault(kind, process=service, seconds=_seconds(random, 1.0, 2.0), delay=delay)
    return _Drawn(fault, frozenset({service}))


def _flush(_random: Random) -> _Drawn:
    return _Drawn(Fault("flush"), frozenset({"redis"}))


def _kill_store(random: Random) -> _Drawn:
    store = random.choice(_STORES)
    return _Drawn(Fault("kill", process=store, seconds=_seconds(random, 0, 0.5)), frozenset({store}))


def _freeze_store(random: Random) -> _Drawn:
    store = random.choice(_STORES)
    return _Drawn(Fault("freeze", process=store, seconds=_seconds(random, 0.2, 1.5 * TTL)), frozenset({store}))


def _lose_tail(random: Random) -> _Drawn:
    fault = Fault("lose_tail", lost=random.randint(50, 2000), seconds=_seconds(random, 0, 0.3))
    return _Drawn(fault, frozenset({"redis"}))


# How often each kind is drawn, compared with the others.
_STORE_KINDS: Mapping[Callable[[Random], _Drawn], int] = {
    _kill_store: 4,
    _freeze_store: 4,
    _flush: 2,
    _cut_orchestrator: 2,
    _cut_leader: 2,
    _lose_tail: 4,
}
_ALL_KINDS: Mapping[Callable[[Random], _Drawn], int] = {
    _kill_leader: 3,
    _freeze_leader: 3,
    _cut_leader: 3,
    _crash_leader: 3,
    _kill_other: 2,
    _freeze_other: 3,
    _cut_orchestrator: 2,
    _trouble: 4,
    _flush: 2,
    _kill_store: 1,
    _freeze_store: 2,
}
