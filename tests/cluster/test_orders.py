from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.customers import CUSTOMERS
from tests.support import eventually

REASON = {
    "bad_card": "invalid_card_number",
    "expired_card": "card_expired",
    "missing_city": "missing_city",
    "suspicious": "blocked_name",
}
SERVICES = {"transaction_verification", "fraud_detection", "suggestions"}


@pytest.fixture(scope="module", params=["executor", "orchestrator"])
def running_shop(request, open_shop):
    """One bookstore for each coordinator of the checks."""
    return open_shop(executors=3, lease_ttl=1.5, coordinator=request.param)


def test_a_good_order_is_approved_with_related_books_that_were_not_bought(shop):
    receipt = shop.checkout({"Frankenstein": 1})

    assert (receipt.status, receipt.reasons) == ("Order Approved", ())
    assert 1 <= len(receipt.suggestions) <= 3
    assert "Frankenstein" not in [book.title for book in receipt.suggestions]


@pytest.mark.parametrize("customer", [name for name in CUSTOMERS if name != "good"])
def test_a_customer_with_a_flaw_is_rejected_with_the_reason_and_without_suggestions(shop, customer):
    receipt = shop.checkout({"Frankenstein": 1}, customer)

    assert (receipt.status, receipt.suggestions) == ("Order Rejected", ())
    assert [reason.code for reason in receipt.reasons] == [REASON[customer]]


def test_several_books_in_one_order_leave_the_stock_together(shop, titles):
    wanted = dict.fromkeys(titles[:5], 2)
    before = _stock(shop)

    assert shop.checkout(wanted).status == "Order Approved"
    after = _stock(shop)
    assert {title: before[title] - after[title] for title in titles} == dict.fromkeys(titles, 0) | wanted


@pytest.mark.parametrize("number", [2, 20])
def test_orders_at_the_same_moment_all_get_their_own_outcome(shop, titles, number):
    with ThreadPoolExecutor(number) as pool:
        receipts = list(pool.map(lambda title: shop.checkout({title: 1}), titles[:number]))

    assert {receipt.status for receipt in receipts} == {"Order Approved"}
    assert len({receipt.order_id for receipt in receipts}) == number


def test_the_last_copy_is_sold_once(shop):
    left, title = min((stock, title) for title, stock in _stock(shop).items() if stock > 1)
    assert shop.checkout({title: left - 1}).status == "Order Approved"

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: shop.checkout({title: 1}), range(4)))

    assert sorted(receipt.status for receipt in receipts) == ["Order Approved", *["Order Rejected"] * 3]
    assert _stock(shop)[title] == 0


def test_an_idempotency_key_makes_one_order_however_often_it_comes(shop):
    paid = len(shop.tables().payments)

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: shop.checkout({"Frankenstein": 1}, key=f"of {shop.url}"), range(4)))

    assert len(set(receipts)) == 1
    assert len(shop.tables().payments) == paid + 1
    with pytest.raises(BookstoreError, match="another body"):
        shop.checkout({"Frankenstein": 2}, key=f"of {shop.url}")


def test_the_trace_of_an_approved_order_shows_its_whole_way(shop):
    receipt = shop.checkout({"Frankenstein": 1})

    events = shop.history().order(receipt.order_id).events
    (settled,) = [event for event in events if event.name == "settled"]
    (checked,) = [event for event in events if event.name == "checked"]
    executor, coordinator = settled.process, checked.process
    assert executor.startswith("executor-")
    assert settled.epoch == shop.tables().epochs[-1].epoch
    assert settled.detail["status"] == "approved"
    assert set(checked.detail["steps"].values()) == {"passed"}
    happened = {(event.process, event.kind, event.name) for event in events}
    assert happened >= _whole_way(executor, coordinator)
    assert {event.process for event in events} == {"orchestrator", executor, *SERVICES}


def test_the_clock_of_a_settled_order_comes_after_all_that_led_to_it(shop):
    receipt = shop.checkout({"Frankenstein": 1})

    history = shop.history().order(receipt.order_id)
    sent = history.events[0]
    settled = next(event for event in history.events if event.name == "settled")
    checks = [event for event in history.events if event.name in ("billing checked", "card checked", "fraud scored")]
    assert len(checks) == 3
    assert all(history.happens_before(sent, check) and history.happens_before(check, settled) for check in checks)


def test_an_order_that_no_executor_can_take_yet_is_received_and_ends_once_one_is_there(shop, post):
    for executor in _executors(shop):
        shop.kill(executor)

    answer = post(Prefer="respond-async")

    assert (answer.status_code, answer.json()["status"]) == (202, "Order Received")
    order_id = answer.json()["orderId"]
    assert answer.headers["Location"] == f"/orders/{order_id}"
    assert not shop.client.order(order_id).finished
    shop.start("executor-2")
    assert shop.client.order(order_id, wait=20).status == "Order Approved"


def test_an_order_that_was_accepted_ends_though_the_orchestrator_dies(shop, post):
    shop.pause("fraud_detection")
    known = {row.order_id for row in shop.tables().orders}
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post)
        eventually(lambda: {row.order_id for row in shop.tables().orders} > known)
        shop.kill("orchestrator")
        with pytest.raises(requests.ConnectionError):
            answer.result()
    (order_id,) = {row.order_id for row in shop.tables().orders} - known

    shop.resume("fraud_detection")
    shop.start("orchestrator")

    assert shop.client.order(order_id, wait=20).status == "Order Approved"


def test_each_executor_says_who_leads(shop):
    leader = shop.leader

    statuses = {name: requests.get(f"{url}/status", timeout=5).json() for name, url in shop.debug_urls.items()}

    assert {name: status["node_id"].partition("~")[0] for name, status in statuses.items()} == {n: n for n in statuses}
    assert [name for name, status in statuses.items() if status["is_leader"]] == [leader]
    assert {status["current_leader"] for status in statuses.values()} == {statuses[leader]["node_id"]}
    assert statuses[leader]["epoch"] == shop.tables().epochs[-1].epoch


def test_each_executor_says_what_is_queued(shop, accept):
    def queues():
        return [requests.get(f"{url}/debug/queue", timeout=5).json() for url in shop.debug_urls.values()]

    holder, _ = shop.client.leader()
    with psycopg.connect(shop._postgres_url) as connection:
        connection.execute("SELECT epoch FROM leadership FOR UPDATE")  # nothing can be settled meanwhile
        order_id = accept()
        eventually(lambda: queues() == [{"waiting": [], "processing": {holder: [order_id]}}] * 3)

    assert shop.client.order(order_id, wait=20).status == "Order Approved"
    eventually(lambda: queues() == [{"waiting": [], "processing": {}}] * 3)


def _whole_way(executor, coordinator):
    way = {
        ("orchestrator", "local", "accepted"),
        ("orchestrator", "send", "order_queued"),
        (executor, "receive", "order_queued"),
        (executor, "send", "outcome"),
        ("orchestrator", "receive", "outcome"),
        ("orchestrator", "local", "answered"),
        (executor, "local", "cleared"),
        (executor, "local", "acknowledged"),
        *((service, "local", "session cleared") for service in SERVICES),
    }
    for procedure in ("InitializeOrder", "CheckBilling", "CheckCard", "CheckFraud", "GetSuggestions"):
        way |= {(coordinator, "send", procedure), (coordinator, "receive", f"{procedure} reply")}
    return way


def _stock(shop):
    return {row.title: row.stock for row in shop.tables().stock}


def _executors(shop):
    return [process.name for process in shop.processes() if process.name.startswith("executor-")]
