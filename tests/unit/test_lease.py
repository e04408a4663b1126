"""Standing for election: the table of transitions, and what one candidate does."""

from collections.abc import Callable

import pytest

from bookstore_lib.core.errors import IllegalTransitionError
from bookstore_lib.core.lease import (
    TRANSITIONS,
    Acquire,
    Candidate,
    Command,
    Demoted,
    Elected,
    Release,
    Renew,
    Role,
    TakeEpoch,
    TakeOver,
)

TTL, RENEW, MARGIN, RETRY = 10.0, 3.0, 1.0, 0.5
LOCK = "executor-9 4 127.0.0.1:20007"

EVENTS: dict[str, list[Callable[[Candidate], list[Command]]]] = {
    "start": [lambda c: c.start(0)],
    "acquired": [
        lambda c: c.on_acquired(0, won=True),
        lambda c: c.on_acquired(0, won=False, remaining=5, lock=LOCK),
        lambda c: c.on_acquired(0, won=False),
    ],
    "epoch": [lambda c: c.on_epoch(0, 7), lambda c: c.on_epoch(0, None), lambda c: c.on_epoch(TTL, 7)],
    "renewed": [
        lambda c: c.on_renewed(RENEW, renewed=True),
        lambda c: c.on_renewed(RENEW, renewed=False),
        lambda c: c.on_renewed(RENEW, renewed=None),
        lambda c: c.on_renewed(TTL, renewed=None),
        lambda c: c.on_renewed(2 * TTL, renewed=True),
    ],
    "fenced": [lambda c: c.on_fenced(RENEW)],
    "timer": [lambda c: c.on_timer(0), lambda c: c.on_timer(RENEW), lambda c: c.on_timer(TTL)],
    "woken": [lambda c: c.on_woken(0), lambda c: c.on_woken(TTL)],
    "lost": [lambda c: c.on_lost(0, LOCK), lambda c: c.on_lost(0, "executor-9 3 127.0.0.1:20007")],
    "stop": [lambda c: c.stop()],
}


def candidate_in(role: Role) -> Candidate:
    """A candidate that legal events have brought to this role; it asked for the lock at 0 (to renew it: at RENEW)."""
    candidate = Candidate(TTL, RENEW, MARGIN, RETRY)
    if role is not Role.STOPPED:
        candidate.start(0)
    if role is Role.WAITING:
        candidate.on_acquired(0, won=False, remaining=5, lock=LOCK)
    if role in (Role.TAKING_EPOCH, Role.RESTING, Role.LEADING, Role.RENEWING):
        candidate.on_acquired(0, won=True)
    if role is Role.RESTING:
        candidate.on_epoch(0, None)
    if role in (Role.LEADING, Role.RENEWING):
        candidate.on_epoch(0, 1)
    if role is Role.RENEWING:
        candidate.on_timer(RENEW)
    assert candidate.role is role
    return candidate


# The table


@pytest.mark.parametrize("role", Role)
def test_the_table_names_exactly_the_roles_that_each_event_leads_to(role):
    for event, expected in TRANSITIONS[role].items():
        reached = set()
        for tell in EVENTS[event]:
            candidate = candidate_in(role)
            tell(candidate)
            reached.add(candidate.role)
        assert reached == set(expected), event


@pytest.mark.parametrize("role", Role)
def test_an_event_that_cannot_happen_now_raises_and_changes_nothing(role):
    for event in EVENTS.keys() - TRANSITIONS[role].keys():
        for tell in EVENTS[event]:
            candidate = candidate_in(role)
            before = dict(vars(candidate))
            with pytest.raises(IllegalTransitionError, match=f"{role} cannot hear '{event}'"):
                tell(candidate)
            assert vars(candidate) == before


# One candidate


@pytest.mark.parametrize(("renew_every", "margin"), [(0, 1), (-1, 1), (9, 1), (10, 0), (5, 5)])
def test_a_lease_that_cannot_be_renewed_in_time_is_refused(renew_every, margin):
    with pytest.raises(ValueError, match="has to be renewed sooner"):
        Candidate(TTL, renew_every, margin)


def test_a_candidate_leads_only_once_it_has_both_the_lock_and_an_epoch():
    candidate = Candidate(TTL, RENEW, MARGIN)
    assert candidate.start(0) == [Acquire()]
    assert candidate.on_acquired(0.1, won=True) == [TakeEpoch()]
    assert not candidate.leads(0.1)
    assert candidate.on_epoch(0.2, 4) == [Elected(4)]
    assert candidate.leads(0.2)
    assert candidate.epoch == 4


def test_belief_counts_from_when_the_lock_was_asked_for_not_from_the_reply():
    candidate = Candidate(TTL, RENEW, MARGIN)
    candidate.start(0)
    candidate.on_acquired(5, won=True)
    candidate.on_epoch(6, 1)
    assert (candidate.leads(8.9), candidate.leads(9)) == (True, False)


def test_a_renewal_moves_the_end_of_the_belief_by_when_it_began():
    candidate = candidate_in(Role.RENEWING)
    assert candidate.on_renewed(5, renewed=True) == []
    assert (candidate.leads(11.9), candidate.leads(12)) == (True, False)
    assert candidate.wake_at == RENEW + RENEW


def test_a_renewal_without_an_answer_is_tried_again_soon_and_proves_nothing():
    candidate = candidate_in(Role.RENEWING)
    assert candidate.on_renewed(3.1, renewed=None) == []
    assert candidate.wake_at == RENEW + RETRY
    assert candidate.believes_until == TTL - MARGIN
    assert candidate.on_timer(RENEW + RETRY) == [Renew()]


