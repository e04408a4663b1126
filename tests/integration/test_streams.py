"""What is special about calls that share a stream; all else that calls promise is tested of both transports."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.pb import common_pb2, exchange_pb2, fraud_detection_pb2
from bookstore_lib.pb.exchange_pb2_grpc import ExchangeStub
from bookstore_lib.pb.fraud_detection_pb2_grpc import add_FraudDetectionServicer_to_server
from bookstore_lib.pb.order_executor_pb2_grpc import add_OrderExecutorServicer_to_server
from bookstore_lib.runtime.exchange_server import ExchangeServicer
from bookstore_lib.runtime.rpc_client import open_channel
from bookstore_lib.runtime.rpc_context import to_message
from bookstore_lib.runtime.rpc_server import RpcServer
from bookstore_lib.runtime.rpc_tls import PLAIN
from tests.integration.conftest import opened
from tests.support import eventually

WAIT = 20.0


@pytest.fixture
def transport():
    return "stream"


@pytest.fixture
def gate():
    """Open: calls are answered at once. Closed: they wait."""
    gate = threading.Event()
    gate.set()
    yield gate
    gate.set()


@pytest.fixture
def came():
    """Set when a call has come."""
    return threading.Event()


@pytest.fixture
def serve(run, gate, came):
    """Starts a FraudDetection that answers with the order's id; returns the server."""

    def check(request, _context):
        came.set()
        gate.wait(WAIT)
        return fraud_detection_pb2.FraudReply(passed=True, reasons=[common_pb2.Reason(code=request.order_id)])

    servicer: Any = SimpleNamespace(CheckFraud=check, InitializeOrder=check, ClearOrder=check)
    executor: Any = SimpleNamespace(GetStatus=check, Drain=check, Watch=check)

    def start(listen="127.0.0.1:0"):
        register = [
            lambda server: add_FraudDetectionServicer_to_server(servicer, server),
            lambda server: add_OrderExecutorServicer_to_server(executor, server),
        ]
        server = RpcServer(listen, run.tracker("fraud_detection"), register)
        server.start()
        run.parts.callback(server.stop, 0)
        return server

    return start


def ask(client, order_id):
    return client.start("CheckFraud", common_pb2.OrderRequest(order_id=order_id))


def answer(call):
    return call.result().reasons[0].code


def test_each_of_many_calls_gets_its_own_answer_however_large_they_are_together(run, serve):
    client = opened(run.client("fraud_detection", f"127.0.0.1:{serve().port}"))
    # 2 MB in all, where no message may be larger than 64 KiB.
    orders = [f"order-{number}-" + "x" * 1000 for number in range(1000)]

    calls = [ask(client, order) for order in orders]

    assert [answer(call) for call in calls] == orders


def test_calls_that_are_ready_together_share_messages(run, serve, monkeypatch):
    messages = []
    usual = ExchangeServicer.Exchange

    def counting(self, requests, context):
        def counted():
            for message in requests:
                messages.append(len(message.calls))
                yield message

        return usual(self, counted(), context)

    monkeypatch.setattr(ExchangeServicer, "Exchange", counting)
    client = opened(run.client("fraud_detection", f"127.0.0.1:{serve().port}"))

    calls = [ask(client, f"order-{number}") for number in range(300)]
    for call in calls:
        call.result()

    assert sum(messages) == 300
    assert len(messages) < 150


def test_a_broken_stream_loses_no_call_and_opens_again(run, serve, gate, came):
    address = f"127.0.0.1:{reserve_port().number}"
    server = serve(address)
    client: Any = opened(run.client("fraud_detection", address))
    gate.clear()
    calls = [ask(client, f"order-{number}") for number in range(20)]
    assert came.wait(WAIT)

    ending = threading.Thread(target=server.stop, args=[1])
    ending.start()
    eventually(lambda: not client.exchange.open)
    gate.set()
    ending.join(WAIT)
    serve(address)

    assert [answer(call) for call in calls] == [f"order-{number}" for number in range(20)]
    assert len(run.named("CheckFraud", "send")) == 20
    opened(client)
    assert answer(ask(client, "order-20")) == "order-20"


def test_a_caller_that_wants_no_thread_to_wait_is_told_when_its_call_is_over(run, serve):
    client = opened(run.client("fraud_detection", f"127.0.0.1:{serve().port}"))
    told, done = threading.Event(), []

    def on_done(call):
        done.append(call)
        told.set()

    call = client.start("CheckFraud", common_pb2.OrderRequest(order_id="order-1"), on_done)
    assert not told.wait(0.05)  # it waits for others
    client.release()

    assert told.wait(WAIT)
    assert done == [call]
    assert answer(call) == "order-1"


def test_what_makes_no_sense_on_a_stream_is_an_answer_that_says_so_and_the_stream_goes_on(run, serve):
    right = common_pb2.OrderRequest(order_id="order-1").SerializeToString()
    context = to_message("order-1", run.tracker("executor-1").send("order-1", "CheckFraud", "fraud_detection"))
    too_much = common_pb2.Context(order_id="order-1", clock={"executor-1": 2**60})
    calls = [
        exchange_pb2.Call(number=1, procedure="Explode", context=context, request=right),
        exchange_pb2.Call(number=2, procedure="CheckFraud", context=too_much, request=right),
        exchange_pb2.Call(number=3, procedure="CheckFraud", context=context, request=b"\xff\xff"),
        exchange_pb2.Call(number=4, procedure="Watch", context=context),  # has no single answer
        exchange_pb2.Call(number=5, procedure="CheckFraud", context=context, request=right),
        exchange_pb2.Call(number=5, procedure="CheckFraud", context=context, request=right),
    ]
    over = threading.Event()

    def messages():
        yield exchange_pb2.Calls(calls=calls, cancelled=[99])
        over.wait(WAIT)

    with open_channel(f"127.0.0.1:{serve().port}", PLAIN) as channel:
        stub: Any = ExchangeStub(channel)
        answers: list[exchange_pb2.Answer] = []
        for message in stub.Exchange(messages(), timeout=WAIT):
            answers += message.answers
            if len(answers) == len(calls):
                over.set()

    codes = [(answer.number, answer.error.code) for answer in answers]
    assert codes == [*((number, "invalid_order") for number in (1, 2, 3, 4)), (5, ""), (5, "")]


def test_a_server_that_stops_does_not_wait_for_streams(run, serve):
    server = serve()
    client = opened(run.client("fraud_detection", f"127.0.0.1:{server.port}"))
    assert answer(ask(client, "order-1")) == "order-1"
    stopping = threading.Thread(target=server.stop, args=[600], daemon=True)

    stopping.start()
    stopping.join(WAIT)

    assert not stopping.is_alive()


def test_an_answer_that_cannot_be_read_is_an_error_of_that_call(run, serve, monkeypatch):
    client: Any = opened(run.client("fraud_detection", f"127.0.0.1:{serve().port}"))
    monkeypatch.setitem(client.readers, "CheckFraud", lambda _bytes: common_pb2.Context.FromString(b"\xff\xff"))

    with pytest.raises(BookstoreError, match="cannot be read"):
        ask(client, "order-1").result()
