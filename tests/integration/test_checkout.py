import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bookstore_lib.core.order import Item, OrderStatus
from bookstore_lib.pb.common_pb2 import CheckReply, Reason
from bookstore_lib.runtime.rpc_client import SingleCall
from bookstore_lib.runtime.stream_client import StreamCall

WAIT = 20.0
REASONS = {
    "bad_card": {"invalid_card_number", "invalid_cvv"},
    "bad_address": {"missing_city", "implausible_zip"},
    "suspicious": {"blocked_name"},
}


def before(services, service, procedure, action):
    """Makes a service do something else first, as a slow one does."""
    usual = getattr(services.servicers[service], procedure)

    def handler(request, context):
        action()
        return usual(request, context)

    setattr(services.servicers[service], procedure, handler)


def fails(_request, _context):
    raise RuntimeError("out of order")


def checked_steps(run):
    (checked,) = run.named("checked")
    return checked.detail["steps"]


@pytest.fixture
def a_call(transport):
    """The class of calls."""
    return {"unary": SingleCall, "stream": StreamCall}[transport]


def test_a_good_order_is_approved_with_at_most_three_books_that_were_not_bought(run, services, new_order):
    order = new_order()

    outcome = services.checkout().run(order)

    assert (outcome.status, outcome.reasons) == (OrderStatus.APPROVED, ())
    assert 1 <= len(outcome.suggestions) <= 3
    assert set(checked_steps(run).values()) == {"passed"}


@pytest.mark.parametrize("bought", [(3,), (3, 4, 5, 6, 7, 8), tuple(range(1, 61))])
def test_what_was_bought_is_never_suggested(services, new_order, bought):
    items = tuple(Item(f"Book {book_id}", 1, 100, book_id) for book_id in bought)

    suggestions = services.checkout().run(replace(new_order(), items=items)).suggestions

    assert {int(book.book_id) for book in suggestions}.isdisjoint(bought)


@pytest.mark.parametrize("fault", REASONS)
def test_each_rejection_tells_all_its_reasons_and_suggests_nothing(run, services, new_order, fault):
    outcome = services.checkout().run(new_order(fault))

    assert outcome.status is OrderStatus.REJECTED
    assert {reason.code for reason in outcome.reasons} == REASONS[fault]
    assert outcome.suggestions == ()
    assert run.named("GetSuggestions", "send") == []


def test_reasons_of_checks_that_run_at_the_same_time_are_all_gathered(services, new_order, a_call, monkeypatch):
    # Whichever rejection is read first must not cut off the other: neither is read before both have come.
    both_came = threading.Barrier(2)
    usual = a_call.result

    def result(call):
        reply = usual(call)
        if call._what.endswith(("CheckBilling", "CheckFraud")):
            both_came.wait(WAIT)
        return reply

    monkeypatch.setattr(a_call, "result", result)

    outcome = services.checkout().run(new_order("bad_address", "suspicious"))

    assert {reason.code for reason in outcome.reasons} == REASONS["bad_address"] | REASONS["suspicious"]
    assert {reason.source for reason in outcome.reasons} == {"transaction_verification", "fraud_detection"}


def test_card_follows_billing_and_fraud_overlaps_both_in_time(run, services, new_order):
    with_billing, with_card = threading.Barrier(2), threading.Barrier(2)
    before(services, "transaction_verification", "CheckBilling", lambda: with_billing.wait(WAIT))
    before(services, "transaction_verification", "CheckCard", lambda: with_card.wait(WAIT))
    before(services, "fraud_detection", "CheckFraud", lambda: (with_billing.wait(WAIT), with_card.wait(WAIT)))

    outcome = services.checkout(deadline=2 * WAIT).run(new_order())

    assert outcome.status is OrderStatus.APPROVED
    (billing,), (card,) = run.named("billing checked"), run.named("CheckCard", "send")
    (fraud,), (suggestions,) = run.named("fraud scored"), run.named("GetSuggestions", "send")
    assert billing.clock < card.clock
    assert fraud.clock.concurrent_with(billing.clock)
    assert fraud.clock.concurrent_with(card.clock)
    assert fraud.clock < suggestions.clock
    assert run.named("card checked")[0].clock < suggestions.clock


