"""The checks of an order as a dependency graph, and the state machine that walks it.

`STEPS` is the graph: the drivers run it and the diagrams are drawn from it. `CheckoutRun` decides what to start, what
to cancel and how it ends; it does no I/O, so threads, an event loop or a test can drive it:

    run = CheckoutRun()
    commands = run.start()            # [Call("initialize_verification"), ...]
    commands = run.on_reply(step, Passed())
    ...                               # until run.outcome is not None
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from bookstore_lib.core.errors import IllegalTransitionError
from bookstore_lib.core.order import Book, OrderStatus, Outcome, Reason


class Step(NamedTuple):
    """One call of the checkout: to which service, which procedure, and which steps have to pass first."""

    service: str
    procedure: str
    needs: tuple[str, ...] = ()


STEPS: Mapping[str, Step] = {
    "initialize_verification": Step("transaction_verification", "InitializeOrder"),
    "initialize_fraud": Step("fraud_detection", "InitializeOrder"),
    "initialize_suggestions": Step("suggestions", "InitializeOrder"),
    "check_billing": Step("transaction_verification", "CheckBilling", ("initialize_verification",)),
    "check_card": Step("transaction_verification", "CheckCard", ("check_billing",)),
    "check_fraud": Step("fraud_detection", "CheckFraud", ("initialize_fraud",)),
    "get_suggestions": Step("suggestions", "GetSuggestions", ("initialize_suggestions", "check_card", "check_fraud")),
}


_FOLLOWERS = {step: [name for name in STEPS if step in STEPS[name].needs] for step in STEPS}


class Passed(NamedTuple):
    """The step said yes; suggestions bring their books along."""

    suggestions: tuple[Book, ...] = ()


class Rejected(NamedTuple):
    """The step said no. A rejection is a reply, not an error."""

    reasons: tuple[Reason, ...]


class Failed(NamedTuple):
    """The step could not be done: no answer in time, or an error."""

    reason: Reason


class Cancelled(NamedTuple):
    """The step was stopped before it answered."""


Reply = Passed | Rejected | Failed | Cancelled


class Call(NamedTuple):
    """Command: start this step."""

    step: str


class Cancel(NamedTuple):
    """Command: stop this step, which is running."""

    step: str


Command = Call | Cancel


class StepState(StrEnum):
    """What has become of a step."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


_STATE_AFTER: Mapping[type, StepState] = {
    Passed: StepState.PASSED,
    Rejected: StepState.REJECTED,
    Failed: StepState.FAILED,
    Cancelled: StepState.CANCELLED,
}


class CheckoutRun:
    """One walk through `STEPS`.

    The first rejection or failure stops the walk: waiting steps are skipped, running ones cancelled, and what these
    still answer is gathered too. The walk is over when no step runs; `outcome` is then set.

    Attributes:
        states: What has become of each step.
        stopped: Whether a rejection or a failure ended the walk early.
    """

    def __init__(self) -> None:
        self.states: dict[str, StepState] = dict.fromkeys(STEPS, StepState.WAITING)
        self.stopped = False
        self._reasons: list[Reason] = []
        self._suggestions: tuple[Book, ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """What the checks say, once no step is waiting or running any more.

        A rejection outweighs a failure: one certain *no* is enough.
        """
        states = self.states.values()
        if StepState.WAITING in states or StepState.RUNNING in states:
            return None
        if StepState.REJECTED in states:
            return Outcome(OrderStatus.REJECTED, tuple(self._reasons), steps=dict(self.states))
        if self.stopped:
            return Outcome(OrderStatus.FAILED, tuple(self._reasons), steps=dict(self.states))
        return Outcome(OrderStatus.APPROVED, suggestions=self._suggestions, steps=dict(self.states))

    def start(self) -> list[Command]:
        """Begin: the steps that need nothing.

        Raises:
            IllegalTransitionError: The walk has begun already.
        """
        if set(self.states.values()) != {StepState.WAITING}:
            raise IllegalTransitionError("This checkout has been started already.")
        return self._call_ready(STEPS)

    def on_reply(self, step: str, reply: Reply) -> list[Command]:
        """Take the answer of a running step and say what to do next.

        Raises:
            IllegalTransitionError: The step is not running; nothing was changed.
        """
        if self.states.get(step) is not StepState.RUNNING:
            raise IllegalTransitionError(f"{step} answered, but it is {self.states.get(step, 'no step at all')}.")
        if isinstance(reply, Cancelled) and not self.stopped:
            # Nobody here asked for it (the server went away, say): then the step simply has no answer.
            reply = Failed(Reason("cancelled", f"{STEPS[step].service} gave up {step}.", STEPS[step].service))
        self.states[step] = _STATE_AFTER[type(reply)]
        if isinstance(reply, Passed):
            self._suggestions += reply.suggestions
            return self._call_ready(_FOLLOWERS[step])
        if isinstance(reply, Cancelled):
            return []
        self._reasons.extend(reply.reasons if isinstance(reply, Rejected) else [reply.reason])
        return self._stop()

    def _call_ready(self, steps: Iterable[str]) -> list[Command]:
        ready = [] if self.stopped else [name for name in steps if self._is_ready(name)]
        self.states.update(dict.fromkeys(ready, StepState.RUNNING))
        return [Call(name) for name in ready]

    def _is_ready(self, name: str) -> bool:
        return self.states[name] is StepState.WAITING and all(
            self.states[need] is StepState.PASSED for need in STEPS[name].needs
        )

    def _stop(self) -> list[Command]:
        if self.stopped:
            return []  # what runs is told already
        self.stopped = True
        for name, state in self.states.items():
            if state is StepState.WAITING:
                self.states[name] = StepState.SKIPPED
        return [Cancel(name) for name, state in self.states.items() if state is StepState.RUNNING]
