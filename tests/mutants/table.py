"""The mutants: which mistake, who makes it, in which schedule it shows, and which guarantee has to catch it."""

from collections.abc import Callable
from typing import NamedTuple

from bookstore_lib.core.causality import CLOCKS_CORRECT
from bookstore_lib.core.invariants.effects import EFFECTS_ONCE, MONEY_MATCHES, STOCK_CONSERVED
from bookstore_lib.core.invariants.leadership import LEADS_IN_TIME, LOCK_KEPT, NO_STALE_WRITES, ONE_LEADER
from bookstore_lib.core.invariants.outcomes import ONE_TERMINAL_STATE, SAME_ANSWER
from bookstore_lib.core.invariants.privacy import NO_CARD_NUMBER
from bookstore_lib.core.invariants.queue import QUEUE_KEEPS, QUEUED_ONCE
from bookstore_lib.core.invariants.recovery import MOVES_AGAIN
from bookstore_lib.core.invariants.sessions import CLEAR_KNOWS, SESSIONS_CLEARED
from bookstore_lib.lab.verify.schedule import EXECUTORS, Schedule
from tests.mutants import leadership, queue, record, schedules, sessions

_EXECUTORS = tuple(f"executor-{number}" for number in range(1, EXECUTORS + 1))
_ORCHESTRATOR = ("orchestrator",)
_FRAUD = ("fraud_detection",)


class Mutant(NamedTuple):
    """A bookstore with a mistake in it.

    Attributes:
        mistake: Puts the mistake into a process; its docstring says what is wrong then.
        processes: Who makes it.
        schedule: What happens to the bookstore.
        invariant: The name of the guarantee that has to be violated.
    """

    mistake: Callable[[], None]
    processes: tuple[str, ...]
    schedule: Schedule
    invariant: str

    @property
    def name(self) -> str:
        """The mistake's name."""
        return self.mistake.__name__

    @property
    def command(self) -> tuple[str, ...]:
        """What starts its supervisor, behind the Python interpreter."""
        return ("-m", "tests.mutants.supervisor", f"{self.mistake.__module__}:{self.name}", *self.processes)


MUTANTS = (
    Mutant(leadership.fence_off, _EXECUTORS, schedules.FROZEN_BEFORE_SETTLING, EFFECTS_ONCE),
    Mutant(leadership.fence_without_epoch, _EXECUTORS, schedules.FROZEN_BEFORE_SETTLING_AND_SLOW, NO_STALE_WRITES),
    Mutant(leadership.no_self_demotion, _EXECUTORS, schedules.FROZEN_LEADER, LEADS_IN_TIME),
    # Made by one only: where all renew so, whoever lost the lock takes it again and notices nothing.
    Mutant(leadership.renew_without_look, ("executor-1",), schedules.EXECUTOR_1_FROZEN_BEFORE_RENEWING, LOCK_KEPT),
    Mutant(leadership.release_without_look, ("executor-1",), schedules.EXECUTOR_1_FROZEN_BEFORE_RENEWING, LOCK_KEPT),
    Mutant(leadership.epoch_from_redis, _EXECUTORS, schedules.FORGOTTEN_WITHOUT_A_LEADER, ONE_LEADER),
    Mutant(queue.no_sweep, _EXECUTORS, schedules.FORGOTTEN_WITHOUT_A_LEADER, MOVES_AGAIN),
    Mutant(queue.acknowledge_first, _EXECUTORS, schedules.KILLED_BEFORE_SETTLING, QUEUE_KEEPS),
    Mutant(queue.bare_pop, _EXECUTORS, schedules.KILLED_BEFORE_INITIALISING, QUEUE_KEEPS),
    Mutant(queue.retrying_client, _ORCHESTRATOR, schedules.REPLY_OF_A_PUSH_LOST, QUEUED_ONCE),
    Mutant(record.commit_late, _ORCHESTRATOR, schedules.KILLED_BEFORE_QUEUEING, ONE_TERMINAL_STATE),
    Mutant(record.no_idempotency_key, _ORCHESTRATOR, schedules.CALM, SAME_ANSWER),
    Mutant(record.stock_outside_transaction, _EXECUTORS, schedules.CALM, STOCK_CONSERVED),
    Mutant(record.charge_before_stock, _EXECUTORS, schedules.CALM, MONEY_MATCHES),
    Mutant(record.card_kept, _EXECUTORS, schedules.CALM, NO_CARD_NUMBER),
    Mutant(sessions.card_in_trace, _FRAUD, schedules.CALM, NO_CARD_NUMBER),
    Mutant(sessions.clock_without_merge, _FRAUD, schedules.CALM, CLOCKS_CORRECT),
    Mutant(sessions.never_cleared, _FRAUD, schedules.CALM, SESSIONS_CLEARED),
    Mutant(sessions.clear_without_look, _FRAUD, schedules.REPLY_OF_A_CHECK_LOST, CLEAR_KNOWS),
)
