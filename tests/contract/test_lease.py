"""The leader's lock, in memory and on real servers: what both promise, with real time and short lives."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.redis_lease import WAKE_CHANNEL, Claim, Lease, MemoryLease, RedisLease, read_claim
from bookstore_lib.runtime.redis_queue import RedisQueue
from tests.support import eventually

LONG = 30.0
SHORT = 0.1


class Bench:
    """A lease, and how often those who wait for it were woken."""

    lease: Lease
    _messages: Any = None

    def __init__(self, kind, redis_client):
        self._woken = 0
        if kind == "memory":
            self.lease = MemoryLease(on_release=self._wake)
            return
        self.lease = RedisLease(redis_client(kind))
        self._messages = redis_client(kind).pubsub(ignore_subscribe_messages=True)
        self._messages.subscribe(WAKE_CHANNEL)
        eventually(lambda: redis_client(kind).pubsub_numsub(WAKE_CHANNEL)[0][1] == 1)

    def _wake(self):
        self._woken += 1

    def woken(self):
        while self._messages and self._messages.get_message(timeout=0.05):
            self._wake()
        return self._woken


@pytest.fixture
def bench(kind, redis_client):
    bench = Bench(kind, redis_client)
    yield bench
    if bench._messages:
        bench._messages.close()


@pytest.fixture
def lease(bench):
    return bench.lease


def test_the_first_to_ask_wins(lease):
    assert lease.holder() is None
    won, lock, remaining = lease.acquire("executor-1", LONG)
    assert (won, lock) == (True, "executor-1")
    assert 0.9 * LONG < remaining <= LONG
    assert lease.holder() == "executor-1"


@pytest.mark.parametrize("second", ["executor-1", "executor-2"])
def test_whoever_asks_again_is_told_who_holds_it_and_for_how_long_and_changes_nothing(lease, second):
    lease.acquire("executor-1", LONG)
    won, lock, remaining = lease.acquire(second, 10 * LONG)
    assert (won, lock) == (False, "executor-1")
    assert 0.9 * LONG < remaining <= LONG


def test_a_lock_ends_by_itself_and_not_before_its_time(lease):
    began = time.monotonic()
    lease.acquire("executor-1", SHORT)
    eventually(lambda: lease.holder() is None)
    assert time.monotonic() - began >= SHORT
    assert lease.acquire("executor-2", LONG).won


def test_a_renewal_gives_the_holder_a_whole_life_more_from_now(lease):
    lease.acquire("executor-1", LONG)
    assert lease.renew("executor-1", 2 * LONG)
    assert lease.acquire("executor-2", LONG).remaining > 1.9 * LONG


def test_a_renewal_can_shorten_the_life_too(lease):
    lease.acquire("executor-1", LONG)
    assert lease.renew("executor-1", SHORT)
    eventually(lambda: lease.holder() is None)


def test_nobody_renews_the_lock_of_another(lease):
    lease.acquire("executor-1", LONG)
    assert not lease.renew("executor-2", 10 * LONG)
    assert lease.holder() == "executor-1"
    assert lease.acquire("executor-2", LONG).remaining <= LONG


def test_a_lock_that_has_ended_cannot_be_renewed(lease):
    lease.acquire("executor-1", SHORT)
    eventually(lambda: lease.holder() is None)
    assert not lease.renew("executor-1", LONG)
    assert lease.holder() is None


def test_a_former_holder_neither_renews_nor_releases_what_another_has_won(lease):
    lease.acquire("executor-1", SHORT)
    eventually(lambda: lease.acquire("executor-2", LONG).won)
    assert not lease.renew("executor-1", LONG)
    assert not lease.release("executor-1")
    assert lease.holder() == "executor-2"


def test_a_release_frees_the_lock_at_once_and_wakes_those_who_wait(bench):
    bench.lease.acquire("executor-1", LONG)
    assert bench.lease.release("executor-1")
    assert bench.lease.holder() is None
    eventually(lambda: bench.woken() == 1)
    assert bench.lease.acquire("executor-2", LONG).won


def test_a_release_of_what_one_does_not_hold_changes_nothing_and_wakes_nobody(bench):
    assert not bench.lease.release("executor-1")
    bench.lease.acquire("executor-1", LONG)
    assert not bench.lease.release("executor-2")
    assert bench.lease.holder() == "executor-1"
    assert bench.woken() == 0


def test_of_twenty_that_ask_at_the_same_time_one_wins(lease):
    together = threading.Barrier(20)

    def ask(number):
        together.wait()
        return lease.acquire(f"executor-{number}", LONG)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    (winner,) = [answer.lock for answer in answers if answer.won]
    assert {answer.lock for answer in answers} == {winner}


# What a lock says


CLAIM = Claim("executor-2~1", 7, "executor-2:50060")


@pytest.mark.parametrize("claim", [CLAIM, Claim("executor-2", 7), Claim("two words", 12, "[::1]:50060")])
def test_a_lock_says_whose_it_is_which_of_its_locks_and_where_to_watch_it(lease, claim):
    lock = lease.acquire(str(claim), LONG).lock
    assert read_claim(lock) == claim
    assert lease.holder() == claim.holder


@pytest.mark.parametrize("lock", ["you", "some body", "executor-2 seven", ""])
def test_of_a_lock_that_is_none_of_ours_all_is_the_holder(lock):
    assert read_claim(lock) == Claim(lock, 0)


def test_a_late_release_never_ends_a_later_lock_of_the_same_process(lease):
    first, second = str(CLAIM), str(CLAIM._replace(number=8))
    lease.acquire(first, LONG)
    lease.release(first)
    lease.acquire(second, LONG)
    assert not lease.release(first)
    assert not lease.renew(first, LONG)
    assert lease.holder() == CLAIM.holder


# Taking over


def test_whoever_takes_over_ends_the_lock_wins_it_and_wakes_all_who_wait(bench):
    bench.lease.acquire("executor-1 3", LONG)
    won, lock, remaining = bench.lease.acquire("executor-2 1", LONG, instead_of="executor-1 3")
    assert (won, lock) == (True, "executor-2 1")
    assert 0.9 * LONG < remaining <= LONG
    eventually(lambda: bench.woken() == 1)


@pytest.mark.parametrize("instead_of", ["executor-1 2", "executor-1", "executor-3 1"])
def test_a_lock_is_taken_over_only_if_it_still_is_the_one_that_was_meant(bench, instead_of):
    bench.lease.acquire("executor-1 3", LONG)
    won, lock, _ = bench.lease.acquire("executor-2 1", LONG, instead_of=instead_of)
    assert (won, lock) == (False, "executor-1 3")
    assert bench.woken() == 0


def test_a_lock_that_has_ended_meanwhile_is_won_as_any_other(bench):
    assert bench.lease.acquire("executor-2 1", LONG, instead_of="executor-1 3").won
    assert bench.woken() == 0


def test_of_twenty_that_take_over_at_the_same_time_one_wins_and_its_lock_stays(lease):
    lease.acquire("executor-0 1", LONG)
    together = threading.Barrier(20)

    def ask(number):
        together.wait()
        return lease.acquire(f"executor-{number} 1", LONG, instead_of="executor-0 1")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(1, 21)))
    (winner,) = [answer.lock for answer in answers if answer.won]
    assert {answer.lock for answer in answers} == {winner}


# The client under lease and queue


HANDSHAKE = {"CLIENT": b"+OK\r\n", "HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n"}


class DeafServer:
    """Speaks enough of the Redis protocol to shake hands, takes one command more, and hangs up or is mute."""

    def __init__(self, *, hangs_up):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._hangs_up = hangs_up
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}"
        self.seen: list[str] = []
        self._kept: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            lines = connection.makefile("rb")
            command = read_command(lines)
            while command in HANDSHAKE:
                connection.sendall(HANDSHAKE[command])
                command = read_command(lines)
            self.seen.append(command)
            lines.close()
            if self._hangs_up:
                connection.close()
            else:
                self._kept.append(connection)

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for connection in self._kept:
            connection.close()


def read_command(lines):
    words = []
    for _ in range(int(lines.readline()[1:] or 0)):
        length = int(lines.readline()[1:])
        words.append(lines.read(length + 2)[:-2].decode())
    return words[0].upper() if words else ""


@pytest.fixture(params=[True, False], ids=["hangs up", "is mute"])
def deaf_server(request):
    server = DeafServer(hangs_up=request.param)
    yield server
    server.close()


@pytest.mark.parametrize(
    ("act", "command"),
    [
        (lambda client: RedisQueue(client).push(["order-1"]), "LPUSH"),
        (lambda client: RedisLease(client).acquire("executor-1", LONG), "MULTI"),
        (lambda client: RedisLease(client).acquire("executor-1", LONG, instead_of="executor-2"), "MULTI"),
        (lambda client: RedisLease(client).renew("executor-1", LONG), "EVALSHA"),
        (lambda client: RedisLease(client).release("executor-1"), "EVALSHA"),
    ],
    ids=["push", "acquire", "take over", "renew", "release"],
)
def test_a_command_whose_reply_is_lost_is_sent_once_and_the_caller_is_told(deaf_server, act, command):
    with connect(deaf_server.url, timeout=0.2) as client, pytest.raises(redis.RedisError):
        act(client)
    assert deaf_server.seen == [command]
