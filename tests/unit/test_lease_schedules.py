"""Standing for election: thousands of random schedules of several candidates on a simulated clock."""

import heapq
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from bookstore_lib.core.lease import Acquire, Candidate, Command, Demoted, Elected, Renew, Role, TakeEpoch, TakeOver
from bookstore_lib.runtime.redis_lease import Claim, MemoryLease, read_claim

TTL, RENEW, MARGIN, RETRY = 10.0, 3.0, 1.0, 0.5
TROUBLE = 40.0
SCHEDULES = 2000


class Simulation:
    """Candidates on one lock and one clock: messages are slow or lost, processes freeze, stop and start; then calm.

    A process waits for its call to end before it does anything else, as the live one does, but a leader that renews
    may look at the clock meanwhile. Nobody is frozen between asking `leads` and acting on the answer.

    Args:
        seed: Chooses the schedule.
        wrong: Whether those who wait are told now and then that the holder of the lock has ended, though it lives.
    """

    def __init__(self, seed: int, *, wrong: bool = False) -> None:
        self.random = Random(seed)
        self._wrong = wrong
        self.taken_over: dict[str, list[float]] = {}
        self.now = 0.0
        self.lease = MemoryLease(lambda: self.now, self._wake_all)
        self.names = [f"executor-{number}" for number in range(1, self.random.randint(2, 4) + 1)]
        self.candidates = {name: Candidate(TTL, RENEW, MARGIN, RETRY) for name in self.names}
        self.told: dict[str, list[Command]] = {name: [] for name in self.names}
        self.epochs: list[int] = []
        self.violations: list[str] = []
        self.led_at: list[float] = []
        self._epoch = self._calls = 0
        self._call_of: dict[str, int] = {}
        self._claims = {name: Claim(name, 0) for name in self.names}
        self._frozen_until = dict.fromkeys(self.names, 0.0)
        self._agenda: list[tuple[float, int, str, Callable[[], None]]] = []

    def run(self) -> "Simulation":
        """Forty seconds of trouble, then two and a half lives of the lock in peace."""
        for name in self.names:
            self._at(self.random.random(), name, partial(self._start_or_stop, name))
            if self._wrong:
                self._at(self.random.random() * TTL, name, partial(self._lose_sight, name))
        while self._agenda and self._agenda[0][0] < TROUBLE + 2.5 * TTL:
            due, number, name, act = heapq.heappop(self._agenda)
            if due < self._frozen_until.get(name, 0.0):
                heapq.heappush(self._agenda, (self._frozen_until[name], number, name, act))
                continue
            self.now = due
            act()
            self._check()
        return self

    def _check(self) -> None:
        leaders = [name for name, candidate in self.candidates.items() if candidate.leads(self.now)]
        if len(leaders) > 1:
            self.violations.append(f"{leaders} lead at {self.now}")
        for name in leaders:
            look = self.lease.acquire("onlooker", TTL)
            if read_claim(look.lock or "").holder != name or look.remaining < MARGIN - 1e-9:
                self.violations.append(f"{name} believes in itself at {self.now}, but {look}")
            if not isinstance(self.told[name][-1], Elected):
                self.violations.append(f"{name} leads at {self.now} after {self.told[name][-1]}")
            self.led_at.append(self.now)

    def _at(self, delay: float, name: str, act: Callable[[], None]) -> None:
        self._calls += 1
        heapq.heappush(self._agenda, (self.now + delay, self._calls, name, act))

    def _delay(self) -> float:
        if self.now >= TROUBLE:
            return 0.01
        slow = self.random.random() ** 8 * TTL
        return min(0.01 + slow, TROUBLE - self.now)

    def _carry_out(self, name: str, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Elected | Demoted):
                self.told[name].append(command)
                self.epochs += [command.epoch] if isinstance(command, Elected) else []
            else:
                self._call(name, command)
        self._plan_timer(name)
        if self.now < TROUBLE and self.random.random() < 0.05:
            self._frozen_until[name] = min(self.now + self.random.random() * 2 * TTL, TROUBLE)

    def _call(self, name: str, command: Command) -> None:
        self._calls += 1
        number = self._call_of[name] = self._calls
        fate = self.random.choices(("fine", "no request", "no reply"), (8, 1, 1))[0] if self.now < TROUBLE else "fine"

        asked = self.now

        def arrive() -> None:
            result = self._perform(name, command, asked) if fate != "no request" else None
            self._at(
                self._delay(), name, lambda: self._reply(name, command, number, result if fate == "fine" else None)
            )

        self._at(self._delay(), "the network", arrive)

    def _perform(self, name: str, command: Command, asked: float) -> Any:
        if isinstance(command, TakeEpoch):
            self._epoch += 1
            return self._epoch
        if isinstance(command, Acquire | TakeOver):
            claim = self._claims[name] = self._claims[name]._replace(number=self._claims[name].number + 1)
            acquired = self.lease.acquire(str(claim), TTL, command.lock if isinstance(command, TakeOver) else "")
            if acquired.won and isinstance(command, TakeOver):
                self.taken_over.setdefault(name, []).append(asked)
            return acquired
        lock = str(self._claims[name])
        return self.lease.renew(lock, TTL) if isinstance(command, Renew) else self.lease.release(lock)

    def _reply(self, name: str, command: Command, number: int, result: Any) -> None:
        if self._call_of.get(name) != number:
            return  # the leader looked at the clock, gave up, and has asked something else since
        del self._call_of[name]
        candidate = self.candidates[name]
        if isinstance(command, Renew) and candidate.role is not Role.RENEWING:
            self._plan_timer(name)
        elif isinstance(command, Acquire | TakeOver):
            won, lock, remaining = result or (False, None, None)
            self._carry_out(name, candidate.on_acquired(self.now, won=won, remaining=remaining, lock=lock))
        elif isinstance(command, TakeEpoch):
            self._carry_out(name, candidate.on_epoch(self.now, result))
        elif isinstance(command, Renew):
            self._carry_out(name, candidate.on_renewed(self.now, renewed=result))
        else:
            self._plan_timer(name)

    def _plan_timer(self, name: str) -> None:
        wake_at = self.candidates[name].wake_at
        if wake_at < float("inf"):
            self._at(max(wake_at - self.now, 0.0), name, lambda: self._tick(name))

    def _tick(self, name: str) -> None:
        candidate = self.candidates[name]
        if self.now < candidate.wake_at or (name in self._call_of and candidate.role is not Role.RENEWING):
            return
        self._carry_out(name, candidate.on_timer(self.now))

    def _wake_all(self) -> None:
        for name in self.names:
            self._at(self._delay(), name, partial(self._woken, name))

    def _woken(self, name: str) -> None:
        candidate = self.candidates[name]
        if candidate.role in (Role.WAITING, Role.LEADING) and name not in self._call_of:
            self._carry_out(name, candidate.on_woken(self.now))

    def _lose_sight(self, name: str) -> None:
        candidate = self.candidates[name]
        if candidate.watches and candidate.role is Role.WAITING and name not in self._call_of:
            self._carry_out(name, candidate.on_lost(self.now, candidate.watches))
        if self.now < TROUBLE:
            self._at(self.random.random() * TTL / 2, name, partial(self._lose_sight, name))

    def _start_or_stop(self, name: str) -> None:
        candidate, idle = self.candidates[name], name not in self._call_of
        if idle and candidate.role is Role.STOPPED:
            self._carry_out(name, candidate.start(self.now))
        elif idle and self.now < TROUBLE:
            self._carry_out(name, candidate.stop())
        if candidate.role is Role.STOPPED:
            self._at(1.0, name, partial(self._start_or_stop, name))
        elif self.now < TROUBLE:
            self._at(self.random.random() * 4 * TTL, name, partial(self._start_or_stop, name))


