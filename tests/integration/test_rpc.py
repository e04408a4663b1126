import socket
import threading
import time
from collections.abc import Callable
from queue import Queue
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from bookstore_lib.core.errors import (
    CODES,
    BookstoreError,
    CancelledError,
    DeadlineError,
    SetupError,
    UnavailableError,
    UnknownOrderError,
)
from bookstore_lib.pb import common_pb2, fraud_detection_pb2
from bookstore_lib.pb.fraud_detection_pb2_grpc import FraudDetectionStub, add_FraudDetectionServicer_to_server
from bookstore_lib.runtime import messages
from bookstore_lib.runtime.rpc_client import ServiceClient
from tests.integration.conftest import opened
from tests.support import eventually

WAIT = 20.0
ASK = common_pb2.OrderRequest(order_id="order-1")
PASSED = fraud_detection_pb2.FraudReply(passed=True)
STEPS_OF = {
    "transaction_verification": ("initialize_verification", ("CheckBilling", "CheckCard")),
    "fraud_detection": ("initialize_fraud", ("CheckFraud",)),
    "suggestions": ("initialize_suggestions", ("GetSuggestions",)),
}
CHECKS = [(service, check) for service, (_, checks) in STEPS_OF.items() for check in checks]


class Hanging:
    """A handler that works until its caller gives up."""

    def __init__(self) -> None:
        self.began, self.cancelled, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.active_at_end = True

    def __call__(self, _request: Any, context: grpc.ServicerContext) -> Any:
        context.add_callback(self.cancelled.set)
        self.began.set()
        self.cancelled.wait(WAIT)
        self.active_at_end = context.is_active()
        self.ended.set()
        return PASSED


@pytest.fixture
def serve(run) -> Callable[..., str]:
    """Serves FraudDetection with this function as CheckFraud; returns the address."""

    def start(check: Callable[[Any, grpc.ServicerContext], Any], listen: str = "127.0.0.1:0") -> str:
        servicer = SimpleNamespace(CheckFraud=check, InitializeOrder=passes, ClearOrder=passes)
        return str(run.serve("fraud_detection", add_FraudDetectionServicer_to_server, servicer, listen))

    return start


@pytest.fixture
def connect(run) -> Callable[..., ServiceClient]:
    def client(address: str, deadline: float = 10, *, served: bool = True) -> ServiceClient:
        client: ServiceClient = run.client("fraud_detection", address, "executor-1", deadline)
        return opened(client) if served else client

    return client


def raises(error: Exception) -> Callable[[Any, Any], Any]:
    def handler(_request: Any, _context: Any) -> Any:
        raise error

    return handler


def passes(_request: Any, _context: Any) -> Any:
    return PASSED


# Clocks


@pytest.mark.parametrize(
    ("handler", "answer"), [(passes, "reply"), (raises(UnknownOrderError("Which order?")), "error")]
)
def test_a_request_and_its_reply_or_error_tick_and_merge_the_clocks_of_both(run, serve, connect, handler, answer):
    call = connect(serve(handler)).start("CheckFraud", ASK)
    if answer == "error":
        with pytest.raises(UnknownOrderError):
            call.result()
    else:
        call.result()

    caller, service = "executor-1", "fraud_detection"
    assert [(e.process, e.kind, e.name, dict(e.clock)) for e in run.events("order-1")] == [
        (caller, "send", "CheckFraud", {caller: 1}),
        (caller, "receive", f"CheckFraud {answer}", {caller: 2, service: 2}),
        (service, "receive", "CheckFraud", {caller: 1, service: 1}),
        (service, "send", f"CheckFraud {answer}", {caller: 1, service: 2}),
    ]
    assert dict(run.tracker(caller).clock("order-1")) == {caller: 2, service: 2}


def test_each_order_has_a_clock_of_its_own(run, serve, connect):
    client = connect(serve(passes))
    for order_id in ("order-1", "order-2"):
        client.start("CheckFraud", common_pb2.OrderRequest(order_id=order_id)).result()

    assert dict(run.tracker("executor-1").clock("order-2")) == {"executor-1": 2, "fraud_detection": 2}


# Errors


@pytest.mark.parametrize("code", CODES)
def test_an_error_comes_back_as_the_same_class_by_the_table(serve, connect, code):
    raised = CODES[code].error("Do this instead.")

    with pytest.raises(BookstoreError) as caught:
        connect(serve(raises(raised))).start("CheckFraud", ASK).result()

    assert type(caught.value) is type(raised)
    assert caught.value.code == code
    where_the_caller_says_it = {UnavailableError, DeadlineError}
    assert (str(caught.value) == "Do this instead.") == (type(raised) not in where_the_caller_says_it)


@pytest.mark.parametrize("transport", ["unary"])  # on a stream an error is an answer like any other
@pytest.mark.parametrize("code", sorted(CODES.keys() - {"unavailable"}))
def test_on_the_wire_an_error_has_the_status_of_the_table(serve, connect, code):
    call = connect(serve(raises(CODES[code].error("Do this instead.")))).start("CheckFraud", ASK)

    with pytest.raises(BookstoreError) as caught:
        call.result()

    cause = caught.value.__cause__
    assert isinstance(cause, grpc.Call)
    assert cause.code().name == CODES[code].grpc


def test_an_unexpected_exception_is_internal_and_only_the_log_says_what_it_was(serve, connect, caplog):
    with pytest.raises(BookstoreError) as caught:
        connect(serve(raises(RuntimeError("sesame")))).start("CheckFraud", ASK).result()

    assert caught.value.code == "internal"
    assert "sesame" not in str(caught.value)
    assert "RuntimeError: sesame" in caplog.text
    assert "Traceback" in caplog.text


