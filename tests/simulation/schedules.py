"""Schedules: what customers do, what goes wrong, and when."""

import json
from functools import cache, partial
from itertools import product
from random import Random
from typing import NamedTuple, Protocol

from hypothesis import strategies as st

from bookstore_lib.core.invariants import INVARIANTS
from bookstore_lib.core.invariants.privacy import NO_CARD_NUMBER
from bookstore_lib.runtime.crash_points import SIDES, STEPS
from services.orchestrator.rules import CheckoutRequest, parse_checkout
from tests.simulation.nature import Nature
from tests.simulation.network import LATE, REPLY_LOST, REQUEST_LOST
from tests.simulation.services import BAD_CARD, GOOD_CARD, IDLE_SECONDS, LAST_COPY, NAMES, PLENTY
from tests.simulation.world import EXECUTORS, World

# What went wrong with the last line has some time to show.
TAIL = 1.0
UNFINISHED = "everything comes to rest"
FORGOTTEN = "services drop the sessions that nobody clears"


class Action(Protocol):
    """Something that happens."""

    def do(self, world: World) -> None:
        """Let it happen."""


class Place(NamedTuple):
    """An order: `good`, with a `bad card`, or for the `last copy` of a book; repeated where the key came before."""

    kind: str = "good"
    key: str = ""

    def do(self, world: World) -> None:
        """Place it."""
        world.placed += 1
        world.place(*request_for(self.kind, self.key or str(world.placed % 20)), self.key)


class Happens(NamedTuple):
    """A method of the world is called, or of its network."""

    what: str
    arguments: tuple[str | float, ...] = ()

    def do(self, world: World) -> None:
        """Call it."""
        getattr(world, self.what)(*self.arguments)


class Then(NamedTuple):
    """One line of a schedule: some seconds after the line before, something happens."""

    after: float
    action: Action


class Schedule(NamedTuple):
    """What happens in a run.

    Attributes:
        lines: What happens, one after the other.
        ties: Decides what comes first of what may happen at the same time.
        coordinator: Who runs the checks: the `executor` or the `orchestrator`.
        services: `model` or `real`.
    """

    lines: list[Then]
    ties: int = 0
    coordinator: str = "executor"
    services: str = "model"


@cache
def request_for(kind: str, reader: str) -> tuple[CheckoutRequest, bytes]:
    """What a browser sends, and how the orchestrator reads it."""
    body = {
        "user": {"name": "Ada Reader", "contact": f"{reader}@example.org"},
        "creditCard": {
            "number": BAD_CARD if kind == "bad card" else GOOD_CARD,
            "expirationDate": "12/30",
            "cvv": "123",
        },
        "items": [{"name": (LAST_COPY if kind == "last copy" else PLENTY).title, "quantity": 1}],
        "billingAddress": {"street": "1 Lane", "city": "Springfield", "state": "IL", "zip": "62701", "country": "USA"},
        "termsAccepted": True,
    }
    data = json.dumps(body).encode()
    return parse_checkout(data), data


# Looking for card numbers in every text takes as long as all the rest, and no schedule changes what is written.
_JUDGED = [invariant for invariant in INVARIANTS if invariant.name != NO_CARD_NUMBER]
_CALLS = [
    *("store.accept", "store.load", "store.record_checks", "store.settle", "store.open_orders"),
    *("store.count_attempts", "store.take_epoch", "lease.acquire", "lease.renew", "lease.release"),
    *("queue.push", "queue.take", "queue.acknowledge", "queue.take_over", "queue.held_by", "queue.contents"),
    *("queue.give_back", "channel.publish"),
]  # fmt: skip
_VICTIMS = ("leader", "executor-1", "executor-2")
_KEYED: list[Action] = [Place("good", "key"), Place("last copy", "key")]
_ORDERS = [Place(), Place("last copy"), Place("bad card"), *_KEYED]
# Few come to a take-over: the leader has to die or to be lost from sight while others wait.
_OFTEN = [*STEPS, *("take_over",) * 2]
_TRAPS = [Happens("crash", trap) for trap in product(_OFTEN, SIDES, ("kill", "freeze", "slow"), (1, 2))]
# A take-over that comes late may put a leader's own orders into the queue again, unnoted.
_NOT_JUDGED = {("queue.take_over", LATE)}
_LOSSES = [
    Happens("lose", (call, how, number))
    for call, how, number in product(_CALLS, (REQUEST_LOST, REPLY_LOST, LATE), (1, 2))
    if (call, how) not in _NOT_JUDGED
]
_TROUBLES = [
    *(Happens("fail", trouble) for trouble in product(NAMES, ("unavailable", "lose_reply"), (1, 4))),
    *(Happens("restart_service", (name,)) for name in NAMES),
]
_SHOCKS = [
    *(Happens(what, (victim,)) for what, victim in product(("kill", "start", "stop", "freeze"), _VICTIMS)),
    *(Happens("lose_sight", (victim,)) for victim in EXECUTORS),
    *(Happens("kill", ("orchestrator",)), Happens("freeze", ("orchestrator",))),
    *(Happens(what) for what in ("flush", "lose_lock", "redrive")),
    *(Happens("cut", ("redis",)), Happens("cut", ("postgres",))),
]
# About a quarter of each schedule are orders; a third of what goes wrong is a crash point.
_ACTIONS: list[Action] = [*_ORDERS * 24, *_SHOCKS * 4, *_TRAPS, *_LOSSES, *_TROUBLES * 2]
_LINES = [Then(after, action) for action in _ACTIONS for after in (0.0, 0.1, 0.5, 2.0)]
# Hypothesis prefers what stands in front.
Random(0).shuffle(_LINES)
SCHEDULES = st.builds(
    Schedule,
    lines=st.lists(st.sampled_from(_LINES), min_size=2, max_size=14),
    ties=st.integers(0, 255),
    coordinator=st.sampled_from(["executor", "executor", "orchestrator"]),
    services=st.sampled_from(["model"] * 9 + ["real"]),
)


def play(schedule: Schedule, nature: Nature) -> World:
    """Let a schedule happen; then every fault ends, what is left to do is done, and customers ask once more."""
    world = World(nature, schedule.ties, schedule.coordinator, schedule.services)
    due = 0.0
    for after, action in schedule.lines:
        due += after
        world.later(due, partial(action.do, world))
    world.run(due + TAIL)
    world.heal()
    world.come_to_rest()
    for action in dict.fromkeys(line.action for line in schedule.lines if line.action in _KEYED):
        action.do(world)
    world.come_to_rest()
    if any(service.kept() for service in world.services.values()):
        world.run(IDLE_SECONDS + 1.0)
        Place().do(world)
        world.come_to_rest()
    return world


def mistakes(world: World) -> list[str]:
    """What is wrong with a world that has come to rest, each with the name of what it contradicts."""
    found = [f"{UNFINISHED}: {what}" for what in world.unfinished()]
    found += [f"{FORGOTTEN}: {name} keeps some" for name, service in world.services.items() if service.kept()]
    tables = world.store.tables()
    violations = (each for invariant in _JUDGED for each in invariant.violations(world.events, tables))
    return found + [f"{violation.invariant}: {violation.sentence}" for violation in violations]