def test_a_rejection_cancels_a_check_that_hangs_and_what_has_not_begun_never_does(run, services, new_order):
    began, cancelled = threading.Event(), threading.Event()

    def hang(_request, context):
        context.add_callback(cancelled.set)
        began.set()
        cancelled.wait(WAIT)

    services.servicers["fraud_detection"].CheckFraud = hang
    before(services, "transaction_verification", "CheckBilling", lambda: began.wait(WAIT))

    # The deadline is far away: that this returns at all shows that the call was cancelled.
    outcome = services.checkout(deadline=600).run(new_order("bad_address"))

    assert outcome.status is OrderStatus.REJECTED
    assert cancelled.wait(WAIT)
    steps = checked_steps(run)
    assert (steps["check_fraud"], steps["check_card"], steps["get_suggestions"]) == ("cancelled", "skipped", "skipped")
    assert run.named("CheckCard", "send") + run.named("GetSuggestions", "send") == []


@pytest.mark.parametrize("service", ["fraud_detection", "suggestions"])
def test_where_a_service_is_dead_the_order_fails_with_a_reason_that_names_it(
    run, services, new_order, dead_address, service
):
    services.addresses[service] = dead_address

    outcome = services.checkout().run(new_order())

    assert outcome.status is OrderStatus.FAILED
    assert [(reason.code, reason.source) for reason in outcome.reasons] == [("unavailable", service)]
    assert service in outcome.reasons[0].message
    assert run.named("GetSuggestions", "send") == []


def test_a_service_that_breaks_fails_the_order_and_its_words_stay_inside(services, new_order):
    services.servicers["suggestions"].GetSuggestions = fails

    outcome = services.checkout().run(new_order())

    assert outcome.status is OrderStatus.FAILED
    assert [(reason.code, reason.source) for reason in outcome.reasons] == [("internal", "suggestions")]
    assert "out of order" not in outcome.reasons[0].message


@pytest.mark.parametrize("first", ["failure", "rejection"])
def test_a_rejection_outweighs_a_failure_whichever_comes_first(services, new_order, a_call, monkeypatch, first):
    unwanted = threading.Event()

    def reject(_request, _context):
        return CheckReply(passed=False, reasons=[Reason(code="no", message="No.")])

    slow, quick = (reject, fails) if first == "failure" else (fails, reject)
    verification, fraud = services.servicers["transaction_verification"], services.servicers["fraud_detection"]
    fraud.CheckFraud = quick
    verification.CheckBilling = slow
    before(services, "transaction_verification", "CheckBilling", lambda: unwanted.wait(WAIT))
    # The second answer is on its way already when it is no longer wanted.
    monkeypatch.setattr(a_call, "cancel", lambda _call: unwanted.set())

    outcome = services.checkout(deadline=2 * WAIT).run(new_order())

    assert outcome.status is OrderStatus.REJECTED
    assert [reason.code for reason in outcome.reasons] == (
        ["internal", "no"] if first == "failure" else ["no", "internal"]
    )


def test_fifty_orders_at_once_end_as_each_deserves_and_all_are_cleared(services, new_order):
    faults = [(), ("bad_card",), ("bad_address",), ("suspicious",), ()] * 10
    orders = [new_order(*fault) for fault in faults]
    checkout = services.checkout(deadline=WAIT)

    with ThreadPoolExecutor(50) as customers:
        outcomes = list(customers.map(checkout.run, orders))
        cleared = list(customers.map(checkout.clear, [order.order_id for order in orders]))

    for fault, outcome in zip(faults, outcomes, strict=True):
        assert outcome.status is (OrderStatus.REJECTED if fault else OrderStatus.APPROVED)
        assert {reason.code for reason in outcome.reasons} == (REASONS[fault[0]] if fault else set())
    assert all(cleared)
    assert {name: len(sessions) for name, sessions in services.sessions.items()} == dict.fromkeys(services.sessions, 0)


def test_no_card_number_and_no_cvv_is_traced(tmp_path, services, new_order):
    for fault in REASONS:
        services.checkout().run(new_order(fault))

    traced = "".join(file.read_text() for file in (tmp_path / "traces").iterdir())
    assert "4111111111" not in traced
    assert '"12"' not in traced


def test_an_order_whose_card_is_gone_fails_honestly(services, new_order):
    outcome = services.checkout().run(replace(new_order(), card=None))

    assert outcome.status is OrderStatus.FAILED
    assert {(reason.code, reason.source) for reason in outcome.reasons} == {("internal", "transaction_verification")}
