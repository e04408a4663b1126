"""What a gRPC service can be told to suffer, seen from a client of the real thing."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_lib.core.errors import BookstoreError, DeadlineError, UnavailableError
from bookstore_lib.pb import common_pb2, fraud_detection_pb2
from bookstore_lib.pb.fraud_detection_pb2_grpc import add_FraudDetectionServicer_to_server
from bookstore_lib.runtime.rpc_server import RpcServer
from bookstore_lib.runtime.rpc_trouble import RpcTrouble, Trouble
from tests.integration.conftest import opened

ASK = common_pb2.OrderRequest(order_id="order-1")
# A client tries a call five times (see `rpc_client`), and before that once on its stream.
ATTEMPTS = {"unary": 5, "stream": 6}


@pytest.fixture
def trouble():
    return RpcTrouble()


@pytest.fixture
def attempts(transport):
    """How often a call is tried."""
    return ATTEMPTS[transport]


@pytest.fixture
def served():
    """The procedures that were served."""
    return []


@pytest.fixture
def client(run, trouble, served):
    """A client of a service that suffers this trouble."""

    def procedure(name):
        def serve(_request, _context):
            served.append(name)
            return fraud_detection_pb2.FraudReply(passed=True)

        return serve

    servicer: Any = SimpleNamespace(
        **{name: procedure(name) for name in ("InitializeOrder", "CheckFraud", "ClearOrder")}
    )
    register = [lambda server: add_FraudDetectionServicer_to_server(servicer, server)]
    server = RpcServer("127.0.0.1:0", run.tracker("fraud_detection"), register, trouble)
    server.start()
    run.parts.callback(server.stop, 0)
    address = f"127.0.0.1:{server.port}"
    return lambda deadline=10: opened(run.client("fraud_detection", address, deadline=deadline))


def test_a_slow_service_keeps_each_call_waiting_and_then_serves_it(client, trouble, served):
    number = trouble.begin(Trouble("delay", seconds=0.3))
    began = time.monotonic()

    client().start("CheckFraud", ASK).result()

    assert time.monotonic() - began >= 0.3
    assert (served, trouble.end(number)) == (["CheckFraud"], 1)


def test_a_call_whose_caller_has_gone_waits_no_longer_and_is_not_served(client, trouble, served, run):
    trouble.begin(Trouble("delay", seconds=600))

    with pytest.raises(DeadlineError):
        client(deadline=0.2).start("CheckFraud", ASK).result()

    # The end of the test waits for the handler; with 600 seconds it would not come.
    assert served == []
    assert run.events("order-1", "fraud_detection") == []


def test_an_unavailable_service_serves_nothing_and_tells_no_clock(client, trouble, served, run, attempts):
    number = trouble.begin(Trouble("unavailable"))

    with pytest.raises(UnavailableError):
        client().start("CheckFraud", ASK).result()

    assert (served, trouble.end(number)) == ([], attempts)
    assert [event.name for event in run.events("order-1")] == ["CheckFraud"]


def test_a_burst_shorter_than_the_callers_attempts_is_absorbed(client, trouble, served, attempts):
    number = trouble.begin(Trouble("unavailable", calls=attempts - 1))

    client().start("CheckFraud", ASK).result()

    assert (served, trouble.end(number)) == (["CheckFraud"], attempts - 1)


def test_a_lost_reply_leaves_the_effect_and_the_caller_knows_nothing(client, trouble, served, run, attempts):
    number = trouble.begin(Trouble("lose_reply"))

    with pytest.raises(UnavailableError):
        client().start("CheckFraud", ASK).result()

    assert (served, trouble.end(number)) == (["CheckFraud"] * attempts, attempts)
    assert [event.kind for event in run.events("order-1", "executor-1")] == ["send"]
    assert run.named("CheckFraud reply", "send")
    assert not run.named("CheckFraud error", "receive")


def test_only_the_procedure_that_was_named_suffers(client, trouble, served):
    number = trouble.begin(Trouble("unavailable", procedure="CheckFraud"))
    one = client()

    one.start("InitializeOrder", ASK).result()
    assert trouble.end(number) == 0
    assert served == ["InitializeOrder"]


def test_health_checks_never_suffer(client, trouble):
    for each in (Trouble("unavailable"), Trouble("delay", seconds=600), Trouble("lose_reply")):
        trouble.begin(each)

    assert client().healthy(timeout=5)
    assert trouble.end() == 0


def test_several_troubles_are_suffered_and_ended_apart(client, trouble, served):
    slow = trouble.begin(Trouble("delay", seconds=0.01))
    away = trouble.begin(Trouble("unavailable", calls=1))
    client().start("CheckFraud", ASK).result()

    assert (trouble.end(away), trouble.end(slow)) == (1, 2)
    client().start("CheckFraud", ASK).result()
    assert trouble.end() == 0


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ({"kind": "explode"}, "There is no trouble 'explode'; there are delay, unavailable, lose_reply."),
        ({"kind": "delay"}, "A delay needs a number of seconds above 0"),
        ({"kind": "unavailable", "seconds": 1}, "no other trouble has seconds"),
        ({"kind": "lose_reply", "calls": -1}, "or 0 for all, not -1."),
    ],
)
def test_a_trouble_that_makes_no_sense_is_one_sentence(trouble, sentence):
    with pytest.raises(BookstoreError, match=sentence):
        Trouble(**trouble)
