import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookstore_lib.core.errors import UnavailableError
from bookstore_lib.core.order import OrderStatus, Outcome, Reason
from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.order_store import MemoryOrderStore
from bookstore_lib.runtime.outcomes import OutcomeBoard, OutcomePublisher
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from services.orchestrator.app import create_app
from services.orchestrator.desk import Desk
from services.order_executor.handler import Handler
from tests.support import eventually

PAGE = "http://localhost:8080"
CARD, CVV = "4000123412341238", "73951"
FAILED = Outcome(OrderStatus.FAILED, (Reason("unavailable", "suggestions could not be reached.", "suggestions"),))
ASYNC = {"Prefer": "respond-async"}


class BoardChannel:
    """Stands for the Redis channel between publisher and board."""

    def __init__(self, board: OutcomeBoard) -> None:
        self._board = board

    def publish(self, _channel: str, message: str) -> None:
        self._board.announce(message)


class Shop:
    """The orchestrator's application as a client sees it, and an executor that works as long as it is told to.

    Args:
        coordinator: Who runs the checks.
        wait: Seconds that a checkout waits for its outcome.
    """

    def __init__(self, run, services, catalogue, queue, store, coordinator="executor", wait=20.0) -> None:
        self.store, self.queue, self._run = store, queue, run
        self.board = OutcomeBoard(run.tracker("orchestrator"))
        self.holder: Callable[[], str | None] = lambda: "executor-1"
        self.parts = {"redis": True, "postgres": True}
        self.services = services
        own = services.checkout("orchestrator") if coordinator == "orchestrator" else None
        self.desk = Desk(store, catalogue, queue, self.board, run.tracker("orchestrator"), own)
        run.parts.callback(self.desk.close)
        app = create_app(self.desk, catalogue, lambda: (self.holder(), 7), lambda: self.parts, wait)
        self.http = app.test_client()
        self._stopped = threading.Event()

    def run_executor(self, checkout: Any = None) -> None:
        """Start it; `checkout` takes the place of the real checks."""
        thread = threading.Thread(target=self._work, args=(checkout or self.services.checkout("executor-1"),))
        thread.start()
        self._run.parts.callback(thread.join)
        self._run.parts.callback(self._stopped.set)

    def post(self, body: Any, **options: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/checkout", data=data, **options)

    def _work(self, checkout: Any) -> None:
        publisher = OutcomePublisher(BoardChannel(self.board), self._run.tracker("executor-1"))  # type: ignore[arg-type]  # a stand-in
        handler = Handler(
            self.store, self.queue, checkout, publisher, self._run.tracker("executor-1"), lambda _epoch: None
        )
        epoch = self.store.take_epoch("executor-1")
        while not self._stopped.is_set():
            order_id = self.queue.take("executor-1", 0.1)
            while order_id is not None and handler.handle(order_id, epoch) is not None:
                pass


class Fails:
    """Stands for the checkout while a service is away."""

    def run(self, _order: Any) -> Outcome:
        return FAILED

    def clear(self, _order_id: str) -> bool:
        return True


@pytest.fixture
def store(catalogue) -> Any:
    books, _ = catalogue.search(1, 1000)
    return MemoryOrderStore({book.book_id: book.stock for book in books}, time.monotonic)


@pytest.fixture
def open_shop(run, services, catalogue, queue, store) -> Callable[..., Shop]:
    return lambda **options: Shop(run, services, catalogue, queue, store, **options)


@pytest.fixture
def shop(open_shop) -> Shop:
    shop: Shop = open_shop()
    shop.run_executor()
    return shop


@pytest.fixture
def closed_shop(open_shop) -> Shop:
    """No executor works, and nobody waits for one."""
    return open_shop(wait=0.01)  # type: ignore[no-any-return]


@pytest.fixture
def recorded_shop(run, services, catalogue, queue, database) -> Shop:
    """As `closed_shop`, on the real record."""
    return Shop(run, services, catalogue, queue, PostgresOrderStore(database, CardSeal(new_key())), wait=0.01)


def good(**changes: Any) -> dict[str, Any]:
    return {
        "user": {"name": "Ada Reader", "contact": "ada@example.org"},
        "creditCard": {"number": "4111111111111111", "expirationDate": "12/30", "cvv": "123"},
        "userComment": "Please leave it at the door.",
        "items": [{"name": "Book A", "quantity": 1}, {"name": "Book B", "quantity": 2}],
        "billingAddress": {"street": "1 Road", "city": "Tartu", "state": "", "zip": "50090", "country": "Estonia"},
        "shippingMethod": "Standard",
        "giftWrapping": True,
        "termsAccepted": True,
    } | changes


def card(**changes: str) -> dict[str, Any]:
    return good(creditCard=good()["creditCard"] | changes)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


# Approved and rejected


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
    shop.run_executor(Fails())

    assert shop.post(good()).get_json()["status"] == "Order Approved"
    assert len(shop.store.tables().payments) == 1


@pytest.mark.parametrize("coordinator", ["executor", "orchestrator"])
def test_an_order_that_could_not_be_checked_is_a_503_that_still_names_the_order(open_shop, coordinator):
    shop = open_shop(coordinator=coordinator)
    if coordinator == "orchestrator":
        shop.desk._checkout = Fails()
    shop.run_executor(Fails())

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


# Later


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


def test_an_order_stays_queued_in_the_record_when_redis_is_away(closed_shop, monkeypatch):
    def gone(_ids):
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(closed_shop.queue, "push", gone)

    answer = closed_shop.post(good())

    assert answer.status_code == 202
    assert closed_shop.store.open_orders(0) == [answer.get_json()["orderId"]]


# The same again


def test_the_same_key_and_body_give_the_same_answer(shop):
    first, second = (shop.post(good(), headers={"Idempotency-Key": "key-1"}) for _ in range(2))

    assert first.get_json() == second.get_json()
    assert len(shop.store.tables().orders) == 1


def test_the_same_key_at_the_same_time_makes_one_order(shop):
    with ThreadPoolExecutor(8) as browsers:
        answers = list(browsers.map(lambda _: shop.post(good(), headers={"Idempotency-Key": "key-1"}), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["orderId"] for answer in answers}) == 1
    assert len(shop.store.tables().payments) == 1


def test_the_same_key_with_another_body_is_refused(closed_shop):
    key = {"Idempotency-Key": "key-1"}
    closed_shop.post(good(), headers=key)

    assert error_of(closed_shop.post(good(userComment="Ring twice."), headers=key)) == (422, "idempotency_key_reused")
    assert len(closed_shop.store.tables().orders) == 1


def test_without_a_key_the_same_body_is_another_order(closed_shop):
    assert len({closed_shop.post(good()).get_json()["orderId"] for _ in range(2)}) == 2


def test_a_key_of_more_than_200_characters_is_refused(closed_shop):
    answer = closed_shop.post(good(), headers={"Idempotency-Key": "k" * 201})

    assert error_of(answer) == (400, "invalid_field")


# What is wrong with the input


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"", "malformed_json", None),
        (b"{", "malformed_json", None),
        (b"\xff\xfe", "malformed_json", None),
        (b"[" * 60_000, "malformed_json", None),
        (b"[]", "wrong_type", None),
        (b"null", "wrong_type", None),
        (good(items=[]), "no_items", "items"),
        (good(items=None), "wrong_type", "items"),
        ({key: value for key, value in good().items() if key != "items"}, "no_items", "items"),
        (good(items=[{"name": "Book A", "quantity": 0}]), "invalid_quantity", "items.0.quantity"),
        (good(items=[{"name": "Book A", "quantity": -1}]), "invalid_quantity", "items.0.quantity"),
        (good(items=[{"name": "Book A", "quantity": 10**30}]), "invalid_quantity", "items.0.quantity"),
        (good(items=[{"name": "Book A", "quantity": 1.5}]), "wrong_type", "items.0.quantity"),
        (good(items=[{"name": "Book A", "quantity": "1"}]), "wrong_type", "items.0.quantity"),
        (good(items=[{"name": "Book A", "quantity": True}]), "wrong_type", "items.0.quantity"),
        (good(items=[{"name": "Book A"}]), "missing_field", "items.0.quantity"),
        (good(items=[*good()["items"], {"name": "No Such Book", "quantity": 1}]), "unknown_book", "items.2.name"),
        (good(items=[{"name": "Book A", "quantity": 1}] * 101), "invalid_field", "items"),
        (good(termsAccepted=False), "terms_not_accepted", "termsAccepted"),
        (
            {key: value for key, value in good().items() if key != "termsAccepted"},
            "terms_not_accepted",
            "termsAccepted",
        ),
        (good(termsAccepted="yes"), "wrong_type", "termsAccepted"),
        (good(user=None), "wrong_type", "user"),
        (good(user={"name": "  "}), "invalid_field", "user.name"),
        (good(user={"contact": "ada@example.org"}), "missing_field", "user.name"),
        (card(number=4111111111111111), "wrong_type", "creditCard.number"),  # type: ignore[arg-type]
        (good(creditCard="4111111111111111"), "wrong_type", "creditCard"),
        (good(billingAddress=["Tartu"]), "wrong_type", "billingAddress"),
        (good(billingAddress={"city": "x" * 501}), "invalid_field", "billingAddress.city"),
        (good(user={"name": "\ud800"}), "invalid_field", "user.name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_body_is_a_400_with_a_code_and_the_field_to_mend(closed_shop, body, code, field):
    answer = closed_shop.post(body)

    assert error_of(answer) == (400, code)
    error = answer.get_json()["error"]
    assert error["message"]
    assert error.get("field") == field
    assert closed_shop.store.tables().orders == ()


@pytest.mark.parametrize(
    "body",
    [
        good(items=[{"name": "Book\0A", "quantity": 1}]),
        good(user={"name": "Ada\0Reader"}),
        good(billingAddress={"city": "Tar\0tu"}),
        good(deviceLanguage="et\0EE"),
    ],
    ids=["title", "user", "address", "language"],
)
def test_a_nul_character_which_no_record_can_keep_is_a_400_too(recorded_shop, body):
    assert recorded_shop.post(body).status_code == 400


@pytest.mark.parametrize("path", ["/orders/%00", "/books?q=%00", "/books?author=%00", "/books?genre=%00"])
def test_a_nul_character_in_an_address_is_no_failure_of_ours(recorded_shop, path):
    assert recorded_shop.http.get(path).status_code < 500


def test_a_body_of_more_than_64_kib_is_a_413(closed_shop):
    assert closed_shop.post(good(userComment="x" * 65 * 1024)).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("GET", "/orders/order-nobody-placed", (404, "unknown_order")),
        ("GET", "/nowhere", (404, "not_found")),
        ("GET", "/static/../app.py", (404, "not_found")),
        ("GET", "/checkout", (405, "method_not_allowed")),
        ("POST", "/books", (405, "method_not_allowed")),
        ("GET", "/books?page=0", (400, "invalid_parameter")),
        ("GET", "/books?limit=101", (400, "invalid_parameter")),
        ("GET", "/books?limit=nan", (400, "invalid_parameter")),
        ("GET", "/books?page=two", (400, "invalid_parameter")),
        ("GET", "/orders/order-nobody-placed?wait=-1", (400, "invalid_parameter")),
    ],
)
def test_what_is_not_there_or_not_allowed_is_an_error_in_json(closed_shop, method, path, error):
    assert error_of(closed_shop.http.open(path, method=method)) == error


