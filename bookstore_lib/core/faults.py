"""What was done to a process (killed, paused, ...) as an event of that process, among those that it wrote itself.

The lab notes a fault as a local event of its own; `detail["process"]` says whom it hit. No message tells the victim, so
happens-before alone cannot say where the fault belongs. Within one process the wall times of one machine do.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from bookstore_lib.core.causality import number_of
from bookstore_lib.core.hosts import base_name, incarnation
from bookstore_lib.core.trace_event import TraceEvent

ENDINGS = ("killed", "stopped")
FAULTS = (*ENDINGS, "paused", "resumed")
BEGINNING = "started"


def faults_during(events: Sequence[TraceEvent], process_events: Iterable[TraceEvent]) -> list[TraceEvent]:
    """The faults and restarts that hit the processes of `events` while these happened, by the wall.

    Args:
        events: What is looked at, the events of one order perhaps.
        process_events: Those of the whole run that belong to no order.
    """
    if not events:
        return []
    known = {event.id for event in events}
    bases = {base_name(event.process) for event in events}
    first, last = min(event.wall for event in events), max(event.wall for event in events)
    return [
        event
        for event in process_events
        if (_is_noted(event) or (event.name == BEGINNING and not event.order_id and incarnation(event.process)))
        and base_name(_victim(event)) in bases
        and first <= event.wall <= last
        and event.id not in known
    ]


def sort_out(events: Iterable[TraceEvent]) -> tuple[list[TraceEvent], list[TraceEvent]]:
    """What processes wrote about themselves, and the faults, each as an event of its victim.

    A fault of a process that wrote nothing is left out, and so is the lab's order to start one: the process says
    itself when it has started.
    """
    events = list(events)
    noted = [event for event in events if _is_noted(event)]
    own = [event for event in events if not _is_noted(event) and not _is_order_to_start(event)]
    alive = {event.process for event in own}
    return own, [replace(event, process=_victim(event)) for event in noted if _victim(event) in alive]


def lanes_of(own: Iterable[TraceEvent], faults: Iterable[TraceEvent]) -> dict[str, list[TraceEvent]]:
    """The events of each process in their order, by its name without incarnation: one life after the other."""
    lives: dict[str, list[TraceEvent]] = {}
    for event in sorted(own, key=number_of):
        lives.setdefault(event.process, []).append(event)
    for fault in sorted(faults, key=lambda event: event.wall):
        life = lives[fault.process]
        at = len(life) if fault.name in ENDINGS else bisect([event.wall for event in life], fault.wall)
        life.insert(at, fault)
    lanes: dict[str, list[TraceEvent]] = {}
    for host in sorted(lives, key=incarnation):
        lanes.setdefault(base_name(host), []).extend(lives[host])
    return lanes


def add_lanes(before: dict[str, set[str]], lanes: Iterable[Sequence[TraceEvent]]) -> dict[str, set[str]]:
    """The causes of each event, and besides them the event before it in its lane; by the event's id."""
    more = {event_id: set(ids) for event_id, ids in before.items()}
    for lane in lanes:
        more.setdefault(lane[0].id, set())
        for earlier, event in pairwise(lane):
            more.setdefault(event.id, set()).add(earlier.id)
    return more


def _is_noted(event: TraceEvent) -> bool:
    return event.name in FAULTS and "process" in event.detail and not event.order_id


def _is_order_to_start(event: TraceEvent) -> bool:
    return event.name == BEGINNING and "process" in event.detail and not event.order_id


def _victim(event: TraceEvent) -> str:
    return str(event.detail["process"]) if _is_noted(event) else event.process
