"""Random schedules: the same seed and number always give the same one."""

from collections.abc import Callable, Mapping
from random import Random
from typing import cast, get_args

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.faults import FOLLOWER, LEADER, Fault
from bookstore_lib.lab.supervisor.plan import SERVICES, Fsync
from bookstore_lib.lab.verify.schedule import EXECUTORS, Placement, Schedule, TimedFault

TTL = 1.0
_EXECUTORS = tuple(f"executor-{number}" for number in range(1, EXECUTORS + 1))
_STORES = ("redis", "postgres")
_STEPS = ("take", "initialise", "billing", "card", "fraud", "suggestions", "settle", "clear", "acknowledge", "renew")
_CUTS = ("silence", "reset", "mute", "delay")
_TITLES = ("Frankenstein", "Dracula", "Jane Eyre", "Moby-Dick", "The Time Machine", "The War of the Worlds")
_LAST_COPIES = "Tamerlane and Other Poems"
_CUSTOMERS = ("good",) * 7 + ("bad_card", "missing_city", "suspicious")
_MOST_OF_THE_LEADER = 2
_SPAN = 3.0
# What makes calls fail has to come while calls are made.
_EARLY = ("slow", "unavailable", "lose_reply", "crash_point", "cut")


def plan(seed: int, number: int, fsync: Fsync | None = None, *, unary: bool = False) -> Schedule:
    """The schedule of a seed with a number: 20 orders and 3 to 6 faults.

    Args:
        seed: Of the campaign.
        number: Of the schedule in it.
        fsync: None: faults of all kinds. Else faults of Redis and PostgreSQL only, with a Redis that writes to disk
            `always`, `everysec` or `no`.
        unary: Whether each call of a service goes by itself, and not with others on a stream.
    """
    name = "-".join([str(seed), str(number), *([fsync] if fsync else []), *(["unary"] if unary else [])])
    random = Random(name)  # noqa: S311 - no secret
    faults = _draw_faults(random, _STORE_KINDS if fsync else _ALL_KINDS, tails=fsync not in (None, "always"))
    orders = [_draw_order(random, n) for n in range(18)]
    # Twice the same, as an impatient customer does.
    again = [order._replace(at=order.at + random.uniform(0, 0.3)) for order in random.sample(orders, 2)]
    return Schedule(
        name,
        tuple(sorted((*orders, *again), key=lambda order: order.at)),
        faults,
        fsync or "always",
        transport="unary" if unary else "stream",
    )


def replay(name: str) -> Schedule:
    """The schedule with a name that `plan` gave.

    Raises:
        BookstoreError: `plan` gives no such name.
    """
    seed, _, rest = name.partition("-")
    number, _, kind = rest.partition("-")
    if not (seed.isdecimal() and number.isdecimal() and kind in ("", "unary", *get_args(Fsync))):
        raise BookstoreError(f"There is no schedule {name!r}; give its seed as verify printed it, such as 1-17.")
    if kind == "unary":
        return plan(int(seed), int(number), unary=True)
    return plan(int(seed), int(number), cast("Fsync", kind) if kind else None)


def touches(fault: Fault) -> frozenset[str]:
    """The processes that no other fault may touch while this one lasts; whoever leads may be any executor.

    Who leads cannot be told while Redis or PostgreSQL is away, so they count, too.
    """
    if fault.kind in ("flush", "lose_tail"):
        return frozenset({"redis"})
    named = {name for name in (fault.process, *fault.between) if name}
    return frozenset(named | {*_EXECUTORS, *_STORES} if LEADER in named else named)


def _draw_order(random: Random, number: int) -> Placement:
    books = random.sample(_TITLES, random.choice((1, 1, 2, 3)))
    items = {_LAST_COPIES: 1} if random.random() < 0.1 else {title: random.randint(1, 3) for title in books}
    return Placement(random.uniform(0, _SPAN), items, random.choice(_CUSTOMERS), f"key-{number}")