def test_a_405_says_which_methods_are_allowed(closed_shop):
    assert "POST" in closed_shop.http.get("/checkout").headers.get("Allow", "")


def test_without_the_record_a_checkout_is_a_503_and_nothing_is_queued(closed_shop, monkeypatch):
    def gone(*_):
        raise UnavailableError("The record does not answer; try again later.")

    monkeypatch.setattr(closed_shop.store, "accept", gone)

    assert error_of(closed_shop.post(good())) == (503, "unavailable")
    assert closed_shop.queue.contents().all_ids() == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def nearly_good(draw: st.DrawFn) -> Any:
    """A good body in which one part, at any depth, is something else."""
    body = json.loads(json.dumps(good(deviceLanguage="et-EE")))
    place, key = body, draw(st.sampled_from(sorted(body)))
    while isinstance(place[key], (dict, list)) and draw(st.booleans()):
        place = place[key]
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = draw(JSON)
    return body


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one shop for all examples is meant
)
@given(body=JSON.map(lambda value: json.dumps(value).encode()) | nearly_good() | st.binary(max_size=50))
def test_no_body_makes_the_orchestrator_fail(recorded_shop, body):
    answer = recorded_shop.post(body, headers=ASYNC)

    assert answer.status_code in (202, 400)
    assert answer.is_json


