"""The queue of order ids, in memory and on real servers: nothing is lost between take and acknowledge."""

import threading
import time
from random import Random

import pytest

from bookstore_lib.runtime.redis_queue import MemoryQueue, RedisQueue
from tests.support import eventually

ONE, TWO = "executor-1", "executor-2"


@pytest.fixture
def queue(kind, redis_client):
    return MemoryQueue() if kind == "memory" else RedisQueue(redis_client(kind))


def take_all(queue, consumer=ONE):
    taken = []
    while some := queue.take(consumer, 0):
        taken += some
    return taken


def test_ids_come_out_in_the_order_in_which_they_went_in(queue):
    queue.push(["a", "b"])
    queue.push(["c"])
    assert queue.contents().waiting == ["a", "b", "c"]
    assert take_all(queue) == ["a", "b", "c"]


def test_an_empty_queue_has_nothing_to_give_and_does_not_wait_when_told_so(queue):
    assert queue.take(ONE, 0) == []
    assert queue.take(ONE, -1) == []


def test_nothing_pushed_is_nothing_queued(queue):
    queue.push([])
    assert queue.contents() == ([], {})


def test_an_id_is_held_from_take_to_acknowledge_and_then_gone(queue):
    queue.push(["a", "b"])
    assert queue.take(ONE, 0) == ["a"]
    assert queue.contents() == (["b"], {ONE: ["a"]})
    assert queue.contents().all_ids() == {"a", "b"}
    assert queue.acknowledge(ONE, "a")
    assert queue.contents() == (["b"], {})


def test_only_the_one_who_holds_an_id_can_acknowledge_it_and_only_once(queue):
    queue.push(["a"])
    queue.take(ONE, 0)
    assert not queue.acknowledge(TWO, "a")
    assert queue.contents().all_ids() == {"a"}
    assert queue.acknowledge(ONE, "a")
    assert not queue.acknowledge(ONE, "a")


def test_acknowledging_forgets_an_id_that_was_pushed_and_taken_twice(queue):
    queue.push(["a", "a"])
    take_all(queue)
    assert queue.acknowledge(ONE, "a")
    assert queue.contents().all_ids() == set()


def test_what_is_given_back_comes_next_in_its_old_order(queue):
    queue.push(["a", "b", "c"])
    queue.take(ONE, 0)
    queue.take(ONE, 0)
    queue.give_back(ONE)
    assert queue.contents() == (["a", "b", "c"], {})


def test_giving_back_nothing_is_harmless(queue):
    queue.push(["a"])
    queue.give_back(ONE)
    assert queue.contents() == (["a"], {})


def test_a_take_over_puts_what_the_other_holds_first_in_its_old_order_and_leaves_ones_own(queue):
    queue.push(["a", "b", "c", "d"])
    queue.take(ONE, 0)
    queue.take(TWO, 0)
    queue.take(ONE, 0)
    assert queue.take_over(TWO) == ["c", "a"]
    assert queue.contents() == (["a", "c", "d"], {TWO: ["b"]})
    assert queue.take_over(TWO) == []


def test_a_new_term_takes_over_everything_its_own_former_ids_too(queue):
    queue.push(["a", "b", "c"])
    for consumer in (ONE, TWO, ONE):
        queue.take(consumer, 0)
    assert sorted(queue.take_over("")) == ["a", "b", "c"]
    contents = queue.contents()
    assert contents.processing == {}
    assert sorted(contents.waiting) == ["a", "b", "c"]
    assert contents.waiting.index("a") < contents.waiting.index("c")


def test_a_consumer_that_holds_nothing_any_more_is_still_looked_after(queue):
    queue.push(["a"])
    queue.take(ONE, 0)
    queue.take_over(TWO)
    assert queue.take(ONE, 0) == ["a"]  # the frozen one wakes up, too late
    assert queue.take_over(TWO) == ["a"]
    assert queue.contents() == (["a"], {})


