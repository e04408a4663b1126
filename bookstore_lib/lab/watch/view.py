"""A bookstore at one moment, put together from what its processes, its traces and Redis say."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.controls import ProcessStatus

_ROLES: Mapping[str, str] = {
    "redis": "lock and queue",
    "postgres": "record",
    "orchestrator": "takes orders",
    "transaction_verification": "checks billing, card",
    "fraud_detection": "scores fraud",
    "suggestions": "suggests books",
}
LEADER, FOLLOWER, BELIEVER, REMNANT = "leader", "follower", "believes it leads", "its lock outlives it"


class Coordination(NamedTuple):
    """What Redis says.

    Attributes:
        holder: The host that holds the leader's lock; `None` where nobody does, or nobody knows.
        until: When the lock ends unless it is renewed, in wall seconds.
        waiting: Orders that nobody has taken.
        under_way: Orders that an executor has taken and not acknowledged.
        answers: Whether Redis answered.
    """

    holder: str | None = None
    until: float = 0.0
    waiting: int = 0
    under_way: int = 0
    answers: bool = True


class ProcessView(NamedTuple):
    """A process as a panel shows it.

    Attributes:
        name: Such as `executor-2`.
        state: `running`, `paused` or `dead`.
        role: What it does now: `leader`, `follower`, `believes it leads` (and does not hold the lock), or its trade.
        epoch: The last epoch of an executor that leads or believes so.
        restarts: How often it was started again.
        cut_from: The processes to which its link is cut.
    """

    name: str
    state: str
    role: str
    epoch: int | None
    restarts: int
    cut_from: tuple[str, ...]


class View(NamedTuple):
    """A bookstore at one moment.

    Attributes:
        processes: All of them, executors first.
        leader: The live process that holds the lock; empty where there is none.
        coordination: What Redis says.
    """

    processes: tuple[ProcessView, ...] = ()
    leader: str = ""
    coordination: Coordination = Coordination()

    @property
    def dead(self) -> list[str]:
        """The names of the processes that are dead."""
        return [process.name for process in self.processes if process.state == "dead"]


class Beliefs:
    """Which executor believes to lead, and which links are cut, as the traces tell."""

    def __init__(self) -> None:
        self.epochs: dict[str, int | None] = {}
        self.cuts: set[frozenset[str]] = set()

    def learn(self, events: Iterable[TraceEvent]) -> None:
        """Take up process events, in the order of their walls."""
        for event in events:
            if event.name == "elected":
                self.epochs[event.process] = event.epoch
            elif event.name in ("demoted", "released"):
                self.epochs.pop(event.process, None)
            elif event.name == "cut":
                self.cuts.add(frozenset(event.detail["between"]))
            elif event.name == "healed":
                healed = frozenset(event.detail.get("between", ()))
                self.cuts = {cut for cut in self.cuts if healed and cut != healed}


def compose(statuses: Iterable[ProcessStatus], beliefs: Beliefs, coordination: Coordination) -> View:
    """What all of it comes to."""
    views = [_process(status, beliefs, coordination.holder) for status in statuses]
    views.sort(key=lambda view: (not view.name.startswith("executor-"), view.name))
    leader = next((view.name for view in views if view.role == LEADER), "")
    return View(tuple(views), leader, coordination)


def _process(status: ProcessStatus, beliefs: Beliefs, holder: str | None) -> ProcessView:
    name = status.name
    cut_from = sorted(other for cut in beliefs.cuts if name in cut for other in cut - {name})
    role = _ROLES.get(name) or _executor_role(status, beliefs, holder)
    epoch = beliefs.epochs.get(status.host) if role in (LEADER, BELIEVER) else None
    return ProcessView(name, status.state, role, epoch, status.restarts, tuple(map(base_name, cut_from)))


def _executor_role(status: ProcessStatus, beliefs: Beliefs, holder: str | None) -> str:
    if status.state == "dead":
        return REMNANT if status.host == holder else ""
    if status.host == holder:
        return LEADER
    return BELIEVER if status.host in beliefs.epochs else FOLLOWER
