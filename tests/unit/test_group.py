"""Requests that wait are carried out together; one that fails fails alone, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bookstore_lib.runtime.group import Group
from tests.support import eventually


def collected(perform, most=10):
    """A group, and what its requests are answered."""
    group: Any = Group("group", perform, most)
    answers: list[Any] = []

    def put(*requests):
        for request in requests:
            group.put(request, answers.append)

    return group, answers, put


def test_what_was_released_together_is_carried_out_together_but_no_more_than_allowed():
    performed = []

    def perform(requests):
        performed.append(requests)
        return requests

    group, answers, put = collected(perform, most=2)

    put(1, 2, 3)
    group.turn()
    assert performed == []
    group.release()
    group.turn()
    group.turn()

    assert performed == [[1, 2], [3]]
    assert answers == [1, 2, 3]


def test_what_could_not_be_carried_out_is_the_answer_to_all_who_asked():
    trouble = RuntimeError("no")

    def perform(_requests):
        raise trouble

    group, answers, put = collected(perform)
    put(1, 2)
    group.release()
    group.turn()

    assert answers == [trouble, trouble]


def test_requests_that_come_while_others_are_carried_out_go_together_afterwards():
    performed, may_go_on, began = [], threading.Event(), threading.Event()

    def perform(requests):
        performed.append(list(requests))
        began.set()
        assert may_go_on.wait(20)
        return requests

    group, answers, put = collected(perform)
    group.start()
    put(1)
    group.release()
    assert began.wait(20)
    for request in (2, 3, 4):
        put(request)
        group.release()
    may_go_on.set()
    group.close()

    assert performed == [[1], [2, 3, 4]]
    assert answers == [1, 2, 3, 4]


def test_whoever_asks_waits_for_the_answer_and_many_who_ask_share_a_go():
    performed, may_go_on, began = [], threading.Event(), threading.Event()

    def perform(requests):
        performed.append(list(requests))
        began.set()
        assert may_go_on.wait(20)
        return [request * 10 for request in requests]

    group: Any = Group("group", perform, 10)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.ask, 1)
        assert began.wait(20)
        others = [pool.submit(group.ask, request) for request in (2, 3, 4)]
        eventually(lambda: group.pending == 3)
        may_go_on.set()

        assert [first.result(20), *(other.result(20) for other in others)] == [10, 20, 30, 40]

    assert [len(go) for go in performed] == [1, 3]


def test_whoever_asks_for_what_cannot_be_is_told_so():
    group: Any = Group("group", lambda _requests: [KeyError("no")], 10)

    with pytest.raises(KeyError):
        group.ask(1)


def test_each_of_many_who_keep_asking_gets_its_own_answers_and_turns_never_overlap():
    performing, overlaps, sizes = threading.Lock(), [], []

    def perform(requests):
        overlaps.append(not performing.acquire(blocking=False))
        sizes.append(len(requests))
        performing.release()
        return [-request for request in requests]

    group: Any = Group("group", perform, 5)

    def ask(who):
        return [group.ask(1000 * who + number) for number in range(200)]

    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(ask, who) for who in range(16)]
        told = [each.result(60) for each in asking]

    assert told == [[-(1000 * who + number) for number in range(200)] for who in range(16)]
    assert not any(overlaps)
    assert sum(sizes) == 16 * 200
    assert max(sizes) <= 5
