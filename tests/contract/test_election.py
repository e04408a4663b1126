"""Standing for election with real threads, on the lock in memory and on real servers."""

import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
import redis

from bookstore_lib.core.errors import UnavailableError
from bookstore_lib.core.lease import Candidate, Role
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.outcomes import listen
from bookstore_lib.runtime.redis_lease import WAKE_CHANNEL, MemoryLease, RedisLease
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker
from tests.support import eventually

# A term that nobody waits for the end of, and one short enough to wait for.
LONG, SHORT = 60.0, 1.2


class Record:
    """Hands out epochs, and can be away."""

    def __init__(self):
        self.epochs, self.asked, self.away = [], 0, False
        self.answers = threading.Event()
        self.answers.set()
        self._lock = threading.Lock()

    def take_epoch(self, holder):
        self.asked += 1
        self.answers.wait(10)
        with self._lock:
            if self.away:
                raise UnavailableError("The record does not answer; try again later.")
            self.epochs.append(holder)
            return len(self.epochs)


class CutLease:
    """The way to the lock, which can be cut: then nothing arrives."""

    def __init__(self, lease):
        self._lease, self.cut = lease, False

    def __getattr__(self, name):
        if self.cut:
            raise redis.ConnectionError("cut by the test")
        return getattr(self._lease, name)


class Electorate:
    """Elections over one lock, with what each was told."""

    def __init__(self, kind, folder, new_client, stack):
        self._kind, self._folder, self._new_client, self._stack = kind, folder, new_client, stack
        self.record = Record()
        self.elections: dict[str, Election] = {}
        self.leases: dict[str, CutLease] = {}
        self.told: dict[str, list[Any]] = {}
        self._ended = threading.Event()
        self._memory = MemoryLease(on_release=self._wake_all)

    def lease(self):
        return self._memory if self._kind == "memory" else RedisLease(self._new_client(self._kind))

    def enter(self, name, ttl, *, margin=0.2, renewals=6, watch=lambda _lock: None):
        """Starts a candidate that renews so often in a life of its lock; releases wake it, as they wake an executor."""
        trace = TraceLog(self._folder, name)
        self._stack.callback(trace.close)
        lease = self.leases[name] = CutLease(self.lease())
        told = self.told[name] = []
        candidate = Candidate(ttl, ttl / renewals, margin * ttl, retry_after=ttl / 20)
        election = self.elections[name] = Election(
            candidate,
            lease,
            self.record.take_epoch,
            OrderEventTracker(trace),
            told.append,
            lambda reason: told.append((reason, self.lease().holder())),
        )
        self._stack.callback(election.stop)
        if self._kind != "memory":
            self._listen(election)
        election.start(watch)
        return election

    def leaders(self):
        return [name for name, election in self.elections.items() if election.leads]

    def the_leader(self, seconds=10.0):
        eventually(lambda: len(self.leaders()) == 1, seconds)
        return self.leaders()[0]

    def _listen(self, election):
        client = self._new_client(self._kind)
        before = client.pubsub_numsub(WAKE_CHANNEL)[0][1]
        arguments = (client, WAKE_CHANNEL, lambda _: election.wake(), self._ended)
        thread = threading.Thread(target=listen, args=arguments, daemon=True)
        self._stack.callback(thread.join)
        self._stack.callback(self._ended.set)
        thread.start()
        eventually(lambda: client.pubsub_numsub(WAKE_CHANNEL)[0][1] == before + 1)

    def _wake_all(self):
        for election in list(self.elections.values()):
            election.wake()


@pytest.fixture
def electorate(kind, redis_client, tmp_path):
    with ExitStack() as stack:
        yield Electorate(kind, tmp_path, redis_client, stack)


def test_of_three_candidates_one_leads_and_the_others_do_not(electorate):
    elections = [electorate.enter(f"executor-{number}", LONG) for number in (1, 2, 3)]
    name = electorate.the_leader()
    leader = electorate.elections[name]
    assert electorate.lease().holder() == name
    assert sorted(election.epoch or 0 for election in elections) == [0, 0, 1]
    assert 0 < leader.belief_left <= LONG
    assert electorate.told[name] == [1]
    assert [election.belief_left for election in elections if election is not leader] == [0, 0]


def test_a_leader_that_stops_hands_over_at_once(electorate):
    for number in (1, 2, 3):
        electorate.enter(f"executor-{number}", LONG)
    for epoch in (1, 2, 3):
        name = electorate.the_leader(seconds=LONG / 6)
        electorate.elections.pop(name).stop()
        assert electorate.told[name] == [epoch, ("it was stopped", name)]
    assert electorate.lease().holder() is None


