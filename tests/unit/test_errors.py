"""One tree of errors and one table: what each is over gRPC and HTTP, both ways."""

from contextlib import closing

import grpc
import pytest

from bookstore_lib.core.errors import CODES, BookstoreError, InvalidOrderError
from bookstore_lib.core.order import Reason
from bookstore_lib.pb.common_pb2 import OrderRequest
from bookstore_lib.runtime.rpc_client import SingleCall
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.orchestrator.answers import from_error

# Met on the machine where they are raised, never on the wire.
LOCAL = {"setup", "history", "illegal_transition", "not_dead"}


def subclasses(error):
    return {error, *(deeper for child in error.__subclasses__() for deeper in subclasses(child))}


OURS = {each for each in subclasses(BookstoreError) if each.__module__ == BookstoreError.__module__}


def test_every_error_has_a_code_of_its_own():
    codes = sorted(each.code for each in OURS)
    assert codes == sorted({*CODES, *LOCAL})


def test_the_table_leads_from_each_code_back_to_its_own_class():
    assert {code: row.error.code for code, row in CODES.items()} == {code: code for code in CODES}


def test_no_two_errors_look_the_same_over_grpc_so_each_arrives_as_what_it_was():
    names = [row.grpc for row in CODES.values()]
    assert len(set(names)) == len(names)
    assert set(names) <= {status.name for status in grpc.StatusCode}


@pytest.fixture
def refused(tmp_path):
    """A call that the server refused with a status."""
    with closing(TraceLog(tmp_path, "executor-1")) as trace:
        tracker = OrderEventTracker(trace)

        def refuse(status):
            call = SingleCall(
                lambda *_: RefusedCall(status),
                "fraud_detection",
                "CheckFraud",
                OrderRequest(order_id="order-1"),
                tracker,
            )
            call.leave()
            return call

        yield refuse


class RefusedCall:
    """What gRPC hands out for a call that the server refused."""

    def __init__(self, status):
        self.code = lambda: status
        self.details = lambda: "The sentence of the service."
        self.trailing_metadata = tuple

    def result(self):
        raise grpc.RpcError


@pytest.mark.parametrize("code", CODES)
def test_an_error_of_a_service_arrives_at_the_caller_as_the_same_error(code, refused):
    with pytest.raises(BookstoreError) as caught:
        refused(grpc.StatusCode[CODES[code].grpc]).result()
    assert type(caught.value) is CODES[code].error
    assert str(caught.value).endswith(".")


def test_a_status_that_the_table_does_not_know_is_still_one_of_our_errors(refused):
    with pytest.raises(BookstoreError, match=r"The sentence of the service\."):
        refused(grpc.StatusCode.DATA_LOSS).result()


@pytest.mark.parametrize("code", CODES)
def test_an_error_answers_over_http_with_the_status_of_the_table(code):
    answer, status, _ = from_error(CODES[code].error("Do this."))
    assert status == CODES[code].http
    assert answer == {"error": {"code": code, "message": "Do this."}}


def test_bad_input_names_the_field_and_keeps_its_own_code():
    answer, status, _ = from_error(InvalidOrderError("The order has no items.", "items", "no_items"))
    assert status == 400
    assert answer == {"error": {"code": "no_items", "message": "The order has no items.", "field": "items"}}


def test_an_error_that_is_not_for_the_wire_is_an_internal_one():
    class UnheardError(BookstoreError):
        code = "unheard_of"

    assert from_error(UnheardError("Do this."))[1] == 500


def test_a_rejection_is_a_reply_and_no_error():
    assert not issubclass(Reason, BaseException)
