"""What was done to the processes of a run, as far as it decides whether a guarantee can be judged."""

from collections.abc import Iterable, Sequence

from bookstore_lib.core.hosts import base_name, incarnation
from bookstore_lib.core.trace_event import TraceEvent

_REDIS = "redis"
_FAULTS = ("killed", "paused", "stopped", "cut", "flushed", "troubled", "crash point")


def of_processes(events: Iterable[TraceEvent], *names: str) -> list[TraceEvent]:
    """The events with one of these names that are of a process, and of no order."""
    return [event for event in events if not event.order_id and event.name in names]


def faults(events: Iterable[TraceEvent]) -> list[TraceEvent]:
    """The beginnings of faults, and what processes did to themselves at a crash point."""
    return of_processes(events, *_FAULTS)


def ended(events: Sequence[TraceEvent]) -> set[str]:
    """The processes that have ended, in order or not: what they kept in memory is gone."""
    stopped = set(map(_victim, of_processes(events, "killed", "stopped")))
    crashed = {event.process for event in of_processes(events, "crash point") if event.detail.get("how") == "kill"}
    processes = {event.process for event in events} | set(map(_victim, of_processes(events, "started")))
    last: dict[str, int] = {}
    for process in processes:
        last[base_name(process)] = max(incarnation(process), last.get(base_name(process), 0))
    return stopped | crashed | {process for process in processes if incarnation(process) < last[base_name(process)]}


def redis_lost_data(events: Sequence[TraceEvent]) -> bool:
    """Whether Redis was wiped or ended by a fault: it may then forget what it had confirmed, and a lock or an order."""
    ends = of_processes(events, "killed", "stopped")
    return bool(of_processes(events, "flushed")) or any(base_name(_victim(event)) == _REDIS for event in ends)


def lost_by_a_cut(events: Sequence[TraceEvent]) -> set[str]:
    """The locks whose holders somebody took for dead to whom its link had been cut: it may have been wrong."""
    cuts = [set(map(base_name, event.detail.get("between", ()))) for event in of_processes(events, "cut")]
    lost = of_processes(events, "leader lost")
    return {
        event.detail["lock"] for event in lost if {base_name(event.process), base_name(event.detail["holder"])} in cuts
    }


def leaders_missed_replies(events: Sequence[TraceEvent]) -> bool:
    """Whether Redis may have done what a leader asked while the reply was lost, so that the trace does not tell."""
    leaders = {base_name(event.process) for event in of_processes(events, "elected")}
    cuts = [set(map(base_name, event.detail.get("between", ()))) for event in of_processes(events, "cut")]
    frozen = {base_name(_victim(event)) for event in of_processes(events, "paused")}
    return _REDIS in frozen or any(_REDIS in cut and cut & leaders for cut in cuts)


def _victim(event: TraceEvent) -> str:
    """The process that the lab did something to; of an event that a process wrote of itself, that process."""
    return str(event.detail.get("process", event.process))
