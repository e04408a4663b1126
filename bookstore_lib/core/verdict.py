"""What a check of an execution says: each invariant, held or violated, and what showed it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from bookstore_lib.core.trace_event import TraceEvent

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """One proof that an invariant does not hold.

    Attributes:
        invariant: The name of the invariant.
        sentence: What is wrong, for people. Never carries card data.
        events: The events that show it; empty when the record alone does. Not part of the text of a violation: an
            event that leaked a card number must not be printed again.
    """

    invariant: str
    sentence: str
    events: tuple[TraceEvent, ...] = field(default=(), repr=False)


class Result(NamedTuple):
    """What became of one invariant."""

    name: str
    violations: tuple[Violation, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts it."""
        return not self.violations


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """The results of a check; its text has a line for each invariant.

    Attributes:
        results: The invariants that were checked, always in the same order.
        unchecked: The names of those that cannot be judged without the tables of the record.
    """

    results: tuple[Result, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every invariant that was checked holds."""
        return all(result.holds for result in self.results)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """All violations, in the order of the results."""
        return tuple(violation for result in self.results for violation in result.violations)

    def __str__(self) -> str:
        lines = [line for result in self.results for line in _lines(result)]
        return "\n".join(lines + [f"not checked  {name} (needs the tables of the record)" for name in self.unchecked])

    __repr__ = __str__


def _lines(result: Result) -> list[str]:
    shown = [f"{'':13}- {violation.sentence}" for violation in result.violations[:SHOWN]]
    more = len(result.violations) - SHOWN
    rest = [f"{'':13}- and {more} more"] if more > 0 else []
    return [f"{'held' if result.holds else 'VIOLATED':11}  {result.name}", *shown, *rest]
