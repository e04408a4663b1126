"""How far along the axis of a space-time diagram each event stands: by its causes alone, or by the wall as well."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from bookstore_lib.core.errors import HistoryError

Axis = Literal["logical", "wall"]
_LONGEST_IDLE = 4.0  # columns that no idle time is wider than
_AT_ONCE = 1e-9  # seconds; no wall tells less apart


def logical_columns(before: Mapping[str, set[str]]) -> dict[str, float]:
    """The length of the longest chain of causes that ends in each event: 0, 1, 2, ... along a process.

    Args:
        before: The ids of the events just before each event, by its id.

    Raises:
        HistoryError: The events cannot have happened: an event comes before itself.
    """
    columns: dict[str, float] = {}
    try:
        for event_id in TopologicalSorter(before).static_order():
            columns[event_id] = 1 + max((columns[cause] for cause in before[event_id]), default=-1)
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise HistoryError(
            f"These events cannot have happened: each has to come before the others: {circle}."
        ) from error
    return columns


def wall_columns(
    before: Mapping[str, set[str]], depths: Mapping[str, float], walls: Mapping[str, float]
) -> dict[str, float]:
    """The events in the order of their walls; a long idle time is no wider than a few columns.

    An effect stands one column or more behind its cause, even where the clocks of two machines say otherwise.

    Args:
        before: As for `logical_columns`.
        depths: The logical columns.
        walls: Seconds, by the event's id.
    """
    times = causal_walls(before, walls)
    span = max(times.values()) - min(times.values())
    per_second = (1 + max(depths.values())) / span if span > _AT_ONCE else 0.0
    columns: dict[str, float] = {}
    now, earlier = 0.0, min(times.values())
    for event_id in sorted(before, key=lambda event_id: (times[event_id], depths[event_id], event_id)):
        idle = min((times[event_id] - earlier) * per_second, _LONGEST_IDLE)
        now = max([now + idle, *(columns[cause] + 1 for cause in before[event_id])])
        columns[event_id], earlier = now, times[event_id]
    return columns


def causal_walls(before: Mapping[str, set[str]], walls: Mapping[str, float]) -> dict[str, float]:
    """The wall of each event, or that of its latest cause where this is later; by the event's id."""
    times: dict[str, float] = {}
    for event_id in TopologicalSorter(before).static_order():
        times[event_id] = max([walls[event_id], *(times[cause] for cause in before[event_id])])
    return times
