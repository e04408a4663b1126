"""What the bookstore guarantees, as a table of named checks over a finished execution.

Each guarantee is a pure function over the events of the trace, over the tables of the record, or one of each. What it
yields is proof: a check never guesses, and is silent where a fault explains what it sees. What happened before what is
told by the numbers of a process's events and by clocks, not by wall times. Two guarantees are about real time, or about
processes that tell each other nothing: `queue.kept_until_done` and `recovery.moves_again` compare wall times of
different processes. The processes of one run share a machine and its clock; where yours do not, do not trust these two.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from bookstore_lib.core.causality import CLOCKS_CORRECT, check_clocks
from bookstore_lib.core.invariants import effects, leadership, outcomes, privacy, queue, recovery, sessions
from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Result, Verdict, Violation


class Invariant(NamedTuple):
    """A guarantee: its name, and how the trace and the record are checked for it."""

    name: str
    in_trace: Callable[[Sequence[TraceEvent]], Iterable[Violation]] | None = None
    in_record: Callable[[Sequence[TraceEvent], Tables], Iterable[Violation]] | None = None

    def violations(self, events: Sequence[TraceEvent], tables: Tables | None) -> Iterator[Violation]:
        """All that contradicts it; without tables only what the trace alone shows."""
        if self.in_trace:
            yield from self.in_trace(events)
        if self.in_record and tables is not None:
            yield from self.in_record(events, tables)


INVARIANTS = (
    Invariant(outcomes.ONE_TERMINAL_STATE, outcomes.settled_one_way, outcomes.ended_in_record),
    Invariant(outcomes.SAME_ANSWER, outcomes.same_answer),
    Invariant(effects.EFFECTS_ONCE, in_record=effects.paid_once),
    Invariant(effects.STOCK_CONSERVED, in_record=effects.stock_conserved),
    Invariant(effects.MONEY_MATCHES, in_record=effects.money_matches),
    Invariant(leadership.ONE_LEADER, leadership.one_process_per_epoch, leadership.epochs_in_record),
    Invariant(leadership.NO_STALE_WRITES, in_record=leadership.no_stale_writes),
    Invariant(leadership.LEADS_IN_TIME, leadership.leads_in_time),
    Invariant(leadership.LOCK_KEPT, leadership.lock_kept),
    Invariant(queue.QUEUE_KEEPS, queue.kept_until_done),
    Invariant(queue.QUEUED_ONCE, queue.queued_once),
    Invariant(recovery.MOVES_AGAIN, in_record=recovery.moves_again),
    Invariant(CLOCKS_CORRECT, check_clocks),
    Invariant(sessions.SESSIONS_CLEARED, sessions.sessions_cleared),
    Invariant(sessions.CLEAR_KNOWS, sessions.clear_knows),
    Invariant(privacy.NO_CARD_NUMBER, privacy.no_card_in_trace, privacy.no_card_in_record),
)


def check(events: Iterable[TraceEvent], tables: Tables | None = None) -> Verdict:
    """Check every guarantee on an execution that has come to rest: no order is still on its way.

    Args:
        events: The whole trace, in any order.
        tables: The record at the same moment. Without it, what depends on it is not called held: it is reported only
            where the trace alone contradicts it.

    Raises:
        HistoryError: An event's id has no number.
    """
    events = list(events)
    results: list[Result] = []
    unchecked: list[str] = []
    for invariant in INVARIANTS:
        violations = tuple(invariant.violations(events, tables))
        if violations or tables is not None or invariant.in_record is None:
            results.append(Result(invariant.name, violations))
        else:
            unchecked.append(invariant.name)
    return Verdict(tuple(results), tuple(unchecked))
