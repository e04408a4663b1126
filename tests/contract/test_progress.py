"""How far open orders have come, kept in Redis for whoever looks."""

import threading

import pytest
import redis

from bookstore_lib.runtime.progress import KEY, Progress
from tests.support import eventually

STEPS = {"check_billing": "passed", "check_card": "running"}


@pytest.fixture
def client(redis_client, redis_kind):
    return redis_client(redis_kind)


def test_the_steps_that_were_noted_last_are_there_once_they_are_written_and_go_by_themselves(client):
    progress = Progress(client)
    progress.note("order-1", {"check_billing": "running"})
    progress.note("order-1", STEPS)
    assert progress.steps("order-1") == {}

    progress.write()

    assert Progress(client).steps("order-1") == STEPS
    assert 0 < client.ttl(KEY + "order-1") <= 120


def test_they_are_written_in_the_background_until_that_is_ended(client):
    progress, ended = Progress(client), threading.Event()
    writer = threading.Thread(target=progress.write_until, args=[ended])
    writer.start()

    progress.note("order-2", STEPS)

    eventually(lambda: progress.steps("order-2") == STEPS)
    ended.set()
    writer.join(10)
    assert not writer.is_alive()


@pytest.fixture
def gone(monkeypatch, client):
    def fail(*_, **__):
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(client, "get", fail)
    monkeypatch.setattr(client, "pipeline", fail)
    return Progress(client)


def test_without_redis_nothing_is_known_and_nothing_fails(gone):
    gone.note("order-3", STEPS)

    gone.write()

    assert gone.steps("order-3") == {}
