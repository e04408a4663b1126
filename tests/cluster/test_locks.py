"""How long nobody leads is measured on real processes."""

import psutil
import pytest

from bookstore_lib.lab.bench import contender, locks
from bookstore_lib.lab.bench.contender import PEERS
from bookstore_lib.lab.bench.contest import Contest, redis_server
from tests.support import still_running


@pytest.fixture
def redis_url():
    with redis_server() as url:
        yield url


def test_every_way_to_lose_a_leader_is_measured():
    rows = locks.measure_ours(1, lambda _line: None, lives=[1.0])
    assert {(row.topic, row.figure) for row in rows} == {
        ("failover", "failover ms p50"),
        ("failover", "failover ms p90"),
        ("failover", "beyond lease ms p50"),
        ("failover", "beyond lease ms p90"),
        ("handover", "handover ms p50"),
    }
    assert {row.way.partition(",")[0] for row in rows} == {"killed", "frozen", "stopped in order"}
    assert all(0 < row.value < 5_000 for row in rows)


def test_a_lock_of_a_peer_is_won_after_its_life_or_its_release_and_no_contender_is_left(redis_url):
    with Contest(PEERS[0], redis_url) as contest:
        beyond, handover = contest.failover(), contest.handover()
        assert len(_contenders()) == 3
    assert -1 < beyond < 5
    assert -1 < handover < 5  # whoever wins may say so before the other one gets round to saying that it has released
    assert not _contenders()


def _contenders():
    return [p for p in still_running(psutil.Process().children()) if contender.__name__ in p.cmdline()]