# Secrets


@pytest.mark.parametrize(
    "body",
    [
        good(creditCard={"number": CARD, "cvv": CVV}),
        good(creditCard={"number": CARD, "expirationDate": [CVV], "cvv": CVV}),
        good(creditCard={"number": CARD * 4, "expirationDate": "12/30", "cvv": CVV}),
        good(creditCard=[CARD, CVV]),
        good(creditCard={"number": int(CARD), "expirationDate": "12/30", "cvv": int(CVV)}),
        good(items=[], creditCard={"number": CARD, "expirationDate": "12/30", "cvv": CVV}),
        f'{{"creditCard": {{"number": "{CARD}", "cvv": "{CVV}"'.encode(),
        card(number=CARD, cvv=CVV),
    ],
)
def test_card_number_and_cvv_are_in_no_answer_no_log_and_no_trace(shop, tmp_path, caplog, body):
    caplog.set_level("DEBUG")

    answer = shop.post(body)

    traced = "".join(file.read_text() for file in (tmp_path / "traces").iterdir())
    # Ids and lengths of time may hold any digits, so the short number is looked for as a whole one.
    for text in (answer.text, caplog.text, traced):
        assert CARD not in text
        assert not re.search(rf"(?<![\w.]){CVV}(?![\w.])", text)


