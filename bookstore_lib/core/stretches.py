"""Leaving out what is not worth a look: long stretches of a space-time diagram in which nothing special happens."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise

from bookstore_lib.core.spacetime import Spacetime, Stretch
from bookstore_lib.core.trace_event import TraceEvent

_SHORTEST = 3  # columns; fewer are not worth a gap
_ROUTINE = ("renewed", "waiting")


def collapse(spacetime: Spacetime, keep: Collection[str] = ()) -> Spacetime:
    """Replace each stretch of three columns or more without a special event by one column.

    Special are: local events but for an executor's routine, messages that were lost or came twice or from nobody, the
    first event after a restart and the last before, and what `keep` names; and the other end of a special event's
    message.

    Args:
        spacetime: A whole layout.
        keep: Ids of more events to show.

    Returns:
        The same execution with fewer columns; `events` has only those that are left.
    """
    special = {event.id for event in _special(spacetime)} | set(keep)
    messages = [{arrow.send.id, arrow.receive.id} for arrow in spacetime.arrows]
    ends = {event_id for message in messages if message & special for event_id in message}
    shown = {spacetime.columns[event_id] for event_id in special | ends}
    columns: dict[str, float] = {}
    stretches: list[Stretch] = []
    now, earlier, at_gap = 0.0, 0.0, True
    for left_out, part in _parts(spacetime, shown):
        column = spacetime.columns[part[0].id]
        if columns:
            now += 1.0 if left_out or at_gap else column - earlier
        columns |= {event.id: now for event in part}
        earlier, at_gap = column, left_out
        if left_out:
            stretches.append(Stretch(now, tuple(part)))
    hidden = {event.id for stretch in stretches for event in stretch.events}
    events = tuple(event for event in spacetime.events if event.id not in hidden)
    return spacetime._replace(events=events, columns=columns, stretches=tuple(stretches))


def _special(spacetime: Spacetime) -> Iterator[TraceEvent]:
    yield from (event for event in spacetime.events if event.kind == "local" and event.name not in _ROUTINE)
    yield from (*spacetime.lost, *spacetime.orphans)
    yield from (arrow.receive for arrow in spacetime.arrows if arrow.again)
    for lane in set(spacetime.lanes.values()):
        life = [event for event in spacetime.events if spacetime.lanes[event.process] == lane]
        yield from (end for pair in pairwise(life) for end in pair if pair[0].process != pair[1].process)


def _parts(spacetime: Spacetime, shown: Collection[float]) -> Iterator[tuple[bool, Sequence[TraceEvent]]]:
    """One after the other: a column that is shown, or a stretch that is left out."""
    in_columns = [list(part) for _, part in groupby(spacetime.events, lambda event: spacetime.columns[event.id])]
    for is_shown, run in groupby(in_columns, lambda part: spacetime.columns[part[0].id] in shown):
        parts = list(run)
        if is_shown or len(parts) < _SHORTEST:
            yield from ((False, part) for part in parts)
        else:
            yield True, [event for part in parts for event in part]