def test_every_renewal_moves_the_end_of_the_key_and_of_the_belief(electorate):
    leader, lease = electorate.enter("executor-1", LONG, renewals=600), electorate.lease()
    eventually(lambda: leader.leads)

    def ends():
        return time.monotonic() + lease.acquire("onlooker", LONG).remaining, time.monotonic() + leader.belief_left

    key, belief = ends()
    eventually(lambda: ends()[0] > key + 0.4 and ends()[1] > belief + 0.4)
    assert electorate.told == {"executor-1": [1]}


def test_a_leader_cut_off_from_the_lock_stops_believing_while_its_key_still_lives(electorate):
    leader = electorate.enter("executor-1", SHORT, margin=0.5)
    eventually(lambda: leader.leads)
    electorate.leases["executor-1"].cut = True
    eventually(lambda: not leader.leads)
    assert electorate.lease().holder() == "executor-1"
    eventually(lambda: len(electorate.told["executor-1"]) == 2)
    assert electorate.told["executor-1"] == [1, ("the lease could not be renewed in time", "executor-1")]


def test_a_follower_takes_over_from_a_leader_that_is_cut_off_and_the_epochs_tell_them_apart(electorate):
    for number in (1, 2):
        electorate.enter(f"executor-{number}", SHORT)
    old = electorate.the_leader()
    electorate.leases[old].cut = True
    eventually(lambda: electorate.leaders() not in ([old], []))
    (new,) = electorate.leaders()
    assert (old, electorate.elections[new].epoch) != (new, 1)
    electorate.leases[old].cut = False
    assert electorate.record.epochs == [old, new]


def test_a_renewal_that_hangs_does_not_keep_the_belief_alive(electorate):
    leader = electorate.enter("executor-1", SHORT, margin=0.5)
    eventually(lambda: leader.leads)
    hung, go_on = threading.Event(), threading.Event()
    renew = electorate.leases["executor-1"].renew

    def hang(lock, ttl):
        hung.set()
        go_on.wait(10)
        return renew(lock, ttl)

    electorate.leases["executor-1"].renew = hang
    hung.wait(10)
    eventually(lambda: not leader.leads)
    assert electorate.lease().holder() == "executor-1"
    assert leader.epoch is None
    go_on.set()
    eventually(lambda: leader.leads)


def test_a_leader_whose_lock_another_has_got_is_demoted_at_its_next_renewal(electorate):
    leader = electorate.enter("executor-1", SHORT)
    eventually(lambda: leader.leads)
    lease = electorate.lease()
    lease.release("executor-1 1")  # the server was wiped
    lease.acquire("stranger", LONG)
    eventually(lambda: len(electorate.told["executor-1"]) == 2)
    assert electorate.told["executor-1"] == [1, ("the lock is held by another", "stranger")]


def test_every_term_is_told_to_begin_once_and_to_end_once(electorate):
    electorate.enter("executor-1", SHORT)
    told, lease = electorate.told["executor-1"], electorate.leases["executor-1"]
    for number in range(1, 5):
        eventually(partial(has_length, told, number))
        lease.cut = not lease.cut
    eventually(partial(has_length, told, 5))
    assert [each if isinstance(each, int) else "ended" for each in told] == [1, "ended", 2, "ended", 3]


def has_length(told, length):
    return len(told) == length


def test_without_an_epoch_nobody_leads_and_the_lock_is_free_for_others(electorate):
    electorate.record.away = True
    candidate = electorate.enter("executor-1", SHORT)
    eventually(lambda: electorate.record.asked >= 2)
    assert not candidate.leads
    assert electorate.told["executor-1"] == []
    electorate.record.away = False
    eventually(lambda: candidate.leads)
    assert candidate.epoch == 1


def test_an_epoch_that_comes_after_the_lock_has_ended_is_not_believed_and_the_next_one_is(electorate):
    electorate.record.answers.clear()
    candidate = electorate.enter("executor-1", SHORT)
    eventually(lambda: electorate.record.asked == 1)
    eventually(lambda: electorate.lease().holder() is None)

    electorate.record.answers.set()

    eventually(lambda: candidate.leads and electorate.told["executor-1"])
    assert electorate.told["executor-1"][0] > 1  # on a slow machine the second may be late, too


def test_an_epoch_that_comes_late_does_not_end_the_lock_that_another_has_won_meanwhile(electorate):
    electorate.record.answers.clear()
    electorate.enter("executor-1", SHORT)
    eventually(lambda: electorate.record.asked == 1)
    eventually(lambda: electorate.lease().acquire("executor-2", LONG).won)

    electorate.record.answers.set()

    eventually(lambda: electorate.record.epochs == ["executor-1"])
    eventually(lambda: electorate.elections["executor-1"]._candidate.role is Role.WAITING)
    assert electorate.lease().holder() == "executor-2"
    assert electorate.told["executor-1"] == []


