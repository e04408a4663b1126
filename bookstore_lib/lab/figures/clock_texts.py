"""What a space-time diagram says in words: its labels, the names of its messages, its caption and description."""

from collections import Counter
from collections.abc import Iterable, Mapping
from string import ascii_lowercase

from bookstore_lib.core.spacetime import Spacetime
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.style import tags

_LONGEST_NAME = 24


def order_letters(spacetime: Spacetime) -> dict[str, str]:
    """A letter for each of several orders, because their clocks have nothing to do with each other."""
    orders = _orders(spacetime)
    letters = {order: ascii_lowercase[i % 26] * (1 + i // 26) for i, order in enumerate(orders)}
    return letters if len(orders) > 1 else {}


def default_title(spacetime: Spacetime) -> str:
    """What the picture is called when the caller does not say."""
    orders = _orders(spacetime)
    return f"Order {orders[0]}" if len(orders) == 1 else f"{len(orders)} orders" if orders else "Execution"


def event_labels(spacetime: Spacetime, letters: Mapping[str, str]) -> dict[str, str]:
    """By the event's id: its order's letter, its name where no arrow says it, and its clock in the order of `hosts`."""
    arrived = {end.id for arrow in spacetime.arrows for end in (arrow.send, arrow.receive)}
    order = hosts(spacetime)
    return {
        event.id: " ".join(
            part
            for part in (
                letters.get(event.order_id, ""),
                "" if event.id in arrived else _short(event.name),
                _compact(event, order),
            )
            if part
        )
        for event in spacetime.events
    }


def message_names(spacetime: Spacetime) -> dict[str, str]:
    """By the id of the send; an answer is called `reply` or `error`, its arrow shows to what."""
    sends = [arrow.send for arrow in spacetime.arrows]
    return {send.id: _short(send.name.rpartition(" ")[2] if is_answer(send) else send.name) for send in sends}


def is_answer(send: TraceEvent) -> bool:
    """Whether a message answers a call."""
    return send.name.endswith((" reply", " error"))


def hosts(spacetime: Spacetime) -> tuple[str, ...]:
    """The hosts of the clocks in the order of their rows; those without a row come last."""
    known = {host for event in spacetime.events for host in event.clock}
    rows = [process for process in spacetime.processes if process in known]
    return (*rows, *sorted(known - set(rows)))


def captions(spacetime: Spacetime, letters: Mapping[str, str]) -> list[str]:
    """How to read the labels, a line each."""
    short = tags(hosts(spacetime))
    whole = ", ".join(f"{tag} = {host}" for host, tag in short.items() if tag != host)
    clocks = f"Vector clocks {'·'.join(short.values())}{' with ' if whole else ''}{whole}" if short else ""
    orders = "; ".join(f"{letter} = order {order}" for order, letter in letters.items())
    return [line for line in (clocks, orders) if line]


def description(spacetime: Spacetime) -> str:
    """The picture in words: how much of what, and who talks to whom."""
    talks = Counter((arrow.send.process, arrow.receive.process) for arrow in spacetime.arrows)
    who = "; ".join(f"{sender} to {receiver}: {count}" for (sender, receiver), count in sorted(talks.items()))
    again = sum(arrow.again for arrow in spacetime.arrows)
    return (
        "Space-time diagram with vector clocks. "
        f"{len(spacetime.events)} events of {len(spacetime.processes)} processes: {', '.join(spacetime.processes)}. "
        f"{len(spacetime.arrows)} messages arrive{f' ({who})' if who else ''}, "
        f"{again} of them again; {len(spacetime.lost)} are never received."
    )


def _orders(spacetime: Spacetime) -> list[str]:
    return sorted({event.order_id for event in spacetime.events} - {""})


def _compact(event: TraceEvent, order: Iterable[str]) -> str:
    return "·".join(str(event.clock[host]) for host in order) if event.clock else ""


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
