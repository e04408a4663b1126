"""The body of `POST /checkout`: read leniently, meant strictly, and never a surprise for bad input."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.core.order import Address, Card
from services.orchestrator.rules import parse_checkout

NUMBER = "4111111111111111"
ORDER: dict[str, Any] = {
    "user": {"name": "Ada Lovelace", "contact": "ada@example.org"},
    "creditCard": {"number": NUMBER, "expirationDate": "12/30", "cvv": "737"},
    "userComment": "Please hurry.",
    "items": [{"name": "Book A", "quantity": 1}, {"name": "Book B", "quantity": 2}],
    "billingAddress": {"street": "Liivi 2", "city": "Tartu", "state": "", "zip": "50409", "country": "Estonia"},
    "shippingMethod": "Standard",
    "giftWrapping": True,
    "termsAccepted": True,
}
OTHERS = {
    "discountCode": "SUMMER",
    "giftMessage": "",
    "notificationPreferences": ["email"],
    "device": {"type": "phone", "model": "x", "os": "y"},
    "browser": {"name": "Firefox", "version": "1"},
    "appVersion": "1.0",
    "screenResolution": "1x1",
    "referrer": "somewhere",
    "deviceLanguage": "en-US",
}


def changed(path: str, value: Any) -> bytes:
    """The good order with another value at `path`, such as `items.0.quantity`."""
    order = json.loads(json.dumps(ORDER))
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    part = order
    for name in parents:
        part = part[name]
    part[last] = value
    return json.dumps(order).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in ORDER.items() if key != name}).encode()


def refused(body: bytes) -> tuple[str, str]:
    with pytest.raises(InvalidOrderError) as caught:
        parse_checkout(body)
    assert str(caught.value).endswith(".")
    assert NUMBER not in str(caught.value)
    return caught.value.code, caught.value.field


def test_the_order_of_the_course_page_is_read():
    request = parse_checkout(json.dumps(ORDER).encode())
    assert request.user.name == "Ada Lovelace"
    assert request.credit_card.to_card() == Card(NUMBER, "12/30", "737")
    assert request.billing_address.to_address() == Address("Liivi 2", "Tartu", "", "50409", "Estonia")
    assert request.quantities() == {"Book A": 1, "Book B": 2}


@pytest.mark.parametrize("name", OTHERS)
def test_what_other_front_ends_send_besides_is_no_reason_to_fail(name):
    assert parse_checkout(changed(name, OTHERS[name])).user.name == "Ada Lovelace"


@pytest.mark.parametrize("quantity", ["2", "2.0", "2e0"])
def test_a_whole_number_may_be_written_in_any_way_that_json_knows(quantity):
    body = changed("items.0.quantity", 12345).replace(b"12345", quantity.encode())
    assert parse_checkout(body).quantities()["Book A"] == 2


def test_the_language_of_the_device_is_kept_for_the_fraud_check():
    assert parse_checkout(changed("deviceLanguage", "en-US")).device_language == "en-US"


@pytest.mark.parametrize("told", [None, 7, True, ["en"], {"tag": "en"}, "", "x" * 41, "e\0n", "en US", "\ud800"])
def test_a_language_that_is_none_is_ignored(told):
    assert parse_checkout(changed("deviceLanguage", told)).device_language == ""


def test_a_title_that_comes_twice_counts_together():
    items = [{"name": "Book A", "quantity": 1}, {"name": " Book A ", "quantity": 2}]
    assert parse_checkout(changed("items", items)).quantities() == {"Book A": 3}


@pytest.mark.parametrize("name", ["billingAddress", "userComment", "shippingMethod", "giftWrapping"])
def test_what_the_services_judge_or_nobody_needs_may_be_missing(name):
    assert parse_checkout(without(name))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("creditCard.number", "1"),
        ("creditCard.cvv", ""),
        ("billingAddress.city", ""),
        ("creditCard.expirationDate", ""),
    ],
)
def test_a_bad_card_or_address_is_not_judged_here(path, value):
    assert parse_checkout(changed(path, value))


@pytest.mark.parametrize("name", ["termsAccepted", "termsAndConditionsAccepted"])
def test_the_terms_have_two_names(name):
    order = {key: value for key, value in ORDER.items() if key != "termsAccepted"}
    assert parse_checkout(json.dumps(order | {name: True}).encode())
    assert refused(json.dumps(order | {name: False}).encode()) == ("terms_not_accepted", "termsAccepted")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"name=Ada", b"[" * 100_000, b"1" * 5000])
def test_a_body_that_is_no_json_says_so(body):
    assert refused(body)[0] == "malformed_json"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"order"', b"7"])
def test_a_body_that_is_no_object_says_so(body):
    assert refused(body)[0] == "wrong_type"


@pytest.mark.parametrize(
    ("path", "value", "code", "field"),
    [
        ("items", [], "no_items", "items"),
        ("items", {}, "wrong_type", "items"),
        ("items.1.quantity", 0, "invalid_quantity", "items.1.quantity"),
        ("items.0.quantity", -1, "invalid_quantity", "items.0.quantity"),
        ("items.0.quantity", 1001, "invalid_quantity", "items.0.quantity"),
        ("items.0.quantity", "1", "wrong_type", "items.0.quantity"),
        ("items.0.quantity", 1.5, "wrong_type", "items.0.quantity"),
        ("items.0.quantity", True, "wrong_type", "items.0.quantity"),
        ("items.0.quantity", None, "wrong_type", "items.0.quantity"),
        ("items.0.name", "", "invalid_field", "items.0.name"),
        ("items.0.name", "  ", "invalid_field", "items.0.name"),
        ("items.0", {"quantity": 1}, "missing_field", "items.0.name"),
        ("items", [{"name": "Book A", "quantity": 1}] * 101, "invalid_field", "items"),
        ("user", None, "wrong_type", "user"),
        ("user.name", "x" * 201, "invalid_field", "user.name"),
        ("creditCard", NUMBER, "wrong_type", "creditCard"),
        ("creditCard.number", int(NUMBER), "wrong_type", "creditCard.number"),
        ("creditCard.number", NUMBER * 3, "invalid_field", "creditCard.number"),
        ("creditCard.cvv", 737, "wrong_type", "creditCard.cvv"),
        ("billingAddress.city", ["Tartu"], "wrong_type", "billingAddress.city"),
        ("giftWrapping", "yes", "wrong_type", "giftWrapping"),
        ("termsAccepted", "true", "wrong_type", "termsAccepted"),
        ("userComment", "x" * 501, "invalid_field", "userComment"),
    ],
)
def test_what_is_wrong_is_said_with_a_code_and_the_field_to_mend(path, value, code, field):
    assert refused(changed(path, value)) == (code, field)


@pytest.mark.parametrize("name", ["user", "creditCard"])
def test_a_missing_part_is_named(name):
    assert refused(without(name)) == ("missing_field", name)


def test_an_order_without_items_says_so():
    assert refused(without("items")) == ("no_items", "items")


@pytest.mark.parametrize("path", ["user.name", "user.contact", "billingAddress.city", "items.0.name"])
@pytest.mark.parametrize("text", ["Ada\0", "\ud800"], ids=["NUL", "half a character"])
def test_a_character_that_the_record_cannot_keep_is_refused(path, text):
    assert refused(changed(path, text)) == ("invalid_field", path)


@given(st.binary(max_size=100))
def test_no_bytes_at_all_are_a_surprise(body):
    refused(body)


@given(
    st.sampled_from(["user", "user.name", "creditCard", "creditCard.number", "items", "items.0", "items.0.quantity"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_json_at_all_is_a_surprise(path, value):
    body = changed(path, value)
    try:
        request = parse_checkout(body)
    except InvalidOrderError as error:
        assert error.field  # noqa: PT017 - either is fine, but an error has to name its field
        assert NUMBER not in str(error)  # noqa: PT017 - likewise
    else:
        assert all(quantity >= 1 for quantity in request.quantities().values())