def test_a_caller_that_sends_no_context_gets_errors_by_the_same_table_and_no_inner_text(serve):
    address = serve(raises(UnknownOrderError("Initialise it first.")))

    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
        FraudDetectionStub(channel).CheckFraud(ASK, timeout=WAIT)

    assert isinstance(caught.value, grpc.Call)
    assert (caught.value.code().name, caught.value.details()) == ("NOT_FOUND", "Initialise it first.")


# Time and reachability


def test_where_nobody_listens_a_call_fails_as_unavailable_within_its_deadline(connect, dead_address):
    began = time.monotonic()

    with pytest.raises(UnavailableError, match="fraud_detection"):
        connect(dead_address, deadline=WAIT, served=False).start("CheckFraud", ASK).result()

    assert time.monotonic() - began < WAIT


def test_a_service_that_comes_up_while_a_call_is_retried_still_answers_it(serve, connect):
    with socket.create_server(("127.0.0.1", 0)) as crashing:
        port = crashing.getsockname()[1]
        call = connect(f"127.0.0.1:{port}", served=False).start("CheckFraud", ASK)
        crashing.settimeout(WAIT)
        crashing.accept()[0].close()
    serve(passes, f"127.0.0.1:{port}")

    assert call.result().passed


def test_a_service_that_is_unavailable_for_a_moment_is_asked_again(run, serve, connect):
    answers = [raises(UnavailableError("Just now, no.")), passes]

    def changeable(request: Any, context: Any) -> Any:
        return answers.pop(0)(request, context)

    assert connect(serve(changeable)).start("CheckFraud", ASK).result().passed
    assert len(run.named("CheckFraud", "send")) == 1
    assert len(run.named("CheckFraud", "receive")) == 2


def test_a_slow_service_is_given_up_at_the_deadline_and_told_so(run, serve, connect):
    slow = Hanging()

    with pytest.raises(DeadlineError, match="fraud_detection"):
        connect(serve(slow), deadline=0.5).start("CheckFraud", ASK).result()

    assert slow.ended.wait(WAIT)
    assert not slow.active_at_end


def test_a_cancelled_call_is_cancelled_on_the_server_too(run, serve, connect):
    hanging = Hanging()
    call = connect(serve(hanging), deadline=2 * WAIT).start("CheckFraud", ASK)
    assert hanging.began.wait(WAIT)

    call.cancel()

    with pytest.raises(CancelledError):
        call.result()
    assert hanging.ended.wait(WAIT)
    assert not hanging.active_at_end
    eventually(lambda: run.named("CheckFraud reply dropped, the caller has gone"))


def test_a_call_that_is_cancelled_before_it_leaves_is_told_so_once(serve, connect):
    client, told = connect(serve(passes)), Queue[Any]()
    call = client.start("CheckFraud", ASK, told.put)
    call.cancel()
    client.release()

    assert told.get(timeout=WAIT) is call
    with pytest.raises(CancelledError):
        call.result()
    other = client.start("CheckFraud", ASK, told.put)
    client.release()
    assert told.get(timeout=WAIT) is other


def test_cancelling_a_call_that_is_over_changes_nothing(serve, connect):
    call = connect(serve(passes)).start("CheckFraud", ASK)
    assert call.result().passed

    call.cancel()


# Limits


def test_a_request_over_64_kib_never_reaches_a_handler(serve):
    hanging, large = Hanging(), common_pb2.OrderRequest(order_id="x" * 65 * 1024)
    address = serve(hanging)

    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
        FraudDetectionStub(channel).CheckFraud(large, timeout=WAIT)

    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not hanging.began.is_set()


def test_the_health_check_says_serving_and_leaves_no_trace(run, serve, connect, dead_address):
    assert connect(serve(passes)).healthy(WAIT)
    assert not connect(dead_address, served=False).healthy(0.2)
    assert run.events() == []


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_there_is_no_reflection_service(serve, version):
    with grpc.insecure_channel(serve(passes)) as channel:
        ask: Any = channel.unary_unary(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
        with pytest.raises(grpc.RpcError) as caught:
            ask(b"", timeout=WAIT)

    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_second_server_on_a_port_is_refused_in_one_line_that_names_it(serve, connect):
    address = serve(passes)

    with pytest.raises(SetupError) as caught:
        serve(passes, address)

    assert address in str(caught.value)
    assert "\n" not in str(caught.value)
    assert connect(address).start("CheckFraud", ASK).result().passed


# The real services


@pytest.mark.parametrize(("service", "check"), CHECKS)
def test_an_order_that_was_never_initialised_is_unknown(services, service, check):
    with pytest.raises(UnknownOrderError, match="order-1"):
        services.clients()[service].start(check, ASK).result()


@pytest.mark.parametrize(("service", "check"), CHECKS)
def test_calls_that_come_twice_are_harmless(services, new_order, service, check):
    order, client = new_order("suspicious"), services.clients()[service]
    initialize = messages.request_for(STEPS_OF[service][0], order)

    replies = []
    for _ in range(2):
        client.start("InitializeOrder", initialize).result()
        replies += [client.start(check, ASK).result() for _ in range(2)]

    assert all(reply == replies[0] for reply in replies)
    assert len(services.sessions[service]) == 1


def test_an_order_that_is_initialised_again_and_again_is_one_order_of_its_customer(services, new_order):
    order, client = new_order(), services.clients()["fraud_detection"]

    for _ in range(25):
        client.start("InitializeOrder", messages.request_for("initialize_fraud", order)).result()

    assert client.start("CheckFraud", ASK).result().score == 0
