"""The checkout graph: what starts when, what a rejection stops, and what is reported in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.checkout_graph import (
    STEPS,
    Call,
    Cancel,
    Cancelled,
    CheckoutRun,
    Command,
    Failed,
    Passed,
    Rejected,
    Reply,
    StepState,
)
from bookstore_lib.core.errors import IllegalTransitionError
from bookstore_lib.core.order import Book, OrderStatus, Outcome, Reason

BOOK = Book("7", "Dracula", "Bram Stoker")
reasons = st.builds(Reason, st.sampled_from(["invalid_cvv", "card_expired", "missing_city"]), st.just("No."))
passes = st.sampled_from([Passed((BOOK,)), Passed()])
replies = st.one_of(
    *[passes] * 9,  # so that many walks get far
    st.lists(reasons, min_size=1, max_size=2).map(lambda found: Rejected(tuple(found))),
    st.builds(Failed, reasons),
    st.just(Cancelled()),
)


class Walk:
    """One run whose running steps answer in any order, with what was commanded and answered, and checks on the way."""

    def __init__(self) -> None:
        self.run = CheckoutRun()
        self.called: list[str] = []
        self.cancelled: list[str] = []
        self.running: set[str] = set()
        self.reasons: list[Reason] = []
        self.obey(self.run.start())

    def answer(self, step: str, reply: Reply) -> None:
        stopped, running = self.run.stopped, self.running - {step}
        assert self.run.outcome is None
        commands = self.run.on_reply(step, reply)
        if isinstance(reply, Cancelled) and not stopped:
            reply = Failed(Reason("cancelled", f"{STEPS[step].service} gave up {step}.", STEPS[step].service))
        self.reasons += reply.reasons if isinstance(reply, Rejected) else ()
        self.reasons += [reply.reason] if isinstance(reply, Failed) else []
        if self.run.stopped:
            expected = [] if stopped else [Cancel(name) for name in STEPS if name in running]
            assert commands == expected
        self.running.discard(step)
        self.obey(commands)

    def obey(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Call):
                states = [self.run.states[need] for need in STEPS[command.step].needs]
                assert set(states) <= {StepState.PASSED}
                assert not self.run.stopped
                self.called.append(command.step)
                self.running.add(command.step)
            else:
                self.cancelled.append(command.step)


@st.composite
def finished_walks(draw):
    walk = Walk()
    while walk.running:
        walk.answer(draw(st.sampled_from(sorted(walk.running))), draw(replies))
    return walk


def outcome_of(walk: Walk) -> Outcome:
    assert walk.run.outcome is not None
    return walk.run.outcome


def walk_through(**answers: Reply) -> Walk:
    """Answers the steps as named, in the order of the graph, the others with a pass."""
    walk = Walk()
    while walk.running:
        step = next(name for name in STEPS if name in walk.running)
        walk.answer(step, answers.get(step, Passed()))
    return walk


@given(finished_walks())
def test_suggestions_are_asked_for_only_once_card_and_fraud_have_passed(walk):
    states = walk.run.states
    passed = states["check_card"] is states["check_fraud"] is states["initialize_suggestions"] is StepState.PASSED
    assert ("get_suggestions" in walk.called) <= passed


@given(finished_walks())
def test_every_step_is_called_at_most_once_and_cancelled_only_while_it_runs(walk):
    assert len(set(walk.called)) == len(walk.called)
    assert len(set(walk.cancelled)) == len(walk.cancelled)
    assert set(walk.cancelled) <= set(walk.called)


@given(finished_walks())
def test_the_walk_ends_with_an_outcome_and_no_step_left_open(walk):
    assert outcome_of(walk).status.terminal
    assert {step for step, state in walk.run.states.items() if state is StepState.SKIPPED} == STEPS.keys() - walk.called


@given(finished_walks())
def test_all_reasons_are_reported_in_the_order_in_which_they_came(walk):
    assert outcome_of(walk).reasons == tuple(walk.reasons)


@given(finished_walks())
def test_a_rejection_outweighs_a_failure_and_only_a_clean_walk_approves(walk):
    states = set(walk.run.states.values())
    expected = OrderStatus.FAILED
    if StepState.REJECTED in states:
        expected = OrderStatus.REJECTED
    elif states == {StepState.PASSED}:
        expected = OrderStatus.APPROVED
    assert outcome_of(walk).status is expected
    assert bool(outcome_of(walk).reasons) == (expected is not OrderStatus.APPROVED)


@given(st.data())
def test_there_is_no_outcome_while_anything_runs(data):
    walk = Walk()
    while walk.running:
        assert walk.run.outcome is None
        walk.answer(data.draw(st.sampled_from(sorted(walk.running))), data.draw(replies))
    assert walk.run.outcome


@given(st.data())
def test_an_answer_of_a_step_that_does_not_run_raises_and_changes_nothing(data):
    walk = Walk()
    for _ in range(data.draw(st.integers(0, len(STEPS)))):
        if walk.running:
            walk.answer(data.draw(st.sampled_from(sorted(walk.running))), data.draw(replies))
    before = (dict(walk.run.states), walk.run.outcome)
    for step in [*(STEPS.keys() - walk.running), "no such step"]:
        with pytest.raises(IllegalTransitionError, match=step):
            walk.run.on_reply(step, data.draw(replies))
    assert (walk.run.states, walk.run.outcome) == before
    assert walk.run._reasons == walk.reasons


def test_a_second_start_raises_and_starts_nothing_again():
    walk = Walk()
    before = dict(walk.run.states)
    with pytest.raises(IllegalTransitionError, match="started already"):
        walk.run.start()
    assert walk.run.states == before


def test_all_three_services_are_initialised_at_once():
    assert Walk().called == ["initialize_verification", "initialize_fraud", "initialize_suggestions"]


def test_the_card_waits_for_billing_while_fraud_goes_on_beside_them():
    walk = Walk()
    walk.answer("initialize_verification", Passed())
    walk.answer("initialize_fraud", Passed())
    assert walk.running == {"check_billing", "check_fraud", "initialize_suggestions"}
    walk.answer("check_billing", Passed())
    assert "check_card" in walk.running


@pytest.mark.parametrize("last", ["check_card", "check_fraud", "initialize_suggestions"])
def test_suggestions_wait_for_whatever_comes_last(last):
    walk = Walk()
    while walk.running != {last}:
        assert "get_suggestions" not in walk.called
        walk.answer(next(name for name in STEPS if name in walk.running - {last}), Passed())
    walk.answer(last, Passed())
    assert walk.running == {"get_suggestions"}


def test_an_approval_brings_the_suggested_books():
    walk = walk_through(get_suggestions=Passed((BOOK,)))
    assert outcome_of(walk).suggestions == (BOOK,)
    assert sorted(walk.called) == sorted(STEPS)


def test_a_rejection_brings_no_books():
    first, second = Reason("invalid_cvv", "No."), Reason("card_expired", "No.")
    walk = walk_through(check_card=Rejected((first, second)))
    assert outcome_of(walk).suggestions == ()
    assert outcome_of(walk).reasons == (first, second)
    assert walk.run.states["get_suggestions"] is StepState.SKIPPED


def test_a_service_that_gives_up_unasked_is_a_failure_that_names_it():
    walk = walk_through(check_fraud=Cancelled())
    assert outcome_of(walk).status is OrderStatus.FAILED
    assert [(reason.code, reason.source) for reason in outcome_of(walk).reasons] == [("cancelled", "fraud_detection")]


def test_every_step_that_another_needs_comes_before_it_in_the_graph():
    names = list(STEPS)
    for name, step in STEPS.items():
        assert all(names.index(need) < names.index(name) for need in step.needs)
