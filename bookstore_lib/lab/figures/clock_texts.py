"""What a space-time diagram says in words: its labels, the names of its messages, its captions and description."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase
from typing import NamedTuple

from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.spacetime import Spacetime
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.figures.clock_emphasis import Cut
from bookstore_lib.lab.figures.style import tags

_LONGEST_NAME = 24
_MOST_SENTENCES = 4


class Label(NamedTuple):
    """What stands at an event: its name where no arrow says it, and its clock's entries in the order of `hosts`."""

    name: str
    clock: tuple[str, ...]


def order_letters(spacetime: Spacetime) -> dict[str, str]:
    """A letter for each of several orders, because their clocks have nothing to do with each other."""
    orders = _orders(spacetime)
    letters = {order: ascii_lowercase[i % 26] * (1 + i // 26) for i, order in enumerate(orders)}
    return letters if len(orders) > 1 else {}


def default_title(spacetime: Spacetime) -> str:
    """What the picture is called when the caller does not say."""
    orders = _orders(spacetime)
    return f"Order {orders[0]}" if len(orders) == 1 else f"{len(orders)} orders" if orders else "Execution"


def event_labels(spacetime: Spacetime, letters: Mapping[str, str]) -> dict[str, Label]:
    """By the event's id. The first event of a restarted process says so, as no fault may have been noted."""
    arrived = {end.id for arrow in spacetime.arrows for end in arrow[:2]}
    order, short = hosts(spacetime), tags(spacetime.processes)
    births = {event.process: event.id for event in reversed(spacetime.events) if "~" in event.process}
    return {
        event.id: Label(
            " ".join(
                part
                for part in (
                    letters.get(event.order_id, ""),
                    short[event.process] if births.get(event.process) == event.id else "",
                    "" if event.id in arrived else shortened(event.name),
                )
                if part
            ),
            tuple(str(event.clock[host]) for host in order) if event.clock else (),
        )
        for event in spacetime.events
    }


def message_names(spacetime: Spacetime) -> dict[str, str]:
    """By the id of the send; a reply has none, as its thin arrow back says all."""
    sends = [arrow.send for arrow in spacetime.arrows]
    names = {send.id: send.name.rpartition(" ")[2] if is_answer(send) else send.name for send in sends}
    return {send_id: shortened(name) for send_id, name in names.items() if name != "reply"}


def is_answer(send: TraceEvent) -> bool:
    """Whether a message answers a call."""
    return send.name.endswith((" reply", " error"))


def hosts(spacetime: Spacetime) -> tuple[str, ...]:
    """The hosts of the clocks in the order of the lanes; those without a lane come last."""
    known = {host for event in spacetime.events for host in event.clock}
    rows = [process for process in spacetime.processes if process in known]
    return (*rows, *sorted(known - set(rows)))


def clock_caption(spacetime: Spacetime, *, stacked: bool) -> str:
    """How to read the clocks; empty where there is none."""
    short = tags(hosts(spacetime))
    if not short:
        return ""
    return f"Vector clocks [{', '.join(short.values())}]{', from top to bottom' if stacked else ''}."


def axis_caption(axis: Axis) -> str:
    """What the numbers of a wall axis are; empty for logical time."""
    return "Milliseconds since the first event by the clocks on the wall, not to scale." if axis == "wall" else ""


def order_caption(letters: Mapping[str, str]) -> str:
    """Which letter is which order; empty where there is one order only."""
    return "; ".join(f"{letter} = order {order}" for order, letter in letters.items())


def sentences(violations: Sequence[Violation]) -> list[str]:
    """What is wrong, not more than a few of it."""
    more = len(violations) - _MOST_SENTENCES
    rest = [f"... and {more} more."] if more > 0 else []
    return [*(violation.sentence for violation in violations[:_MOST_SENTENCES]), *rest]


def cut_caption(cut: Cut | None) -> str:
    """Which messages make a cut inconsistent; empty for none."""
    if cut is None or cut.consistent:
        return ""
    what = ", ".join(f"{shortened(send.name)} to {receive.process}" for send, receive in cut.breaking[:_MOST_SENTENCES])
    more = f" and {len(cut.breaking) - _MOST_SENTENCES} more" if len(cut.breaking) > _MOST_SENTENCES else ""
    return f"The cut is inconsistent: received inside, but sent outside: {what}{more}."


def description(spacetime: Spacetime, violations: Iterable[Violation]) -> str:
    """The picture in words: how much of what, who talks to whom, and what is wrong."""
    talks = Counter((arrow.send.process, arrow.receive.process) for arrow in spacetime.arrows)
    who = "; ".join(f"{sender} to {receiver}: {count}" for (sender, receiver), count in sorted(talks.items()))
    again = sum(arrow.again for arrow in spacetime.arrows)
    hidden = sum(len(stretch.events) for stretch in spacetime.stretches)
    wrong = "".join(f" Violation: {violation.sentence}" for violation in violations)
    return (
        "Space-time diagram with vector clocks. "
        f"{len(spacetime.events) + hidden} events of {len(spacetime.processes)} processes: "
        f"{', '.join(spacetime.processes)}. "
        f"{len(spacetime.arrows)} messages arrive{f' ({who})' if who else ''}, "
        f"{again} of them again; {len(spacetime.lost)} are never received."
        f"{f' {hidden} events are left out.' if hidden else ''}{wrong}"
    )


def shortened(name: str) -> str:
    """A name that is not too long for a picture."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _orders(spacetime: Spacetime) -> list[str]:
    return sorted({event.order_id for event in spacetime.events} - {""})
