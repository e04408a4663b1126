"""Who believed to lead, and when: the terms that the process events of a run tell of. Times are wall seconds."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.trace_event import TraceEvent

_ENDS_OWN = ("demoted", "released")
_ENDS_OTHERS = ("killed", "stopped")
_CRASHES = {"kill": "killed", "freeze": "paused"}


@dataclass
class Term:
    """A time during which one process believed to lead.

    Attributes:
        process: With its incarnation.
        epoch: What the record gave it.
        start: When it was elected.
        end: When its belief ended, or will end unless it is renewed.
        key_until: When its lock runs out, or was released or won by another.
        ended_by: The event that ended it; empty where it ran out or goes on.
    """

    process: str
    epoch: int | None
    start: float
    end: float
    key_until: float
    ended_by: str


class Overlap(NamedTuple):
    """Two terms that two processes believed in at the same time."""

    one: Term
    other: Term
    start: float
    end: float


def terms(events: Iterable[TraceEvent]) -> list[Term]:
    """The terms in the order of their elections.

    Args:
        events: Process events in the order of their walls.
    """
    done: list[Term] = []
    latest: dict[str, Term] = {}
    leading: dict[str, Term] = {}
    for event in events:
        if event.name == "elected":
            for other in latest.values():
                other.key_until = min(other.key_until, event.wall)
            term = Term(event.process, event.epoch, event.wall, event.wall, event.wall, "")
            latest[event.process] = leading[event.process] = term
            done.append(term)
        if event.name in ("elected", "renewed") and event.process in leading:
            _extend(leading[event.process], event)
        if event.name == "released" and event.process in latest:
            latest[event.process].key_until = min(latest[event.process].key_until, event.wall)
        for process in _ended(event, leading):
            _close(leading.pop(process), event)
    return done


def overlaps(all_terms: Sequence[Term]) -> list[Overlap]:
    """Where two processes believed to lead at once."""
    pairs = (
        (one, other, max(one.start, other.start), min(one.end, other.end)) for one, other in combinations(all_terms, 2)
    )
    return [Overlap(*pair) for pair in pairs if pair[2] < pair[3] and pair[0].process != pair[1].process]


def times_frozen(events: Sequence[TraceEvent]) -> Iterator[tuple[str, float, float]]:
    """Process, begin and end of each time a process was frozen; to the last event where nobody resumed it."""
    return _times(events, ("paused",), ("resumed", *_ENDS_OTHERS))


def times_down(events: Sequence[TraceEvent], by: Collection[str] = _ENDS_OTHERS) -> Iterator[tuple[str, float, float]]:
    """Process, begin and end of each time a process was down; to the last event where it was not started again."""
    return _times(events, by, ("started",))


def fault_of(event: TraceEvent) -> str:
    """The event's name; at a crash point, what the process did to itself there: `killed` or `paused`."""
    return _CRASHES.get(str(event.detail.get("how")), event.name) if event.name == "crash point" else event.name


def is_order_to_start(event: TraceEvent) -> bool:
    """Whether the lab wrote that a process is started; the process says itself when it has."""
    return event.name == "started" and "process" in event.detail


def subject(event: TraceEvent) -> str:
    """The process that an event is about: what the lab did, it did to another."""
    return str(event.detail.get("process", event.process))


def _times(
    events: Sequence[TraceEvent], begins: Collection[str], ends: Collection[str]
) -> Iterator[tuple[str, float, float]]:
    since: dict[str, float] = {}
    for event in events:
        process = base_name(subject(event))
        if fault_of(event) in begins:
            since.setdefault(process, event.wall)
        elif event.name in ends and process in since and not is_order_to_start(event):
            yield process, since.pop(process), event.wall
    yield from ((process, start, events[-1].wall) for process, start in since.items())


def _extend(term: Term, event: TraceEvent) -> None:
    term.end = float(event.detail.get("believes_until", event.wall))
    term.key_until = float(event.detail.get("key_until", term.end))


def _ended(event: TraceEvent, leading: Iterable[str]) -> list[str]:
    """Whose term the event ends: its own process's, the one the lab killed, or a former incarnation's."""
    if event.name in _ENDS_OWN:
        return [process for process in leading if process == event.process]
    if fault_of(event) in _ENDS_OTHERS:
        victim = base_name(subject(event))
        return [process for process in leading if base_name(process) == victim]
    if event.name == "started":
        base = base_name(event.process)
        return [process for process in leading if process != event.process and base_name(process) == base]
    return []


def _close(term: Term, event: TraceEvent) -> None:
    # A frozen leader wakes up after its belief has run out, and is told so only then.
    ran_out = term.end < event.wall
    if not ran_out and event.name != "started":
        term.ended_by = fault_of(event)
    term.end = min(term.end, event.wall)
