"""A learner's own connection to the Redis of a bookstore."""

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore


def test_redis_can_be_asked_who_holds_the_lock_and_for_how_long(shop):
    leader = shop.process(shop.leader).host
    with shop.redis() as client:
        assert client.get("leader_lock").split()[0] == leader
        assert 0 < client.pttl("leader_lock") <= 1500


def test_a_stopped_bookstore_has_no_redis_to_connect_to():
    with Bookstore(executors=1) as shop:
        pass
    with pytest.raises(BookstoreError, match="stopped"):
        shop.redis()
