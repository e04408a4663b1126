"""Work that yields where it waits: resumed with what is posted, ended with its result or its error."""

from contextlib import contextmanager
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any

import pytest

from bookstore_lib.runtime import pipeline as module
from bookstore_lib.runtime.pipeline import Pipeline
from tests.support import eventually

NAME = ContextVar("name", default="")


@pytest.fixture
def journal():
    return []


@pytest.fixture
def pipeline(journal):
    @contextmanager
    def burst():
        journal.append("burst")
        yield
        journal.append("done")

    pipeline = Pipeline(burst, lambda: journal.append("release"))
    pipeline.start()
    yield pipeline
    pipeline.close()


def ends_of(pipeline, *works):
    """How each piece of work ends."""
    ended = SimpleQueue[Any]()
    for number, work in enumerate(works):
        pipeline.begin(work, lambda result, error, number=number: ended.put((number, result, error)))
    ends = [ended.get(timeout=20) for _ in works]
    return {number: error or result for number, result, error in ends}


def test_work_goes_on_with_each_thing_that_is_posted_to_it(pipeline):
    def add(post):
        post(1)
        post(2)
        return (yield) + (yield)

    assert ends_of(pipeline, add) == {0: 3}


def test_an_error_that_is_posted_is_raised_in_the_work_that_waits(pipeline):
    def careful(post):
        post(ValueError("no"))
        try:
            yield
        except ValueError:
            return "caught"

    def careless(post):
        post(ValueError("no"))
        yield

    ends = ends_of(pipeline, careless, careful)

    assert ends[1] == "caught"
    assert isinstance(ends[0], ValueError)


def test_each_piece_of_work_has_a_context_of_its_own(pipeline):
    def named(name):
        def work(post):
            NAME.set(name)
            post(None)
            yield
            return NAME.get()

        return work

    assert ends_of(pipeline, *map(named, "abc")) == dict(enumerate("abc"))


def test_what_a_burst_of_steps_has_started_is_released_after_it(pipeline, journal):
    def work(post):
        journal.append("step")
        post(None)
        yield
        journal.append("step")

    ends_of(pipeline, work)
    pipeline.close()

    assert journal[0] == "burst"
    assert journal[-2:] == ["done", "release"]
    assert journal.count("step") == 2
    assert journal.count("burst") == journal.count("release")


@pytest.fixture
def much_work(pipeline, journal):
    """Eight pieces of work that have begun, and wait; what posts to each."""
    posts = []

    def work(post):
        posts.append(post)
        journal.append("begun")
        yield
        journal.append("step")

    for _ in range(8):
        pipeline.begin(work, lambda _result, _error: None)
    eventually(lambda: journal.count("begun") == 8 and journal[-1] == "release")
    journal.clear()
    return posts


def test_little_of_much_work_waits_until_half_of_it_can_go_on(pipeline, journal, much_work, monkeypatch):
    monkeypatch.setattr(module, "_MOMENT", 20)

    much_work[0](None)
    eventually(lambda: pipeline._wanted == 4)  # it waits for more
    for post in much_work[1:4]:
        post(None)

    eventually(lambda: "release" in journal)
    assert journal == ["burst", "step", "step", "step", "step", "done", "release"]


def test_little_of_much_work_goes_on_after_a_moment(journal, much_work):
    much_work[0](None)

    eventually(lambda: "step" in journal)
