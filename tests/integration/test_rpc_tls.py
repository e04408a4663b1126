"""gRPC peers that prove who they are, and strangers that cannot."""

import stat
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_lib.core.errors import SetupError, UnavailableError
from bookstore_lib.lab.supervisor.certificates import make_certificates
from bookstore_lib.pb import common_pb2, fraud_detection_pb2
from bookstore_lib.pb.fraud_detection_pb2_grpc import FraudDetectionStub, add_FraudDetectionServicer_to_server
from bookstore_lib.runtime import healthcheck
from bookstore_lib.runtime.rpc_client import is_serving, open_channel
from bookstore_lib.runtime.rpc_server import RpcServer
from bookstore_lib.runtime.rpc_tls import PLAIN, Tls
from bookstore_lib.runtime.service_clients import TRANSPORTS
from bookstore_lib.runtime.settings import variable

ASK = common_pb2.OrderRequest(order_id="order-1")
NAMES = ("fraud_detection", "executor-1")


def certificates(folder, life=timedelta(minutes=5)):
    made = make_certificates(folder, NAMES, life)
    return [Tls(*made[name].values()) for name in NAMES]


@pytest.fixture
def ours(tmp_path):
    return certificates(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path):
    """Of another bookstore."""
    return certificates(tmp_path / "theirs")


@pytest.fixture
def expired(tmp_path):
    return certificates(tmp_path / "expired", timedelta(minutes=-1))


@pytest.fixture
def serve(run):
    served = []

    def start(tls):
        def check(_request, _context):
            served.append("CheckFraud")
            return fraud_detection_pb2.FraudReply(passed=True)

        servicer: Any = SimpleNamespace(CheckFraud=check, InitializeOrder=check, ClearOrder=check)
        add = [lambda server: add_FraudDetectionServicer_to_server(servicer, server)]
        server = RpcServer("127.0.0.1:0", run.tracker("fraud_detection"), add, tls=tls)
        server.start()
        run.parts.callback(server.stop, 0)
        return f"127.0.0.1:{server.port}", served

    return start


@pytest.fixture
def call(run):
    def ask(address, tls, deadline=10.0):
        client = TRANSPORTS[run.transport](
            "fraud_detection", address, FraudDetectionStub, run.tracker("executor-1"), deadline, tls
        )
        run.parts.callback(client.close)
        return client.start("CheckFraud", ASK).result()

    return ask


def test_peers_with_certificates_of_one_authority_talk(serve, call, ours):
    service, executor = ours
    address, served = serve(service)

    assert call(address, executor).passed
    assert served == ["CheckFraud"]


@pytest.mark.parametrize("stranger", ["in the clear", "no certificate", "of another authority", "expired"])
def test_a_client_without_the_right_certificate_is_refused(serve, call, ours, theirs, expired, stranger):
    ca = ours[1].ca
    tls = {
        "in the clear": PLAIN,
        "no certificate": Tls(ca=ca),
        "of another authority": theirs[1]._replace(ca=ca),
        "expired": expired[1]._replace(ca=ca),
    }[stranger]
    address, served = serve(ours[0])

    with pytest.raises(UnavailableError):
        call(address, tls, deadline=3)
    assert served == []


@pytest.mark.parametrize("stranger", ["in the clear", "of another authority", "expired"])
def test_a_server_without_the_right_certificate_is_told_nothing(serve, call, ours, theirs, expired, stranger):
    tls = {"in the clear": PLAIN, "of another authority": theirs[0], "expired": expired[0]}[stranger]
    address, served = serve(tls)

    with pytest.raises(UnavailableError):
        call(address, ours[1], deadline=3)
    assert served == []


def test_with_a_certificate_for_the_server_alone_the_line_is_sealed_and_any_client_is_served(serve, call, ours):
    address, _ = serve(ours[0]._replace(ca=""))

    assert call(address, Tls(ca=ours[1].ca)).passed
    with pytest.raises(UnavailableError):
        call(address, PLAIN, deadline=3)


def test_the_health_check_of_a_container_shows_its_certificate(serve, ours, monkeypatch):
    address, _ = serve(ours[0])
    assert healthcheck.main(["grpc", address]) == 1

    for name, file in ours[0]._asdict().items():
        monkeypatch.setenv(variable(f"tls_{name}"), file)

    assert healthcheck.main(["grpc", address]) == 0
    with open_channel(address, PLAIN) as channel:
        assert not is_serving(channel, 1)


def test_private_keys_are_for_their_owner_only_and_the_authority_leaves_none(ours, tmp_path):
    folder = tmp_path / "ours"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert {file.stem for file in folder.glob("*.key")} == set(NAMES)


@pytest.mark.parametrize("wrong", ["missing", "no certificate", "of another key", "alone", "authority"])
def test_files_that_cannot_be_used_are_one_sentence_that_names_them(ours, tmp_path, wrong):
    service, executor = ours
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("no certificate")
    tls, named = {
        "missing": (service._replace(cert="/nowhere.pem"), "/nowhere.pem"),
        "no certificate": (service._replace(cert=str(no_pem)), "no.pem"),
        "of another key": (service._replace(key=executor.key), Path(executor.key).name),
        "alone": (service._replace(key=""), "BOOKSTORE_TLS_KEY"),
        "authority": (service._replace(ca=str(no_pem)), "no.pem"),
    }[wrong]

    for use in (tls.server, tls.client):
        with pytest.raises(SetupError) as caught:
            use()
        assert named in str(caught.value)
        assert "\n" not in str(caught.value)


def test_without_any_file_everything_is_in_the_clear():
    assert (PLAIN.server(), PLAIN.client()) == (None, None)
    assert Tls.from_env({}) == PLAIN
