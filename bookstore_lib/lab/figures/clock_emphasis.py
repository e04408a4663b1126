"""What a space-time diagram makes stand out: violations, the cone of an event, the messages that break a cut."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from bookstore_lib.core.happens_before import Message
from bookstore_lib.core.spacetime import Arrow
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.style import BLACK, FADED, GREY, RED, colour_of

Role = Literal["plain", "self", "past", "future", "concurrent"]
PAST, FUTURE = "#0060A0", "#B34700"  # dark enough to read as text on white
_COLOURS: Mapping[Role, str] = {"self": BLACK, "past": PAST, "future": FUTURE, "concurrent": FADED}


class Cut(NamedTuple):
    """A first part of each process: the ids of its events, and the messages that are received but not sent in it."""

    inside: Collection[str]
    breaking: tuple[Message, ...]

    @property
    def consistent(self) -> bool:
        """Whether the processes can have been like this at one moment."""
        return not self.breaking


class Emphasis(NamedTuple):
    """What is special in a diagram.

    Attributes:
        wrong: The ids of the events that violate something.
        highlight: The id of the event whose cone is shown; empty for none.
        past: The ids of its causal past.
        future: The ids of its causal future.
        cut: A cut to show.
    """

    wrong: Collection[str] = ()
    highlight: str = ""
    past: Collection[str] = ()
    future: Collection[str] = ()
    cut: Cut | None = None

    def role(self, event: TraceEvent) -> Role:
        """What the event is to the highlighted one."""
        if not self.highlight:
            return "plain"
        if event.id == self.highlight:
            return "self"
        return "past" if event.id in self.past else "future" if event.id in self.future else "concurrent"

    def colour(self, event: TraceEvent) -> str:
        """Of the event's mark."""
        if event.id in self.wrong:
            return RED
        return _COLOURS.get(self.role(event), colour_of(event.process))

    def ink(self, event: TraceEvent, usual: str) -> str:
        """Of the event's texts."""
        if event.id in self.wrong:
            return RED
        role = self.role(event)
        return usual if role in ("plain", "self") else GREY if role == "concurrent" else _COLOURS[role]

    def arrow_colour(self, arrow: Arrow) -> str:
        """Of a message: one that led to the highlighted event is past, one that came of it is future."""
        if self.breaks(arrow.receive):
            return RED
        roles = self.role(arrow.send), self.role(arrow.receive)
        if roles[0] == "plain":
            return colour_of(arrow.send.process)
        if roles[1] in ("self", "past"):
            return PAST
        return FUTURE if roles[0] in ("self", "future") else FADED

    def breaks(self, receive: TraceEvent) -> bool:
        """Whether the message of this receive makes the cut inconsistent."""
        return self.cut is not None and any(receive == message.receive for message in self.cut.breaking)