def _draw_faults(
    random: Random, kinds: Mapping[Callable[[Random], Fault], int], *, tails: bool
) -> tuple[TimedFault, ...]:
    faults: list[TimedFault] = []
    wanted = random.randint(3, 6)
    while len(faults) < wanted:
        fault = random.choices(list(kinds), list(kinds.values()))[0](random)
        if fault.kind == "lose_tail" and not tails:
            continue
        if _of_leader(fault) and sum(_of_leader(timed.fault) for timed in faults) == _MOST_OF_THE_LEADER:
            continue
        latest = 0.3 * _SPAN if fault.kind in _EARLY else 0.9 * _SPAN
        faults.append(TimedFault(round(random.uniform(0.05, latest), 2), fault))
    return tuple(sorted(faults, key=lambda timed: timed.at))


def _of_leader(fault: Fault) -> bool:
    return LEADER in (fault.process, *fault.between)


def _seconds(random: Random, low: float, high: float) -> float:
    return round(random.uniform(low, high), 2)


def _kill_leader(random: Random) -> Fault:
    return Fault("kill", process=LEADER, seconds=_seconds(random, 0, 0.5))


def _freeze_leader(random: Random) -> Fault:
    return Fault("freeze", process=LEADER, seconds=_seconds(random, 0.3, 1.4 * TTL))


def _cut_leader(random: Random) -> Fault:
    other = random.choice(("redis", "redis", "postgres", *SERVICES))
    return Fault("cut", between=(LEADER, other), how=random.choice(_CUTS), seconds=_seconds(random, 0.7, 1.4 * TTL))


def _cut_from_follower(random: Random) -> Fault:
    return Fault("cut", between=(LEADER, FOLLOWER), how="reset", seconds=_seconds(random, 0.1, 1.4 * TTL))


def _crash_leader(random: Random) -> Fault:
    at = ":".join((random.choice(_STEPS), random.choice(("before", "after")), random.choice(("kill", "freeze"))))
    return Fault("crash_point", process=LEADER, at=at, seconds=_seconds(random, 0.1, 1.4 * TTL))


def _kill_other(random: Random) -> Fault:
    process = random.choice((*_EXECUTORS, *SERVICES, "orchestrator"))
    return Fault("kill", process=process, seconds=_seconds(random, 0, 0.5))


def _freeze_other(random: Random) -> Fault:
    process = random.choice((*_EXECUTORS, *SERVICES, "orchestrator"))
    return Fault("freeze", process=process, seconds=_seconds(random, 0.2, 1.5))


def _cut_orchestrator(random: Random) -> Fault:
    other = random.choice(_STORES)
    seconds = _seconds(random, 0.8, 1.6)
    return Fault("cut", between=("orchestrator", other), how=random.choice(_CUTS), seconds=seconds)


def _trouble(random: Random) -> Fault:
    service, kind = random.choice(list(SERVICES)), random.choice(("slow", "unavailable", "lose_reply"))
    delay = _seconds(random, 0.1, 0.6) if kind == "slow" else 0.0
    return Fault(kind, process=service, seconds=_seconds(random, 1.0, 2.0), delay=delay)


def _flush(_random: Random) -> Fault:
    return Fault("flush")


def _kill_store(random: Random) -> Fault:
    store = random.choice(_STORES)
    return Fault("kill", process=store, seconds=_seconds(random, 0, 0.5))


def _freeze_store(random: Random) -> Fault:
    store = random.choice(_STORES)
    return Fault("freeze", process=store, seconds=_seconds(random, 0.2, 1.5 * TTL))


def _lose_tail(random: Random) -> Fault:
    return Fault("lose_tail", lost=random.randint(50, 2000), seconds=_seconds(random, 0, 0.3))


# How often each kind is drawn, compared with the others.
_STORE_KINDS: Mapping[Callable[[Random], Fault], int] = {
    _kill_store: 4,
    _freeze_store: 4,
    _flush: 2,
    _cut_orchestrator: 2,
    _cut_leader: 2,
    _lose_tail: 4,
}
_ALL_KINDS: Mapping[Callable[[Random], Fault], int] = {
    _kill_leader: 3,
    _freeze_leader: 3,
    _cut_leader: 3,
    _cut_from_follower: 2,
    _crash_leader: 3,
    _kill_other: 2,
    _freeze_other: 3,
    _cut_orchestrator: 2,
    _trouble: 4,
    _flush: 2,
    _kill_store: 1,
    _freeze_store: 2,
}
