"""What a campaign found."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bookstore_lib.lab.verify.stage import Round

_LANDED = 0.95
# Of each kind alone fewer may miss, and of a few faults one proves nothing.
_KIND_LANDED = 0.75
_KIND_COUNTS = 8


class Failure(NamedTuple):
    """A schedule in which a guarantee did not hold.

    Attributes:
        schedule: Its name.
        sentences: What was violated.
        folder: Where its schedule, its history and the record at its end are.
    """

    schedule: str
    sentences: tuple[str, ...]
    folder: Path


@dataclass
class Kind:
    """How often a kind of fault was planned, and how often it landed."""

    planned: int = 0
    landed: int = 0


@dataclass
class Report:
    """The sum of all rounds.

    Attributes:
        schedules: How many were run.
        orders: Orders that the shop accepted.
        by_kind: Faults by kind.
        misses: What was said of faults that did not land.
        failures: Schedules in which a guarantee did not hold.
        seconds: How long it took.
        memory_mb: Memory of all processes of a bookstore at the start and at the end, shared pages divided.
    """

    schedules: int = 0
    orders: int = 0
    by_kind: dict[str, Kind] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0
    memory_mb: tuple[float, float] = (0.0, 0.0)

    def add(self, done: Round, folder: Path) -> None:
        """Count a round; one that violates something is written below the folder."""
        self.schedules += 1
        self.orders += done.orders
        for fault, landing in done.landings:
            kind = self.by_kind.setdefault(fault.kind, Kind())
            kind.planned += 1
            kind.landed += landing.landed
            if not landing.landed:
                self.misses.append(f"{done.schedule.name}: {landing.evidence}")
        if not done.verdict.holds:
            self.failures.append(_write(done, folder / done.schedule.name))

    @property
    def planned(self) -> int:
        """Faults that were to happen."""
        return sum(kind.planned for kind in self.by_kind.values())

    @property
    def landed(self) -> int:
        """Faults that had an effect."""
        return sum(kind.landed for kind in self.by_kind.values())

    @property
    def invalid(self) -> str:
        """Why this proves nothing; empty where it does."""
        if self.landed < _LANDED * self.planned:
            return f"Only {self.landed} of {self.planned} planned faults landed."
        seldom = [
            f"{name} ({kind.landed} of {kind.planned})"
            for name, kind in sorted(self.by_kind.items())
            if kind.planned >= _KIND_COUNTS and kind.landed < _KIND_LANDED * kind.planned
        ]
        return f"Landed too seldom: {', '.join(seldom)}." if seldom else ""

    @property
    def good(self) -> bool:
        """Whether it proves something, and every guarantee held."""
        return not self.invalid and not self.failures

    def to_json(self) -> dict[str, Any]:
        """All of it as one JSON object."""
        return {
            "schedules": self.schedules,
            "orders": self.orders,
            "faults_planned": self.planned,
            "faults_landed": self.landed,
            "by_kind": {name: vars(kind) for name, kind in sorted(self.by_kind.items())},
            "violations": sum(len(failure.sentences) for failure in self.failures),
            "failures": [failure._asdict() | {"folder": str(failure.folder)} for failure in self.failures],
            "invalid": self.invalid,
            "memory_mb": list(self.memory_mb),
            "seconds": round(self.seconds, 1),
        }

    def __str__(self) -> str:
        lines = [
            (
                f"{self.schedules} schedules, {self.orders} orders, {self.landed} of {self.planned} faults landed, "
                f"{sum(len(failure.sentences) for failure in self.failures)} violations, {self.seconds:.0f} s."
            ),
            "Landed by kind: "
            + ", ".join(f"{n} {k.landed}/{k.planned}" for n, k in sorted(self.by_kind.items()))
            + ".",
            "Memory of a bookstore at the start and at the end: {:.0f} and {:.0f} MB.".format(*self.memory_mb),
        ]
        for failure in self.failures:
            lines += [f"Schedule {failure.schedule} failed; see {failure.folder}, or run it again with --replay:"]
            lines += [f"  {sentence}" for sentence in failure.sentences]
        return "\n".join([*lines, *([f"This proves nothing. {self.invalid}"] if self.invalid else [])])


def merge(reports: Iterable[Report]) -> Report:
    """Several reports as one; their times are those of the longest."""
    total = Report()
    for report in reports:
        total.schedules += report.schedules
        total.orders += report.orders
        total.misses += report.misses
        total.failures += report.failures
        total.seconds = max(total.seconds, report.seconds)
        total.memory_mb = max(total.memory_mb, report.memory_mb)
        for name, kind in report.by_kind.items():
            sum_ = total.by_kind.setdefault(name, Kind())
            sum_.planned, sum_.landed = sum_.planned + kind.planned, sum_.landed + kind.landed
    return total


def _write(done: Round, folder: Path) -> Failure:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schedule.json").write_text(json.dumps(done.schedule.to_fields(), indent=1))
    (folder / "events.jsonl").write_text("".join(event.to_json() + "\n" for event in done.history.events))
    landings = [f"{fault.to_fields()}: {landing.evidence}" for fault, landing in done.landings]
    (folder / "verdict.txt").write_text("\n".join([str(done.verdict), "", *landings, "", repr(done.history.tables)]))
    sentences = tuple(violation.sentence for violation in done.verdict.violations)
    return Failure(done.schedule.name, sentences, folder)