@pytest.mark.parametrize("renewed", [True, None])
def test_a_renewal_that_is_answered_after_the_belief_ended_ends_the_term_and_gives_the_lock_back(renewed):
    candidate = candidate_in(Role.RENEWING)
    late = TTL - MARGIN
    ended = [Demoted("the lease could not be renewed in time"), Release()]
    assert candidate.on_renewed(late, renewed=renewed) == ended
    assert not candidate.leads(late)
    assert candidate.on_timer(late + RETRY) == [Acquire()]


def test_a_leader_whose_lock_another_holds_is_demoted_at_once():
    candidate = candidate_in(Role.RENEWING)
    assert candidate.on_renewed(3.1, renewed=False) == [Demoted("the lock is held by another")]
    assert not candidate.leads(3.1)
    assert candidate.epoch is None


@pytest.mark.parametrize("role", [Role.LEADING, Role.RENEWING])
def test_a_leader_whose_epoch_the_record_refuses_gives_the_lock_back_and_stands_again(role):
    candidate = candidate_in(role)
    assert candidate.on_fenced(RENEW) == [Demoted("the record knows a later epoch"), Release()]
    assert not candidate.leads(RENEW)
    assert candidate.on_timer(RENEW + RETRY) == [Acquire()]


def test_an_epoch_that_comes_too_late_or_not_at_all_gives_the_lock_back():
    for now, epoch in ((TTL - MARGIN, 1), (1.0, None)):
        candidate = candidate_in(Role.TAKING_EPOCH)
        assert candidate.on_epoch(now, epoch) == [Release()]
        assert not candidate.leads(now)


def test_a_follower_sleeps_as_long_as_the_lock_lives_and_is_woken_sooner_by_a_release():
    candidate = candidate_in(Role.WAITING)
    assert candidate.wake_at == 5
    assert candidate.on_timer(4.9) == []
    assert candidate.on_woken(4.9) == [Acquire()]


def test_a_leader_that_hears_of_a_lock_ended_before_its_time_looks_at_once_whether_it_has_its_own():
    candidate = candidate_in(Role.LEADING)
    assert candidate.on_woken(0.1) == [Renew()]
    assert candidate.leads(0.1)
    assert candidate.on_renewed(0.2, renewed=False) == [Demoted("the lock is held by another")]


# The watch


def test_only_who_waits_for_a_lock_that_it_knows_wants_its_holder_watched():
    assert {role: candidate_in(role).watches for role in Role} == dict.fromkeys(Role) | {Role.WAITING: LOCK}


def test_a_follower_whose_watch_closes_takes_over_long_before_the_lock_would_end():
    candidate = candidate_in(Role.WAITING)
    assert candidate.on_lost(0.1, LOCK) == [TakeOver(LOCK)]
    assert candidate.on_acquired(0.2, won=True) == [TakeEpoch()]
    assert candidate.on_epoch(0.3, 2) == [Elected(2)]


def test_the_end_of_a_former_leader_is_no_reason_to_take_over_from_the_present_one():
    candidate = candidate_in(Role.WAITING)
    assert candidate.on_lost(0.1, "executor-9 3 127.0.0.1:20007") == []
    assert candidate.role is Role.WAITING


def test_of_those_that_take_over_the_others_wait_and_watch_the_one_that_won():
    candidate = candidate_in(Role.WAITING)
    candidate.on_lost(0.1, LOCK)
    assert candidate.on_acquired(0.2, won=False, remaining=9, lock="executor-2 7") == []
    assert (candidate.role, candidate.watches, candidate.wake_at) == (Role.WAITING, "executor-2 7", 9.2)


def depose(candidate: Candidate, now: float) -> None:
    """Another has its lock, and it waits for that."""
    candidate.on_woken(now)
    candidate.on_renewed(now, renewed=False)
    candidate.on_timer(now + RETRY)
    candidate.on_acquired(now + RETRY, won=False, remaining=TTL, lock=LOCK)


def test_who_took_over_and_was_deposed_takes_over_again_only_after_a_life_of_the_lock():
    candidate = candidate_in(Role.WAITING)
    candidate.on_lost(0, LOCK)
    candidate.on_acquired(0, won=True)
    candidate.on_epoch(0, 2)
    depose(candidate, 1)
    assert candidate.on_lost(2, LOCK) == []
    assert candidate.role is Role.WAITING
    assert candidate.on_lost(TTL, LOCK) == [TakeOver(LOCK)]


def test_who_tried_to_take_over_in_vain_may_try_again_at_once():
    candidate = candidate_in(Role.WAITING)
    candidate.on_lost(0, LOCK)
    candidate.on_acquired(0, won=False, remaining=5, lock="executor-2 7")
    assert candidate.on_lost(0.1, "executor-2 7") == [TakeOver("executor-2 7")]


def test_who_won_the_lock_by_waiting_for_its_end_may_take_over_at_once_when_it_is_deposed():
    candidate = candidate_in(Role.LEADING)
    depose(candidate, 1)
    assert candidate.on_lost(2, LOCK) == [TakeOver(LOCK)]


@pytest.mark.parametrize(
    ("role", "commands"),
    [
        (Role.WAITING, []),
        (Role.ACQUIRING, [Release()]),
        (Role.TAKING_EPOCH, [Release()]),
        (Role.LEADING, [Demoted("it was stopped"), Release()]),
        (Role.RENEWING, [Demoted("it was stopped"), Release()]),
    ],
)
def test_who_stops_releases_what_it_may_hold_and_ends_its_term(role, commands):
    candidate = candidate_in(role)
    assert candidate.stop() == commands
    assert not candidate.leads(0)
    assert candidate.wake_at == float("inf")
