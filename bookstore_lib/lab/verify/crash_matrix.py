"""The crash-point matrix: every step, before and after its effect, killed and frozen there."""

from collections.abc import Iterator
from itertools import product

from bookstore_lib.lab.faults import FOLLOWER, LEADER, Fault
from bookstore_lib.lab.supervisor.plan import Fsync
from bookstore_lib.lab.verify.plan import TTL
from bookstore_lib.lab.verify.schedule import Placement, Schedule, TimedFault
from bookstore_lib.runtime.crash_points import HOWS, SIDES, STEPS

_OF_THE_ORCHESTRATOR = ("accept", "enqueue")
# Long enough for the lock to end: another leader takes over before the frozen one goes on.
_FREEZE_SECONDS = 1.5 * TTL
_KILL_SECONDS = 0.2
# What has to happen to the leader, so that a follower comes there; it is killed only once the follower is armed.
_LEADERS_END = {
    "elect": Fault("freeze", process=LEADER, seconds=_FREEZE_SECONDS),
    "take_over": Fault("crash_point", process=LEADER, at="settle:before:kill", seconds=_FREEZE_SECONDS),
}
_ORDERS = 8
_EXECUTORS = 2  # then it is known who follows the leader


def crash_schedules() -> Iterator[Schedule]:
    """A schedule for each step x before/after x kill/freeze."""
    for step, side, how in product(STEPS, SIDES, HOWS):
        yield crash_schedule(step, side, how)


def crash_schedule(step: str, side: str, how: str, fsync: Fsync = "always") -> Schedule:
    """Orders flow, and whoever comes to a step first kills or freezes itself there."""
    at = f"{step}:{side}:{how}"
    seconds = _KILL_SECONDS if how == "kill" else _FREEZE_SECONDS
    faults = [TimedFault(0.1, Fault("crash_point", process=_who(step), at=at, seconds=seconds))]
    if step in _LEADERS_END:
        faults.insert(0, TimedFault(0.0, _LEADERS_END[step]))
    orders = (
        Placement(0.3 + 0.2 * number, {"Frankenstein": 1}, "good" if number % 4 else "bad_card", f"key-{number}")
        for number in range(_ORDERS)
    )
    return Schedule(at, tuple(orders), tuple(faults), fsync, executors=_EXECUTORS)


def _who(step: str) -> str:
    if step in _OF_THE_ORCHESTRATOR:
        return "orchestrator"
    return FOLLOWER if step in _LEADERS_END else LEADER