def test_a_mistake_of_ours_is_a_500_that_tells_nothing_but_the_log_does(closed_shop, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("sesame")

    monkeypatch.setattr(closed_shop.store, "accept", broken)

    answer = closed_shop.post(good())

    assert error_of(answer) == (500, "internal")
    assert "sesame" not in answer.text
    assert "RuntimeError: sesame" in caplog.text


# Pages and headers


@pytest.mark.parametrize("origin", [PAGE, "http://127.0.0.1:8080"])
@pytest.mark.parametrize("body", [good(), b"{"])
def test_the_course_page_may_read_answers_and_errors(closed_shop, origin, body):
    answer = closed_shop.post(body, headers={"Origin": origin})

    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "origin", [None, "null", "http://localhost:8081", "https://evil.example", f"{PAGE}.evil.example"]
)
def test_no_other_page_may(closed_shop, origin):
    headers = {"Origin": origin} if origin else {}

    assert "Access-Control-Allow-Origin" not in closed_shop.post(good(), headers=headers).headers
    assert "Access-Control-Allow-Origin" not in closed_shop.http.get("/books", headers=headers).headers


def test_the_course_page_may_send_json_and_a_key(closed_shop):
    answer = closed_shop.http.options(
        "/checkout",
        headers={
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        },
    )

    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "content-type" in allowed
    assert "idempotency-key" in allowed


@pytest.mark.parametrize("path", ["/", "/books", "/nowhere", "/static/store.js"])
def test_every_answer_carries_the_security_headers(closed_shop, path):
    headers = closed_shop.http.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in headers["Content-Security-Policy"]


def test_the_root_is_the_storefront_and_all_that_it_needs_is_there(closed_shop):
    page = closed_shop.http.get("/")

    assert page.status_code == 200
    assert page.mimetype == "text/html"
    needed = re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)
    assert len(needed) >= 2
    assert {closed_shop.http.get(f"/{path}").status_code for path in needed} == {200}


def test_books_come_in_pages_that_cover_the_catalogue_once(closed_shop):
    pages = [closed_shop.http.get(f"/books?page={page}&limit=100").get_json() for page in (1, 2, 3, 4)]
    ids = [int(book["bookId"]) for page in pages for book in page["books"]]

    assert ids == sorted(set(ids))
    assert len(ids) == pages[0]["total"]
    assert (pages[1]["page"], pages[1]["limit"]) == (2, 100)
    assert pages[0]["books"][0] == {
        "bookId": "1",
        "title": "Book A",
        "author": "Course Staff",
        "genre": "Textbook",
        "price": 10.0,
        "stock": 100_000,
    }


def test_a_page_past_the_end_is_empty_and_still_knows_the_total(closed_shop):
    first, beyond = (closed_shop.http.get(f"/books?page={page}").get_json() for page in (1, 1000))

    assert beyond["books"] == []
    assert beyond["total"] == first["total"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=fRANKenstein", {"Frankenstein"}),
        ("q=shelley&genre=gothic", {"Frankenstein"}),
        ("author=stoker", {"Dracula"}),
        ("author=course+staff&genre=textbook", {"Book A", "Book B"}),
        ("q=%25", set()),
        ("q=' OR 1=1 --", set()),
        ("q=dracula&author=shelley", set()),
    ],
)
def test_books_are_found_by_text_author_and_genre_in_any_case(closed_shop, query, titles):
    found = closed_shop.http.get(f"/books?{query}").get_json()

    assert {book["title"] for book in found["books"]} == titles
    assert found["total"] == len(titles)


# Status


def test_health_says_which_part_is_ill(closed_shop):
    assert closed_shop.http.get("/api/health").get_json() == {"status": "ok", "parts": closed_shop.parts}

    closed_shop.parts["redis"] = False

    answer = closed_shop.http.get("/api/health")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "degraded")


def test_the_leader_and_its_epoch_are_told_or_redis_is_said_to_be_away(closed_shop):
    assert closed_shop.http.get("/api/leader").get_json() == {"leader": "executor-1", "epoch": 7}

    def gone():
        raise redis.ConnectionError("Error 111 connecting to sesame:6379")

    closed_shop.holder = gone
    answer = closed_shop.http.get("/api/leader")
    assert error_of(answer) == (503, "unavailable")
    assert "sesame" not in answer.text
