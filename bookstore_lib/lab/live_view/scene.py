"""What a live view is told of an execution: the layout and the words of the figures, as numbers and texts for JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bookstore_lib.core.causality import check_clocks
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.faults import BEGINNING, FAULTS, faults_during
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.spacetime import Spacetime, lay_out
from bookstore_lib.core.trace_event import KINDS, TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures.clock_emphasis import FUTURE, PAST
from bookstore_lib.lab.figures.clock_texts import (
    default_title,
    description,
    event_labels,
    hosts,
    is_answer,
    message_names,
    order_letters,
)
from bookstore_lib.lab.figures.style import GREEN, RED, colour_of, tags

MOST_EVENTS = 20_000
_WIDEST_GAP = {"logical": 1, "wall": 4}  # columns between events that are neighbours once others are filtered out
_LONGEST_DETAIL = 160

Scene = dict[str, Any]


def scene_of(
    events: Sequence[TraceEvent],
    process_events: Iterable[TraceEvent] = (),
    *,
    title: str | None = None,
    axis: Axis = "logical",
    violations: Sequence[Violation] | None = None,
) -> Scene:
    """Lay an execution out, and say all that a view shows of it.

    An event is a place in the lists `id`, `host`, `kind`, `name`, `peer`, `label`, `x`, `order`, `send`, `wall` and
    `clock`, which are in the order of the layout: a cause has a smaller place than its effects. Hosts, words, kinds and
    orders are places in lists of their own, -1 for none.

    Args:
        events: As for `draw_clock_diagram`.
        process_events: As there.
        title: Above the view.
        axis: As there.
        violations: As there.

    Raises:
        HistoryError: There are no events, too many, or they cannot have happened.
    """
    found = check_clocks(events) if violations is None else violations
    spacetime = lay_out([*events, *faults_during(events, process_events)], axis=axis)
    if len(spacetime.events) > MOST_EVENTS:
        raise HistoryError(
            f"A live view holds {MOST_EVENTS:,} events, not {len(spacetime.events):,}; show one order, or fewer events."
        )
    place = {event.id: index for index, event in enumerate(spacetime.events)}
    return {
        "title": title or default_title(spacetime),
        "about": description(spacetime, ()),
        "gap": _WIDEST_GAP[axis],
        "colours": {"past": PAST, "future": FUTURE, "wrong": RED, "good": GREEN},
        "wrong": _wrong(found, place),
        **_processes(spacetime),
        **_events(spacetime, place, {event.id for event in events}),
        **_messages(spacetime, place),
    }


def _processes(spacetime: Spacetime) -> Scene:
    """Hosts in the order of the lanes, then those that only clocks know; the lanes by the names of their processes."""
    known = tuple(dict.fromkeys((*spacetime.processes, *hosts(spacetime))))
    short = tags(known)
    lanes = list(dict.fromkeys(map(base_name, spacetime.processes)))
    return {
        "hosts": known,
        "tags": [short[host] for host in known],
        "laneOf": [spacetime.lanes.get(host, -1) for host in known],
        "lanes": lanes,
        "laneColours": [colour_of(lane) for lane in lanes],
        "laneTags": [tags(tuple(lanes))[lane] for lane in lanes],
    }


def _events(spacetime: Spacetime, place: Mapping[str, int], asked: set[str]) -> Scene:
    events, letters = spacetime.events, order_letters(spacetime)
    labels, first = event_labels(spacetime, letters), min(event.wall for event in spacetime.events)
    orders = sorted({event.order_id for event in events} - {""})
    order_places = {order: index for index, order in enumerate(orders)}
    host_places = {host: index for index, host in enumerate(dict.fromkeys((*spacetime.processes, *hosts(spacetime))))}
    words = _Places()
    return {
        "orders": orders,
        "letters": [letters.get(order, "") for order in orders],
        "id": [event.id for event in events],
        "host": [host_places[event.process] for event in events],
        "kind": [KINDS.index(event.kind) for event in events],
        "name": [words[event.name] for event in events],
        "peer": [words[event.peer] for event in events],
        "label": [words[labels[event.id].name] for event in events],
        "x": [round(spacetime.columns[event.id], 3) for event in events],
        "order": [order_places.get(event.order_id, -1) for event in events],
        "send": [place.get(event.message_id, -1) if event.kind == "receive" else -1 for event in events],
        "wall": [round(1000 * (event.wall - first), 1) for event in events],
        "clock": [_pairs(event, host_places) for event in events],
        "marks": {place[event.id]: event.name for event in events if _is_turn(event)},
        "noted": [place[event.id] for event in events if event.id not in asked or _is_fault(event)],
        "more": {place[event.id]: text for event in events if (text := _more(event))},
        "words": list(words),
    }


def _messages(spacetime: Spacetime, place: Mapping[str, int]) -> Scene:
    names = message_names(spacetime)
    return {
        "messages": [
            [place[arrow.send.id], place[arrow.receive.id], int(arrow.again), int(is_answer(arrow.send))]
            for arrow in spacetime.arrows
        ],
        "said": {place[send_id]: name for send_id, name in names.items()},
        "lost": [place[event.id] for event in spacetime.lost],
        "orphans": [place[event.id] for event in spacetime.orphans],
    }


def _wrong(violations: Iterable[Violation], place: Mapping[str, int]) -> dict[int, list[str]]:
    wrong: dict[int, list[str]] = {}
    for violation in violations:
        for event in violation.events:
            if event.id in place:
                wrong.setdefault(place[event.id], []).append(violation.sentence)
    return wrong


def _pairs(event: TraceEvent, host_places: Mapping[str, int]) -> list[int]:
    """A clock as host, count, host, count, ..."""
    return [number for host, count in event.clock.items() for number in (host_places[host], count)]


def _is_turn(event: TraceEvent) -> bool:
    """Whether the process was started, ended, frozen or woken."""
    return not event.order_id and event.name in (*FAULTS, BEGINNING)


def _is_fault(event: TraceEvent) -> bool:
    return _is_turn(event) and "process" in event.detail


def _more(event: TraceEvent) -> str:
    epoch = [] if event.epoch is None else [f"epoch: {event.epoch}"]
    text = ", ".join([*epoch, *(f"{name}: {_said(value)}" for name, value in event.detail.items())])
    return text if len(text) <= _LONGEST_DETAIL else f"{text[: _LONGEST_DETAIL - 1]}…"


def _said(value: Any) -> str:
    return ", ".join(f"{name} {each}" for name, each in value.items()) if isinstance(value, dict) else str(value)


class _Places(dict[str, int]):
    """Gives each new text the next place; the texts are its keys, in this order."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]
