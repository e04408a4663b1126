"""What an order is answered with: its outcome, or where to look for it."""

from typing import Any

import pytest
import redis

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.order import OrderStatus
from tests.integration.front_door.shop import ASYNC, Fails, FailsInFlow, card, error_of, good
from tests.support import eventually


@pytest.mark.parametrize("coordinator", ["executor", "orchestrator"])
def test_a_good_order_is_approved_with_suggestions_and_without_reasons(open_shop, coordinator):
    shop = open_shop(coordinator=coordinator)
    shop.run_executor()

    answer = shop.post(good(items=[{"name": "Frankenstein", "quantity": 1}]))

    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["status"], body["reasons"]) == ("Order Approved", [])
    assert 1 <= len(body["suggestedBooks"]) <= 3
    for book in body["suggestedBooks"]:
        assert all(isinstance(book[key], str) and book[key] for key in ("bookId", "title", "author"))
        assert book["title"] != "Frankenstein"
    assert shop.store.load(body["orderId"]).outcome.status is OrderStatus.APPROVED


@pytest.mark.parametrize("coordinator", ["executor", "orchestrator"])
@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (card(number="4111111111111112", cvv="1"), ["invalid_card_number", "invalid_cvv"]),
        (card(expirationDate="05/2026"), ["card_expired"]),
        (good(billingAddress={"zip": "50090"}), ["missing_city", "missing_country"]),
        ({key: value for key, value in good().items() if key != "billingAddress"}, None),
    ],
)
def test_a_rejected_order_is_an_answer_with_all_reasons_and_no_suggestions(open_shop, coordinator, body, codes):
    shop = open_shop(coordinator=coordinator)
    shop.run_executor()

    answer = shop.post(body)

    assert answer.status_code == 200
    said = answer.get_json()
    assert (said["status"], said["suggestedBooks"]) == ("Order Rejected", [])
    assert [reason["code"] for reason in said["reasons"]] == (
        codes or ["missing_city", "missing_country", "implausible_zip"]
    )
    assert all(reason["message"] for reason in said["reasons"])
    assert shop.store.load(said["orderId"]).outcome.status is OrderStatus.REJECTED


def test_where_the_orchestrator_checks_it_rejects_by_itself_and_clears_the_services(open_shop, services):
    shop = open_shop(coordinator="orchestrator")

    answer = shop.post(card(number="4111111111111112"))

    assert answer.get_json()["status"] == "Order Rejected"
    assert shop.queue.contents().all_ids() == set()
    eventually(lambda: not any(map(len, services.sessions.values())))


def test_where_the_orchestrator_checks_the_executor_only_settles_what_it_approved(open_shop):
    shop = open_shop(coordinator="orchestrator")
    shop.run_executor(FailsInFlow())

    assert shop.post(good()).get_json()["status"] == "Order Approved"
    assert len(shop.store.tables().payments) == 1


@pytest.mark.parametrize("coordinator", ["executor", "orchestrator"])
def test_an_order_that_could_not_be_checked_is_a_503_that_still_names_the_order(open_shop, coordinator):
    shop = open_shop(coordinator=coordinator)
    if coordinator == "orchestrator":
        shop.desk._checkout = Fails()
    shop.run_executor(FailsInFlow())

    answer = shop.post(good())

    assert error_of(answer) == (503, "could_not_be_checked")
    assert shop.http.get(f"/orders/{answer.get_json()['orderId']}").get_json()["status"] == "Order Failed"


@pytest.mark.parametrize("expiration", ["12/30", "12/2030", "6/26", "06/2026"])
def test_both_spellings_of_the_expiration_are_understood(shop, expiration):
    assert shop.post(card(expirationDate=expiration)).get_json()["status"] == "Order Approved"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json", "application/x-www-form-urlencoded"])
def test_the_content_type_does_not_matter(shop, content_type):
    assert shop.post(good(), content_type=content_type).status_code == 200


def test_either_spelling_of_the_terms_will_do(closed_shop):
    accepted = good(termsAccepted=False, termsAndConditionsAccepted=True)
    assert closed_shop.post(accepted).status_code == 202
    del accepted["termsAccepted"]
    assert closed_shop.post(accepted).status_code == 202


def test_fields_that_other_clients_send_and_unknown_ones_are_no_trouble(closed_shop):
    others: dict[str, Any] = {
        "discountCode": "SPRING",
        "giftMessage": None,
        "notificationPreferences": ["email"],
        "device": {"type": "phone", "model": "X", "os": "Y"},
        "browser": {"name": "Z", "version": 1},
        "appVersion": "3.0.0",
        "screenResolution": "1x1",
        "referrer": 7,
        "deviceLanguage": "et-EE",
        "somethingNew": [{}],
    }
    assert closed_shop.post(good(**others)).status_code == 202


def test_a_slow_outcome_is_answered_with_where_to_look_for_it(closed_shop):
    answer = closed_shop.post(good())

    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["status"], body["suggestedBooks"], body["reasons"]) == ("Order Received", [], [])
    assert answer.headers["Location"].endswith(f"/orders/{body['orderId']}")
    assert closed_shop.http.get(answer.headers["Location"]).get_json()["status"] == "Order Received"


def test_who_prefers_not_to_wait_is_answered_at_once_and_finds_the_outcome_later(open_shop):
    shop = open_shop(wait=600)
    location = shop.post(good(), headers=ASYNC).headers["Location"]

    shop.run_executor()

    details = shop.http.get(f"{location}?wait=20").get_json()
    assert details["status"] == "Order Approved"
    assert details["items"] == [{"name": "Book A", "quantity": 1}, {"name": "Book B", "quantity": 2}]
    assert details["amount"] == 40.0
    assert details["clock"]["orchestrator"] >= 1


def test_what_is_asked_about_an_order_while_it_is_checked_is_answered_with_its_steps_so_far(closed_shop):
    order_id = closed_shop.post(good()).get_json()["orderId"]
    assert closed_shop.http.get(f"/orders/{order_id}").get_json()["steps"] == {}

    closed_shop.progress[order_id] = {"check_card": "running", "check_billing": "passed"}

    details = closed_shop.http.get(f"/orders/{order_id}").get_json()
    assert list(details["steps"].items()) == [("check_billing", "passed"), ("check_card", "running")]
    assert details["clock"] == {}


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        (good(), {"check_billing": "passed", "check_card": "passed", "get_suggestions": "passed"}),
        (
            good(billingAddress={"zip": "50090"}),
            {"check_billing": "rejected", "check_card": "skipped", "get_suggestions": "skipped"},
        ),
    ],
    ids=["approved", "rejected"],
)
def test_what_became_of_each_step_stays_known_once_an_order_is_settled(shop, body, steps):
    order_id = shop.post(body).get_json()["orderId"]

    details = shop.http.get(f"/orders/{order_id}").get_json()

    assert steps.items() <= details["steps"].items()
    assert list(details["steps"]) == list(STEPS)
    assert details["clock"]["executor-1"] >= 1


def test_an_order_stays_queued_in_the_record_when_redis_is_away(closed_shop, monkeypatch):
    def gone(_ids):
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(closed_shop.queue, "push", gone)

    answer = closed_shop.post(good())

    assert answer.status_code == 202
    assert closed_shop.store.open_orders(0) == [answer.get_json()["orderId"]]
