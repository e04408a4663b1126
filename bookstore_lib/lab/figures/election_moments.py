"""What the processes of an election were at single moments: who held the key, who believed to lead, who was down."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from bookstore_lib.core.hosts import base_name, incarnation
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.terms import Term, fault_of, is_order_to_start, subject, terms, times_down, times_frozen

State = Literal["leads", "waits", "frozen", "crashed", "stopped", "not started"]
_SOON = 1e-6  # seconds: a moment shows what came of its event
_WORDS = {"killed": "crashes", "stopped": "stops", "paused": "freezes", "resumed": "wakes up"}


class Moment(NamedTuple):
    """An election at one moment.

    Attributes:
        seconds: Since the first event of the run.
        told: What happened just then, as a sentence without its full stop.
        holder: Who holds the key, without its incarnation; empty where nobody does.
        epoch: The holder's.
        states: What each executor is.
        believers: The executors that believe to lead; frozen ones too, which will find out when they wake up.
    """

    seconds: float
    told: str
    holder: str
    epoch: int | None
    states: Mapping[str, State]
    believers: tuple[str, ...]


def moments(events: Sequence[TraceEvent], names: Iterable[str]) -> list[Moment]:
    """The moments at which something changed, by time.

    Args:
        events: Process events in the order of their walls.
        names: Of the executors, without incarnation.
    """
    run = _Run(events, tuple(names))
    found: list[Moment] = []
    for wall, told in sorted(run.turns()):
        moment = run.at(wall, told)
        if not found or moment[2:] != found[-1][2:]:
            found.append(moment)
    return found


class _Run:
    def __init__(self, events: Sequence[TraceEvent], names: tuple[str, ...]) -> None:
        self._events, self._names = events, names
        self._terms = [term for term in terms(events) if base_name(term.process) in names]
        self._away: dict[State, list[tuple[str, float, float]]] = {
            "crashed": list(times_down(events, ("killed",))),
            "stopped": list(times_down(events, ("stopped",))),
            "frozen": list(times_frozen(events)),
        }
        self._last = events[-1].wall

    def turns(self) -> Iterable[tuple[float, str]]:
        """When something changed, and what."""
        for event in self._events:
            process = base_name(subject(event))
            if event.name == "flushed":
                yield event.wall, "Redis forgets the key"
            elif process not in self._names or is_order_to_start(event):
                continue
            elif event.name == "elected":
                yield event.wall, f"{process} is elected"
            elif event.name == "started" and incarnation(event.process):
                yield event.wall, f"{process} is back"
            elif event.name == "demoted":
                yield event.wall, f"{process} leads no longer"
            elif fault_of(event) in _WORDS:
                yield event.wall, f"{process} {_WORDS[fault_of(event)]}"
        for term in self._terms:
            if term.key_until <= self._last and not self._holder(term.key_until + _SOON):
                yield term.key_until, "The key is released" if term.ended_by == "demoted" else "The key expires"

    def at(self, wall: float, told: str) -> Moment:
        """The moment just after `wall`."""
        wall += _SOON
        holder = self._holder(wall)
        believers = [term.process for term in self._terms if term.start <= wall < term.end]
        names = tuple(dict.fromkeys(map(base_name, believers)))
        states = {name: self._state(name, wall, names) for name in self._names}
        epoch = holder.epoch if holder else None
        return Moment(
            wall - self._events[0].wall, told, base_name(holder.process) if holder else "", epoch, states, names
        )

    def _holder(self, wall: float) -> Term | None:
        return next((term for term in reversed(self._terms) if term.start <= wall < term.key_until), None)

    def _state(self, name: str, wall: float, believers: Sequence[str]) -> State:
        for state, times in self._away.items():
            if any(process == name and start <= wall < end for process, start, end in times):
                return state
        if name in believers:
            return "leads"
        told = any(base_name(event.process) == name and event.wall <= wall for event in self._events)
        return "waits" if told else "not started"