# The watch


def watched(electorate, name):
    """Starts a follower; returns what it wants to be watched, again and again."""
    wanted: list[str | None] = []
    electorate.enter(name, LONG, watch=wanted.append)
    eventually(lambda: wanted and wanted[-1])
    return wanted


def test_a_follower_takes_over_at_once_when_it_is_told_that_the_leader_is_gone(electorate):
    electorate.enter("executor-1", LONG)
    assert electorate.the_leader() == "executor-1"
    wanted = watched(electorate, "executor-2")
    assert wanted[-1] == "executor-1 1"
    electorate.leases["executor-1"].cut = True  # it is gone

    electorate.elections["executor-2"].lost("executor-1 1")

    eventually(lambda: electorate.elections["executor-2"].epoch == 2)
    assert electorate.lease().holder() == "executor-2"
    eventually(lambda: wanted[-1] is None)


def test_a_leader_that_was_taken_for_dead_steps_down_at_once_and_follows(electorate):
    former = electorate.enter("executor-1", LONG)
    assert electorate.the_leader() == "executor-1"
    watched(electorate, "executor-2")

    electorate.elections["executor-2"].lost("executor-1 1")

    eventually(lambda: not former.leads and electorate.elections["executor-2"].leads)
    eventually(lambda: electorate.told["executor-1"] == [1, ("the lock is held by another", "executor-2")])
    assert electorate.record.epochs == ["executor-1", "executor-2"]


def test_the_end_of_a_former_term_changes_nothing(electorate):
    leader = electorate.enter("executor-1", LONG)
    eventually(lambda: leader.leads)
    watched(electorate, "executor-2")

    electorate.elections["executor-2"].lost("executor-1 0")
    electorate.elections["executor-2"].stop()

    assert leader.leads
    assert electorate.record.epochs == ["executor-1"]


def test_of_four_that_are_told_at_the_same_time_one_leads(electorate):
    electorate.enter("executor-0", LONG)
    assert electorate.the_leader() == "executor-0"
    names = [f"executor-{number}" for number in range(1, 5)]
    wanted = {name: watched(electorate, name) for name in names}
    electorate.leases["executor-0"].cut = True

    for name in names:
        electorate.elections[name].lost("executor-0 1")

    eventually(lambda: sum(electorate.elections[name].leads for name in names) == 1)
    (leader,) = [name for name in names if electorate.elections[name].leads]
    others = [name for name in names if name != leader]
    eventually(lambda: {str(wanted[name][-1]).split()[0] for name in others} == {leader})
    assert electorate.record.epochs == ["executor-0", leader]


def test_a_record_that_is_away_is_not_asked_again_before_the_pause_is_over(electorate):
    electorate.record.away = True
    began = time.monotonic()
    electorate.enter("executor-1", SHORT)  # pauses SHORT / 20 between two tries
    eventually(lambda: electorate.record.asked >= 6)
    assert time.monotonic() - began >= 5 * SHORT / 20


def test_a_lock_that_cannot_be_reached_at_first_is_tried_again(electorate, monkeypatch):
    monkeypatch.setattr(CutLease, "__init__", lambda self, lease: self.__dict__.update(_lease=lease, cut=True))
    candidate = electorate.enter("executor-1", SHORT)
    assert not candidate.leads
    electorate.leases["executor-1"].cut = False
    eventually(lambda: candidate.leads)


def test_stopping_before_the_start_and_twice_is_harmless(tmp_path):
    trace = TraceLog(tmp_path, "executor-1")
    election = Election(Candidate(LONG, 1, 1), MemoryLease(), lambda _: 1, OrderEventTracker(trace))
    election.stop()
    trace.close()
    assert not election.leads


def test_the_trace_tells_each_term_with_its_epoch_its_lock_and_when_the_key_ends(electorate, tmp_path):
    election, trace = electorate.enter("executor-1", SHORT), tmp_path / "executor-1.jsonl"
    eventually(lambda: "renewed" in trace.read_text())
    election.stop()
    events = [TraceEvent.from_json(line) for line in trace.read_text().splitlines()]
    elected, *renewed, demoted, released = events
    assert [event.name for event in (elected, demoted, released)] == ["elected", "demoted", "released"]
    assert {event.name for event in renewed} == {"renewed"}
    assert {event.detail["lock"] for event in (elected, *renewed)} == {"executor-1 1"}
    assert [event.epoch for event in (elected, demoted)] == [1, 1]
    assert elected.detail["key_until"] - elected.detail["believes_until"] == pytest.approx(0.2 * SHORT)
