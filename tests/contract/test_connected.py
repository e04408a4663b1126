"""Which processes are connected to Redis."""

from contextlib import closing

import pytest

from bookstore_lib.runtime.redis_client import connect, connected
from tests.support import eventually


@pytest.fixture
def client(redis_client, redis_kind):
    return redis_client(redis_kind)


def test_who_gave_a_name_is_named_once_until_its_last_connection_ends(client, redis_url, redis_kind):
    def named(name):
        return closing(connect(redis_url(redis_kind), name=name))

    with named("executor-1") as one, named("executor-2~1") as two, named("executor-2~1") as again:
        for each in (one, two, again):
            each.ping()
        assert connected(client) == ["executor-1", "executor-2~1"]
    eventually(lambda: connected(client) == [])
