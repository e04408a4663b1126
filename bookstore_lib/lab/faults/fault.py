"""A fault as data, read from JSON and written to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.supervisor.wires import CUTS
from bookstore_lib.runtime.crash_points import CrashPoint

# As a process: whoever leads when the fault begins, and the first running executor that does not.
LEADER, FOLLOWER = "leader", "follower"
# What has to be said of each kind of fault, and what may be.
FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "kill": (("process",), ("seconds",)),
    "freeze": (("process",), ("seconds",)),
    "cut": (("between", "how"), ("seconds",)),
    "slow": (("process", "delay"), ("procedure", "calls", "seconds")),
    "unavailable": (("process",), ("procedure", "calls", "seconds")),
    "lose_reply": (("process",), ("procedure", "calls", "seconds")),
    "flush": ((), ()),
    "crash_point": (("process", "at"), ("within", "seconds")),
    "lose_tail": ((), ("lost", "seconds")),
}


@dataclass(frozen=True)
class Fault:
    """One fault. Each kind has fields of its own: see `FIELDS`.

    Attributes:
        kind: `kill` (and start again), `freeze`, `cut` a link, make a service `slow` or `unavailable` or have it
            `lose_reply`, `flush` Redis, `crash_point` (a process kills or freezes itself at a step), `lose_tail` (Redis
            is killed and loses the last writes that it had acknowledged).
        process: Whom it befalls; `leader`: whoever leads when it begins; `follower`: an executor that does not.
        between: The two processes whose link is cut.
        how: How the link is cut: `reset`, `silence`, `mute` or `delay`.
        at: Where the process crashes: `<step>:before|after[:kill|freeze]`.
        procedure: The procedure that suffers, such as `CheckFraud`; empty: all.
        delay: Seconds for which a slow service keeps each call waiting.
        calls: How many calls suffer; 0: all.
        lost: How many bytes Redis loses.
        seconds: How long it lasts.
        within: How long to wait until a crash point is reached; then `seconds` begin.

    Raises:
        BookstoreError: It makes no sense; the sentence says why.
    """

    kind: str
    process: str = ""
    between: tuple[str, ...] = ()
    how: str = ""
    at: str = ""
    procedure: str = ""
    delay: float = 0.0
    calls: int = 0
    lost: int = 200
    seconds: float = 1.0
    within: float = 10.0

    def __post_init__(self) -> None:
        if self.kind not in FIELDS:
            raise BookstoreError(f"There is no fault {self.kind!r}; there are {', '.join(FIELDS)}.")
        needs, may = FIELDS[self.kind]
        said = self.to_fields().keys() - {"kind"}
        for name in needs:
            self._require(name in said, f"needs {name!r}")
        for name in said:
            takes = ", ".join((*needs, *may)) or "nothing"
            self._require(name in (*needs, *may), f"does not take {name!r}; it takes {takes}")
        for name in ("delay", "calls", "lost", "seconds", "within"):
            sentence = f"needs a number from 0 as {name!r}, not {getattr(self, name)!r}"
            self._require(_is_length(getattr(self, name)), sentence)
        for name in ("calls", "lost"):
            value = getattr(self, name)
            self._require(isinstance(value, int), f"needs a whole number as {name!r}, not {value!r}")
        if self.kind == "cut":
            self._require(len(set(self.between)) == len(self.between) == 2, "needs two processes as 'between'")
            self._require(self.how in CUTS, f"is cut by one of {', '.join(CUTS)}, not by {self.how!r}")
        if self.kind == "crash_point":
            CrashPoint.parse(self.at)

    @property
    def lasts(self) -> float:
        """How long it lasts, in seconds; some faults are over at once."""
        return self.seconds if "seconds" in FIELDS[self.kind][1] else 0.0

    @classmethod
    def from_fields(cls, values: Any) -> "Fault":
        """Read a fault from what JSON holds: `{"kind": "freeze", "process": "leader", "seconds": 0.8}`.

        Raises:
            BookstoreError: It is no fault; the sentence says why.
        """
        if not isinstance(values, Mapping) or "kind" not in values:
            raise BookstoreError(f"A fault is an object with a 'kind', not {values!r}.")
        known = {field.name: field.type for field in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise BookstoreError(f"A fault has no {name!r}; it has {', '.join(known)}.")
            if known[name] is str and not isinstance(value, str):
                raise BookstoreError(f"A fault needs a text as {name!r}, not {value!r}.")
        between = values.get("between", ())
        if not isinstance(between, list | tuple) or not all(isinstance(name, str) for name in between):
            raise BookstoreError(f"A fault needs a list of two processes as 'between', not {between!r}.")
        return cls(**dict(values) | {"between": tuple(between)})

    def to_fields(self) -> dict[str, Any]:
        """What `from_fields` reads, without what is not said."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        said = {field.name: said[field.name] for field in fields(self) if said[field.name] != field.default}
        return said | {"between": list(self.between)} if self.between else said

    def _require(self, condition: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
        if not condition:
            raise BookstoreError(f"A fault of kind {self.kind!r} {sentence}.")


def _is_length(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
