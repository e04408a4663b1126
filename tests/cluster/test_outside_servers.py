import os
import shutil
from pathlib import Path

import pytest

from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer
from tests.support import serving

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Debian's stock Redis and PostgreSQL 15, started by the tests and not by the bookstore."""
    redis_server = shutil.which("redis-server")
    if not redis_server or not POSTGRES_15.is_dir():
        assert not os.environ.get("CI"), "where the project is checked for good, the stock servers have to be there"
        pytest.skip("needs redis-server and postgresql-15 of Debian; everything else runs on the packaged servers")
    folder = tmp_path_factory.mktemp("outside")
    postgres = PostgresServer(folder / "postgres", reserve_port().number, POSTGRES_15)
    redis = RedisServer(folder / "redis", reserve_port().number, "open-Sesame_1", binary=Path(redis_server))
    postgres.prepare()
    redis.prepare()
    with serving(postgres, folder / "postgres.log"), serving(redis, folder / "redis.log"):
        yield redis, postgres


@pytest.fixture(scope="module")
def environment(servers):
    redis, postgres = servers
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BOOKSTORE_REDIS_URL", redis.url)
        environment.setenv("BOOKSTORE_POSTGRES_URL", postgres.url)
        yield


@pytest.fixture(scope="module")
def running_shop(environment, open_shop):
    return open_shop(executors=2, lease_ttl=1.5)


def test_the_whole_bookstore_works_on_servers_that_run_already(shop):
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"
    assert shop.checkout({"Frankenstein": 1}, "bad_card").status == "Order Rejected"


def test_servers_that_run_already_are_not_the_bookstores_to_handle(shop):
    assert not {"redis", "postgres"} & {process.name for process in shop.processes()}
    assert {path.name for path in shop.run_dir.iterdir()} == {"logs", "traces", "addresses.json"}


def test_the_leader_is_replaced_on_servers_that_run_already(shop):
    leader = shop.leader
    shop.kill(leader)

    assert shop.await_leader(other_than=leader) != leader
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_the_history_waits_for_orders_under_way_on_servers_that_run_already(shop, accept):
    order_id = accept()

    events = shop.history().order(order_id).events

    assert "acknowledged" in {event.name for event in events}


def test_the_next_bookstore_goes_on_with_the_same_record(running_shop, servers, open_shop, environment):
    receipt = running_shop.checkout({"Frankenstein": 1})
    running_shop.close()
    assert all(server.ready() for server in servers)

    second = open_shop(executors=1, lease_ttl=1.5)

    assert second.client.order(receipt.order_id).status == "Order Approved"
    assert second.checkout({"Frankenstein": 1}).status == "Order Approved"
    assert second.history().check().holds
