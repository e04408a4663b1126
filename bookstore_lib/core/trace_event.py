"""One event of an execution, as it is written to a trace: one JSON object a line."""

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from types import NoneType
from typing import Any, Literal, get_args

from bookstore_lib.core.vector_clock import VectorClock

Kind = Literal["send", "receive", "local"]
KINDS: tuple[str, ...] = get_args(Kind)
_texts = attrgetter("id", "process", "order_id", "kind", "name", "message_id", "peer")
_NUMBER = (int, float)
_EPOCH = (int, NoneType)

_ENCODER = json.JSONEncoder(separators=(",", ":"))
# A text as JSON, quotes and all.
_quoted = json.encoder.encode_basestring_ascii


class DamagedEventError(ValueError):
    """A line is not a trace event: cut short by a kill, or not ours."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """Something that happened in one process.

    Attributes:
        id: Unique in a run, `<process>#<number>`; numbers count up in each process.
        process: The host: `orchestrator`, `executor-2`, after a restart `executor-2~1`.
        order_id: The order it belongs to; empty for events of the process itself (elections).
        kind: `send`, `receive` or `local`.
        name: What happened, `CheckFraud` or `settled`.
        clock: The order's clock in this process just after the event; empty where there is no order.
        message_id: For send and receive, which message: the id of its send event.
        peer: For send and receive, the other process where it is known.
        wall: Seconds since 1970, for people; never used to order events of different processes.
        epoch: The leader's epoch, where it has one.
        detail: Anything else worth showing; JSON values only, no card data.
    """

    id: str
    process: str
    order_id: str
    kind: Kind
    name: str
    clock: VectorClock = field(default_factory=VectorClock)
    message_id: str = ""
    peer: str = ""
    wall: float = 0.0
    epoch: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The event as one line of JSON, without the line's end."""
        # Put together from texts, for this is most of what tracing costs: the general encoder takes thrice as long.
        clock = ",".join([f"{_quoted(host)}:{count}" for host, count in self.clock.items()])
        detail = _ENCODER.encode(dict(self.detail)) if self.detail else "{}"
        return (
            f'{{"id":{_quoted(self.id)},"process":{_quoted(self.process)},"order_id":{_quoted(self.order_id)},'
            f'"kind":{_quoted(self.kind)},"name":{_quoted(self.name)},"clock":{{{clock}}},'
            f'"message_id":{_quoted(self.message_id)},"peer":{_quoted(self.peer)},"wall":{float(self.wall)!r},'
            f'"epoch":{"null" if self.epoch is None else self.epoch},"detail":{detail}}}'
        )

    @classmethod
    def from_json(cls, line: str) -> "TraceEvent":
        """Read one line.

        Raises:
            DamagedEventError: The line is not a whole event.
        """
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DamagedEventError(f"Not a trace event: {line[:80]!r}") from error
        return cls.from_fields(fields)

    @classmethod
    def from_fields(cls, fields: Any) -> "TraceEvent":
        """Make an event of what JSON gave for a line; a dictionary is used up.

        Raises:
            DamagedEventError: These are not the fields of an event.
        """
        try:
            fields["clock"] = VectorClock(fields["clock"])
            event = cls(**fields)
            # One call for all texts, for this is done for every line of a trace: TypeError where one is no text.
            "".join(_texts(event))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedEventError(f"Not a trace event: {reprlib.repr(fields)}") from error
        if event.kind not in KINDS:
            raise DamagedEventError(f"Unknown kind of event {event.kind!r} in {event.id!r}")
        if not (isinstance(event.wall, _NUMBER) and isinstance(event.epoch, _EPOCH) and isinstance(event.detail, dict)):
            raise DamagedEventError(f"Not a trace event: {event.id!r} has a wall, an epoch or a detail of another type")
        return event
