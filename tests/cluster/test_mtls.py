"""A bookstore whose gRPC peers prove who they are: `bookstore up --mtls`."""

import stat

import grpc
import psutil
import pytest

from bookstore_lib.lab.supervisor.certificates import make_certificates
from bookstore_lib.lab.supervisor.plan import CERTIFICATES, SERVICES
from bookstore_lib.pb.order_executor_pb2 import DrainRequest
from bookstore_lib.pb.order_executor_pb2_grpc import OrderExecutorStub
from bookstore_lib.runtime.rpc_client import is_serving, open_channel
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls

PEERS = [*SERVICES, "executor-1", "executor-2"]


@pytest.fixture(scope="module")
def running_shop(open_shop):
    return open_shop(executors=2, lease_ttl=1.5, links=True, mtls=True)


@pytest.fixture
def own(running_shop):
    folder = running_shop.run_dir / CERTIFICATES
    return Tls(str(folder / "ca.pem"), str(folder / "orchestrator.pem"), str(folder / "orchestrator.key"))


@pytest.fixture
def stranger(own, tmp_path):
    """With certificates of another bookstore, who knows our authority: its certificate is no secret."""
    made = make_certificates(tmp_path / "theirs", ["executor-1"])["executor-1"]
    return Tls(own.ca, made["tls_cert"], made["tls_key"])


def grpc_addresses(shop, name):
    """Where a process listens, but for its debug server."""
    process = psutil.Process(next(status.pid for status in shop.processes() if status.name == name))
    listening = {f"127.0.0.1:{c.laddr.port}" for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    return sorted(address for address in listening if f"http://{address}" not in shop.debug_urls.values())


def test_orders_go_their_way_also_after_a_restart_and_a_cut(shop, post):
    assert post().json()["status"] == "Order Approved"

    shop.kill("fraud_detection")
    shop.start("fraud_detection")
    assert post().json()["status"] == "Order Approved"

    shop.cut(shop.leader, "suggestions", "reset")
    shop.heal()
    assert post().json()["status"] == "Order Approved"


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_refuses_who_has_not_the_right_certificate(shop, own, stranger, name):
    (address,) = grpc_addresses(shop, name)

    def served(tls, seconds=2):
        with open_channel(address, tls) as channel:
            return is_serving(channel, seconds)

    assert served(own, 20)
    assert [served(tls) for tls in (PLAIN, Tls(ca=own.ca), stranger)] == [False] * 3


def test_a_stranger_cannot_stop_an_executor(shop, stranger):
    (address,) = grpc_addresses(shop, "executor-1")

    for tls in (PLAIN, stranger):
        with open_channel(address, tls) as channel, pytest.raises(grpc.RpcError) as caught:
            OrderExecutorStub(channel).Drain(DrainRequest(), timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert shop.client.healthy()


def test_keys_are_for_their_owner_only_and_go_when_the_bookstore_ends(open_shop):
    shop = open_shop(executors=1, lease_ttl=1.5, mtls=True)
    folder = shop.run_dir / CERTIFICATES

    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    shop.close()
    assert not folder.exists()