@pytest.fixture(scope="module")
def runs():
    return {seed: Simulation(seed).run() for seed in range(SCHEDULES)}


def test_in_no_schedule_do_two_lead_at_once_nor_one_whose_key_may_have_expired(runs):
    assert {seed: run.violations for seed, run in runs.items() if run.violations} == {}


def test_in_every_schedule_each_term_begins_once_and_ends_at_most_once(runs):
    for seed, run in runs.items():
        for told in run.told.values():
            assert all(isinstance(command, (Elected, Demoted)[n % 2]) for n, command in enumerate(told)), seed


def test_in_every_schedule_later_terms_have_larger_epochs(runs):
    assert {seed: run.epochs for seed, run in runs.items() if any(a >= b for a, b in pairwise(run.epochs))} == {}


def test_in_every_schedule_somebody_leads_within_two_lives_of_the_lock_after_trouble_and_stays(runs):
    for seed, run in runs.items():
        calm = [at for at in run.led_at if at >= TROUBLE]
        assert calm, seed
        assert calm[0] <= TROUBLE + 2 * TTL, seed
        assert sum(candidate.leads(run.now) for candidate in run.candidates.values()) == 1, seed


def test_the_schedules_are_troubled_enough_to_mean_something(runs):
    terms = [len(told) for run in runs.values() for told in run.told.values()]
    reasons = {command.reason for run in runs.values() for told in run.told.values() for command in told[1::2]}
    assert sum(terms) > 3 * SCHEDULES
    assert reasons == {"it was stopped", "the lease could not be renewed in time"}


# The watch closes on leaders that live


@pytest.fixture(scope="module")
def wrong_runs():
    return {seed: Simulation(seed, wrong=True).run() for seed in range(SCHEDULES // 4)}


def test_when_watches_are_wrong_each_term_still_has_an_epoch_of_its_own_begins_once_and_ends_at_most_once(wrong_runs):
    for seed, run in wrong_runs.items():
        assert len(run.epochs) == len(set(run.epochs)), seed
        for told in run.told.values():
            assert all(isinstance(command, (Elected, Demoted)[n % 2]) for n, command in enumerate(told)), seed


def test_when_watches_were_wrong_one_leads_soon_after_and_the_others_have_stepped_down(wrong_runs):
    for seed, run in wrong_runs.items():
        assert any(TROUBLE <= at <= TROUBLE + 2 * TTL for at in run.led_at), seed
        assert sum(candidate.leads(run.now) for candidate in run.candidates.values()) == 1, seed


def test_nobody_takes_over_twice_in_a_life_of_the_lock_however_often_its_watch_closes(wrong_runs):
    pauses = [
        later - at for run in wrong_runs.values() for times in run.taken_over.values() for at, later in pairwise(times)
    ]
    assert len(pauses) > SCHEDULES // 4
    assert min(pauses) >= TTL
