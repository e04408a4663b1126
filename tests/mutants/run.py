"""Runs mutants on real processes, two at a time."""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from unittest.mock import patch

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab import shop_client
from bookstore_lib.lab.supervisor import client
from bookstore_lib.lab.verify import stage
from tests.mutants.table import Mutant

_AT_A_TIME = 2
# Some mistakes lose orders; nobody needs to wait for them for long.
_REST_SECONDS = 4.0
# Only one bookstore at a time is told which supervisor to start.
_starting = threading.Lock()


class Outcome(NamedTuple):
    """What became of a mutant.

    Attributes:
        mutant: Which one.
        violated: The names of the guarantees that did not hold.
        notes: A violation of each, and what went wrong: faults that did not land, a bookstore that died.
        seconds: How long it took.
    """

    mutant: Mutant
    violated: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether the guarantee that had to be violated was."""
        return self.mutant.invariant in self.violated

    @property
    def also(self) -> tuple[str, ...]:
        """The other guarantees that did not hold."""
        return tuple(name for name in self.violated if name != self.mutant.invariant)


def run_all(mutants: Iterable[Mutant], on_outcome: Callable[[Outcome], None] = lambda _outcome: None) -> list[Outcome]:
    """Run mutants, each on a bookstore of its own; from several threads `on_outcome` is told each outcome at once."""

    def work(mutant: Mutant) -> Outcome:
        outcome = run(mutant)
        on_outcome(outcome)
        return outcome

    with (
        patch.object(stage, "_REST_SECONDS", _REST_SECONDS),
        patch.object(shop_client, "_LOOKS", 0),
        ThreadPoolExecutor(_AT_A_TIME) as pool,
    ):
        return list(pool.map(work, mutants))


def run(mutant: Mutant) -> Outcome:
    """Run the mutant's schedule and check every guarantee. The run's folder stays where the mutant was not caught."""
    began = time.monotonic()
    try:
        with _start(mutant) as bookstore:
            done = bookstore.run(mutant.schedule)
    except BookstoreError as error:
        return Outcome(mutant, (), (str(error),), time.monotonic() - began)
    violated = dict[str, str]()
    for violation in done.verdict.violations:
        violated.setdefault(violation.invariant, violation.sentence)
    missed = [landing.evidence for _, landing in done.landings if not landing.landed]
    outcome = Outcome(mutant, tuple(violated), (*violated.values(), *missed), time.monotonic() - began)
    if outcome.caught:
        shutil.rmtree(bookstore.shop.run_dir, ignore_errors=True)
        return outcome
    return outcome._replace(notes=(*outcome.notes, f"See {bookstore.shop.run_dir}."))


def _start(mutant: Mutant) -> stage.Stage:
    with _starting, patch.object(client, "COMMAND", [sys.executable, *mutant.command]):
        return stage.Stage()
