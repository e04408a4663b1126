"""What holds for every request: its name, who may come in, how many, and how long an answer may take."""

import json
import threading
import time

import pytest
import redis

from bookstore_lib.runtime import logs
from services.orchestrator.app import BODY_BYTES
from tests.integration.front_door.shop import ASYNC, CARD, error_of, good
from tests.support import eventually

SANE = ["a", "7f3c.2-x_Y", "x" * 64, "550e8400-e29b-41d4-a716-446655440000"]


@pytest.mark.parametrize("given", SANE)
def test_a_client_may_name_its_request(closed_shop, given):
    answer = closed_shop.http.get("/books", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", "x" * 65, "a b", "a\tb", "ü", '"a"', "{}", CARD, "4000-1234-1234-1238", "a" + CARD]
)
def test_a_name_that_makes_no_sense_or_may_be_a_card_is_replaced(closed_shop, given):
    answer = closed_shop.http.get("/books", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] not in ("", given)


def test_two_requests_without_a_name_get_two(closed_shop):
    assert len({closed_shop.http.get("/").headers["X-Request-ID"] for _ in range(2)}) == 2


@pytest.mark.parametrize(("method", "path"), [("POST", "/checkout"), ("GET", "/nowhere"), ("GET", "/books?page=0")])
def test_an_error_says_which_request_it_answers(closed_shop, method, path):
    answer = closed_shop.http.open(path, method=method, headers={"X-Request-ID": "request-7"})

    assert answer.get_json()["error"]["requestId"] == answer.headers["X-Request-ID"] == "request-7"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/checkout", "malformed_json"),
        ("GET", "/nowhere", "not_found"),
        ("PUT", "/checkout", "method_not_allowed"),
        ("GET", "/orders/0", "unknown_order"),
        ("GET", f"/books?page={CARD}", "invalid_parameter"),
    ],
)
def test_the_log_names_every_request_that_was_refused_and_nothing_of_what_it_said(
    closed_shop, capfd, monkeypatch, method, path, code
):
    monkeypatch.setattr(logs, "_formatter", logs.JsonFormatter("orchestrator"))

    name = closed_shop.http.open(path, method=method).get_json()["error"]["requestId"]

    logged = capfd.readouterr().err
    assert (name, code) in {(line["request_id"], line["outcome"]) for line in map(json.loads, logged.splitlines())}
    assert CARD not in logged


def test_the_record_knows_which_request_brought_an_order(recorded_shop):
    answer = recorded_shop.post(good(), headers={"X-Request-ID": "request-7"})

    assert recorded_shop.store.load(answer.get_json()["orderId"]).order.request_id == "request-7"


@pytest.mark.parametrize("host", ["localhost", "localhost:8081", "127.0.0.1:8081", "[::1]:8081", "LOCALHOST"])
def test_the_shop_answers_under_its_own_names(closed_shop, host):
    assert closed_shop.http.get("/books", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8081", "[::2]", ""])
def test_it_does_not_answer_for_others(closed_shop, host):
    assert error_of(closed_shop.http.get("/books", headers={"Host": host})) == (400, "untrusted_host")


def test_hosts_and_origins_are_settings(open_shop):
    shop = open_shop(trusted_hosts="shop.example, other.example", cors_origins="https://front.example")
    headers = {"Host": "shop.example", "Origin": "https://front.example"}

    answer = shop.http.get("/books", headers=headers)

    assert answer.headers["Access-Control-Allow-Origin"] == "https://front.example"
    assert shop.http.get("/books", headers={"Host": "localhost"}).status_code == 400
    assert open_shop(trusted_hosts="*").http.get("/books", headers={"Host": "any.example"}).status_code == 200


def test_who_sends_too_much_is_told_to_wait_and_others_are_served(open_shop):
    shop = open_shop(rate_limit=3)

    mine = [shop.http.get("/books", environ_base={"REMOTE_ADDR": "192.0.2.1"}) for _ in range(5)]

    assert [answer.status_code for answer in mine][:3] == [200] * 3
    assert error_of(mine[-1]) == (429, "too_many_requests")
    assert int(mine[-1].headers["Retry-After"]) >= 1
    assert shop.http.get("/books", environ_base={"REMOTE_ADDR": "192.0.2.2"}).status_code == 200


def test_while_too_many_orders_wait_no_more_are_taken_and_all_else_is_answered(open_shop):
    shop = open_shop(queue_limit=2)
    placed = []

    def place():
        placed.append(shop.post(good(), headers=ASYNC))
        return placed[-1].status_code == 429

    eventually(place)

    assert error_of(placed[-1]) == (429, "too_many_requests")
    assert int(placed[-1].headers["Retry-After"]) >= 1
    assert {answer.status_code for answer in placed[:-1]} == {202}
    assert len(shop.store.tables().orders) == len(placed) - 1
    assert shop.http.get("/books").status_code == 200
    shop.run_executor()
    eventually(lambda: shop.post(good(), headers=ASYNC).status_code == 202)


def test_orders_are_taken_though_nobody_can_say_how_many_wait(open_shop, monkeypatch, queue):
    def gone():
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(queue, "length", gone)

    assert open_shop(queue_limit=1).post(good(), headers=ASYNC).status_code == 202


def test_once_all_seats_are_taken_an_order_is_answered_at_once_instead_of_waiting(open_shop):
    shop = open_shop(wait=60, seats=1)
    waiting = threading.Thread(target=shop.post, args=[good()])
    waiting.start()
    eventually(lambda: shop.queue.contents().waiting)
    began = time.monotonic()

    answers = [shop.post(good()) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {202}
    assert time.monotonic() - began < 30
    shop.run_executor()
    waiting.join()


@pytest.mark.parametrize(("size", "status"), [(-1, 202), (0, 202), (1, 413)])
def test_a_body_may_have_64_kib_and_no_byte_more(closed_shop, size, status):
    body = json.dumps(good(filler="x" * 60_000)).encode()
    body += b" " * (BODY_BYTES + size - len(body))

    assert len(body) == BODY_BYTES + size
    assert closed_shop.post(body).status_code == status


@pytest.mark.parametrize(("number", "status"), [(99, 202), (100, 202), (101, 400)])
def test_an_order_may_have_100_lines(closed_shop, number, status):
    items = [{"name": "Book A", "quantity": 1}] * number

    assert closed_shop.post(good(items=items)).status_code == status


@pytest.mark.parametrize(("quantity", "status"), [(0, 400), (1, 202), (1000, 202), (1001, 400)])
def test_a_line_may_be_for_a_thousand_copies(closed_shop, quantity, status):
    assert closed_shop.post(good(items=[{"name": "Book A", "quantity": quantity}])).status_code == status


@pytest.mark.parametrize(("length", "status"), [(499, 202), (500, 202), (501, 400)])
def test_a_text_may_have_500_characters(closed_shop, length, status):
    assert closed_shop.post(good(userComment="x" * length)).status_code == status


def test_ids_of_orders_cannot_be_guessed(closed_shop):
    ids = [closed_shop.post(good()).get_json()["orderId"] for _ in range(50)]

    assert len({order_id[:8] for order_id in ids}) == 50
    assert {len(order_id) for order_id in ids} == {32}
    assert sorted(ids) != ids


def test_nothing_but_a_checkout_changes_anything(closed_shop):
    methods = {rule.rule: rule.methods - {"HEAD", "OPTIONS"} for rule in closed_shop.app.url_map.iter_rules()}

    assert methods.pop("/checkout") == {"POST"}
    assert set(map(frozenset, methods.values())) == {frozenset({"GET"})}