@pytest.mark.parametrize("seed", range(5))
def test_no_series_of_operations_loses_an_id_that_was_not_acknowledged(queue, seed):
    random, open_ids, twin = Random(seed), set(), MemoryQueue()
    operations = {
        "push": lambda q, _, ids: q.push(ids),
        "take": lambda q, consumer, _: q.take(consumer, 0),
        "take three": lambda q, consumer, _: q.take(consumer, 0, 3),
        "acknowledge": lambda q, consumer, ids: q.acknowledge(consumer, *ids),
        "give_back": lambda q, consumer, _: q.give_back(consumer),
        "take_over": lambda q, consumer, _: q.take_over(consumer),
        "held_by": lambda q, consumer, _: q.held_by(consumer),
    }
    for number in range(60):
        name = random.choices(list(operations), (3, 3, 1, 3, 1, 1, 1))[0]
        consumer = random.choice((ONE, TWO))
        held = queue.contents().processing.get(consumer, [])
        ids = [f"{number}-1", f"{number}-2"] if name == "push" else [*random.choices(held or ["unknown"], k=2)]
        open_ids |= set(ids) if name == "push" else set()
        open_ids -= set(ids) if name == "acknowledge" else set()
        assert operations[name](queue, consumer, ids) == operations[name](twin, consumer, ids)
        assert queue.contents().all_ids() == open_ids
        assert queue.contents() == twin.contents()


def test_many_ids_are_taken_and_acknowledged_at_once_in_the_order_in_which_they_went_in(queue):
    queue.push(["a", "b", "c"])

    assert queue.take(ONE, 0, 2) == ["a", "b"]
    assert queue.take(TWO, 0, 2) == ["c"]
    assert queue.acknowledge(ONE, "b", "a", "c") == 2
    assert queue.contents() == ([], {TWO: ["c"]})


# What only a server can promise


class Taker(threading.Thread):
    """A consumer that waits in `take`, on a connection of its own."""

    def __init__(self, client, timeout):
        super().__init__(daemon=True)
        self._client, self._timeout = client, timeout
        self.taken: list[str] = []
        self.start()

    def run(self):
        self.taken += RedisQueue(self._client).take(ONE, self._timeout)


@pytest.fixture
def blocked(redis_kind, redis_client):
    """A client, and a consumer that is blocked in a take of the server."""
    client = redis_client(redis_kind)
    taker = Taker(redis_client(redis_kind, timeout=10), 8)
    eventually(lambda: client.info("clients")["blocked_clients"] == 1)
    yield client, taker
    RedisQueue(client).push(["the end"])
    taker.join()


def test_a_waiting_take_is_woken_by_a_push(blocked):
    client, taker = blocked
    RedisQueue(client).push(["a"])
    eventually(lambda: taker.taken == ["a"])
    assert RedisQueue(client).contents() == ([], {ONE: ["a"]})


def test_an_id_that_a_frozen_consumer_gets_later_is_found_by_the_next_take_over(blocked):
    client, _ = blocked
    leader = RedisQueue(client)
    assert leader.take_over(TWO) == []
    leader.push(["a"])  # the server answers the take that waits; its caller may be frozen, or dead
    eventually(lambda: leader.contents() == ([], {ONE: ["a"]}))
    assert leader.take_over(TWO) == ["a"]
    assert leader.take(TWO, 0) == ["a"]


def test_a_take_waits_as_long_as_it_was_told_and_no_longer_than_a_moment_more(redis_kind, redis_client):
    began = time.monotonic()
    assert RedisQueue(redis_client(redis_kind)).take(ONE, 0.2) == []
    assert 0.2 <= time.monotonic() - began < 3


def test_a_take_over_after_a_wipe_of_the_server_finds_nothing_and_new_ids_go_through(redis_kind, redis_client):
    client = redis_client(redis_kind)
    queue = RedisQueue(client)
    queue.push(["a", "b"])
    queue.take(ONE, 0)
    client.flushall()
    client.script_flush()
    assert queue.take_over(TWO) == []
    queue.push(["c"])
    assert queue.take(TWO, 0) == ["c"]
