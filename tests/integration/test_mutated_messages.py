"""Nearly right protobuf messages, and what rides along with them: each gets a reply or is the caller's mistake."""

import random
from collections import Counter
from contextlib import ExitStack

import grpc
import pytest

from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime import messages
from bookstore_lib.runtime.rpc_context import CONTEXT_KEY, to_bytes
from bookstore_lib.runtime.tracker import Stamp
from tests.integration.conftest import Run, Services
from tests.mutations import NUMBER, mutated_bytes

PROCEDURES = {
    "TransactionVerification": (
        "transaction_verification",
        ["InitializeOrder", "CheckBilling", "CheckCard", "ClearOrder"],
    ),
    "FraudDetection": ("fraud_detection", ["InitializeOrder", "CheckFraud", "ClearOrder"]),
    "Suggestions": ("suggestions", ["InitializeOrder", "GetSuggestions", "ClearOrder"]),
}
INITIALIZE = {
    "TransactionVerification": "initialize_verification",
    "FraudDetection": "initialize_fraud",
    "Suggestions": "initialize_suggestions",
}
RIGHT = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


@pytest.fixture
def services(tmp_path, catalogue):
    """Services whose clocks nobody checks in the end: what they are told here never happened."""
    with ExitStack() as parts:
        yield Services(Run(tmp_path / "traces", parts, "unary"), catalogue)


def good_request(service, procedure, order):
    if procedure == "InitializeOrder":
        return messages.request_for(INITIALIZE[service], order)
    if procedure == "ClearOrder":
        return common_pb2.ClearRequest(order_id=order.order_id, final_clock={"executor-1": 3})
    return common_pb2.OrderRequest(order_id=order.order_id)


def status_of(channel, procedure, request, context):
    """How a call ends whose message and context are these bytes."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(procedure)
    try:
        call(request, timeout=20, metadata=((CONTEXT_KEY, context),))
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("service", PROCEDURES)
def test_no_mutated_message_makes_a_service_fail(services, new_order, service):
    room, procedures = PROCEDURES[service]
    order, rng, statuses = new_order(), random.Random(6), Counter[str]()
    stamp = Stamp("executor-1", "executor-1#1", VectorClock({"executor-1": 1}))
    with grpc.insecure_channel(services.address(room)) as channel:
        for number in range(NUMBER):
            procedure = rng.choice(procedures)
            request = good_request(service, procedure, order).SerializeToString()
            context = to_bytes(order.order_id, stamp)
            if number % 2:
                request = mutated_bytes(request, rng)
            if number % 3 == 0:
                context = mutated_bytes(context, rng)
            status = status_of(channel, f"/bookstore.v1.{service}/{procedure}", request, context)
            statuses[status.name] += 1
            assert status in RIGHT, (procedure, request, context)
        good = good_request(service, "InitializeOrder", order).SerializeToString()
        context = to_bytes(order.order_id, stamp)
        assert status_of(channel, f"/bookstore.v1.{service}/InitializeOrder", good, context) is grpc.StatusCode.OK
    assert statuses["OK"] > NUMBER / 10
    assert statuses["INVALID_ARGUMENT"] > NUMBER / 20
