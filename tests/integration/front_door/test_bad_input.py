"""What is wrong with the input is said in an error in JSON, and never a failure of ours."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookstore_lib.core.errors import UnavailableError
from tests.integration.front_door.shop import ASYNC, card, error_of, good


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
    ],
    ids=["title", "user", "address"],
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
