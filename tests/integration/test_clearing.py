import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bookstore_lib.core.errors import UnknownOrderError
from bookstore_lib.core.order import OrderStatus
from bookstore_lib.pb import common_pb2
from bookstore_lib.runtime import messages
from tests.integration.conftest import IDLE_SECONDS
from tests.support import eventually

WAIT = 20.0
SERVICES = ("transaction_verification", "fraud_detection", "suggestions")
CHECKS = dict(zip(SERVICES, ("CheckBilling", "CheckFraud", "GetSuggestions"), strict=True))


@pytest.fixture
def order(new_order):
    return new_order()


@pytest.fixture
def ask(order):
    return common_pb2.OrderRequest(order_id=order.order_id)


def kept(services):
    return {name for name, sessions in services.sessions.items() if len(sessions)}


def refused(run):
    return [event.process for event in run.named("clear refused")]


def test_a_checked_order_is_cleared_everywhere_in_one_round(run, services, order):
    checkout = services.checkout()
    checkout.run(order)
    assert kept(services) == set(SERVICES)

    assert checkout.clear(order.order_id)

    assert kept(services) == set()
    assert len(run.named("ClearOrder", "send")) == 3
    assert sorted(event.process for event in run.named("session cleared")) == sorted(SERVICES)
    assert refused(run) == []


def test_the_clearing_is_in_the_past_of_the_order_being_cleared(run, services, order):
    checkout = services.checkout()
    checkout.run(order)
    checkout.clear(order.order_id)

    (cleared,) = run.named("cleared")
    assert all(event.clock < cleared.clock for event in run.named("session cleared"))


def test_a_service_whose_call_was_cancelled_refuses_first_and_is_cleared_in_the_second_round(run, services, new_order):
    began, cancelled = threading.Event(), threading.Event()

    def hang(_request, context):
        context.add_callback(cancelled.set)
        began.set()
        cancelled.wait(WAIT)

    usual = services.servicers["transaction_verification"].CheckBilling
    services.servicers["fraud_detection"].CheckFraud = hang
    services.servicers["transaction_verification"].CheckBilling = lambda request, context: (
        began.wait(WAIT),
        usual(request, context),
    )[1]
    order, checkout = new_order("bad_address"), services.checkout(deadline=600)
    assert checkout.run(order).status is OrderStatus.REJECTED
    eventually(lambda: run.named("CheckFraud reply dropped, the caller has gone"))

    assert checkout.clear(order.order_id)

    assert refused(run) == ["fraud_detection"]
    assert len(run.named("ClearOrder", "send")) == 4
    assert kept(services) == set()


def test_a_service_that_another_coordinator_asked_in_vain_refuses_first_too(run, services, order, ask):
    checkout, former_leader = services.checkout("executor-2"), services.clients("executor-1")
    checkout.run(order)
    former_leader["suggestions"].start("GetSuggestions", ask).result()

    assert checkout.clear(order.order_id)

    assert refused(run) == ["suggestions"]
    assert run.tracker("executor-2").clock(order.order_id)["executor-1"] > 0
    assert kept(services) == set()


def test_a_refusal_says_what_the_service_knows_and_keeps_the_session(services, order, ask):
    clients = services.clients()
    clients["fraud_detection"].start("InitializeOrder", messages.request_for("initialize_fraud", order)).result()

    empty = common_pb2.ClearRequest(order_id=order.order_id)
    reply = clients["fraud_detection"].start("ClearOrder", empty).result()

    assert (reply.cleared, dict(reply.clock)) == (False, {"executor-1": 1, "fraud_detection": 2})
    assert clients["fraud_detection"].start("CheckFraud", ask).result().passed


def test_clearing_again_and_clearing_what_was_never_there_are_harmless(run, services, order):
    checkout = services.checkout()
    assert checkout.clear("order-nobody-placed")
    checkout.run(order)

    assert checkout.clear(order.order_id)
    assert checkout.clear(order.order_id)

    assert len(run.named("session cleared")) == 3
    assert kept(services) == set()


def test_other_orders_keep_their_sessions(services, new_order):
    checkout, first, second = services.checkout(), new_order(), new_order()
    checkout.run(first)
    checkout.run(second)

    assert checkout.clear(first.order_id)

    assert {name: len(sessions) for name, sessions in services.sessions.items()} == dict.fromkeys(SERVICES, 1)


def test_an_order_counts_as_cleared_only_when_all_services_have_cleared_it(run, services, order, dead_address, caplog):
    services.addresses["suggestions"] = dead_address
    checkout = services.checkout(deadline=0.2)
    checkout.run(order)

    assert not checkout.clear(order.order_id)

    assert run.named("cleared") == []
    assert kept(services) == set()
    assert "Not cleared by suggestions" in caplog.text


@pytest.mark.parametrize("service", SERVICES)
def test_a_message_that_comes_late_goes_on_with_the_old_clock_and_finds_no_session(run, services, order, ask, service):
    checkout = services.checkout()
    checkout.run(order)
    checkout.clear(order.order_id)
    run.tracker("executor-1").forget(order.order_id)
    last = run.events(order.order_id, service)[-1].clock

    with pytest.raises(UnknownOrderError):
        services.clients("executor-1")[service].start(CHECKS[service], ask).result()

    late = [event for event in run.events(order.order_id, service) if event.name.startswith(CHECKS[service])][-2:]
    assert [event.clock[service] for event in late] == [last[service] + 1, last[service] + 2]
    assert run.tracker("executor-1").clock(order.order_id) > last


@pytest.mark.parametrize(("age", "still_known"), [(IDLE_SECONDS - 1, True), (IDLE_SECONDS + 1, False)])
def test_a_session_is_dropped_when_it_was_idle_for_too_long(services, new_order, age, still_known):
    old, young = new_order(), new_order()
    client = services.clients()["suggestions"]
    client.start("InitializeOrder", messages.request_for("initialize_suggestions", old)).result()

    services.now += age
    client.start("InitializeOrder", messages.request_for("initialize_suggestions", young)).result()

    check = client.start("GetSuggestions", common_pb2.OrderRequest(order_id=old.order_id))
    if still_known:
        check.result()
    else:
        with pytest.raises(UnknownOrderError):
            check.result()
    assert client.start("GetSuggestions", common_pb2.OrderRequest(order_id=young.order_id)).result()


def test_a_session_in_use_is_not_idle(services, new_order, ask, order):
    client = services.clients()["suggestions"]
    client.start("InitializeOrder", messages.request_for("initialize_suggestions", order)).result()
    for _ in range(3):
        services.now += IDLE_SECONDS - 1
        client.start("GetSuggestions", ask).result()
        client.start("InitializeOrder", messages.request_for("initialize_suggestions", new_order())).result()

    assert client.start("GetSuggestions", ask).result().books


def test_two_coordinators_that_clear_at_the_same_time_do_not_refuse_each_other_for_ever(run, services, new_order):
    """As when a frozen leader wakes up beside the next one: each has calls that the other does not know of."""
    first, second = services.checkout("executor-1"), services.checkout("executor-2")
    with ThreadPoolExecutor(2) as coordinators:
        for _ in range(20):
            order = new_order()
            list(coordinators.map(lambda checkout, order=order: checkout.run(order), (first, second)))
            cleared = coordinators.map(lambda checkout, order=order: checkout.clear(order.order_id), (first, second))
            assert list(cleared) == [True, True]
    assert kept(services) == set()
