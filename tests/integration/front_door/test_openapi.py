"""The OpenAPI document; `shop.CheckedClient` holds every answer of the tests in this folder against it."""

import re

import pytest
from jsonschema import Draft202012Validator

from services.orchestrator.models import OrderAnswer
from services.orchestrator.rules import CheckoutRequest
from tests.integration.front_door.shop import DOCUMENT, good

META = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@pytest.fixture
def document(closed_shop):
    return closed_shop.http.get("/openapi.json").get_json()


def test_the_document_has_every_route_and_no_other(closed_shop, document):
    rules = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in closed_shop.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == rules


def test_it_is_openapi_3_1_and_its_schemas_are_json_schemas_that_refer_to_each_other(document):
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    named = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert named <= set(document["components"]["schemas"])
    assert {CheckoutRequest.__name__, OrderAnswer.__name__} <= named


def test_an_order_can_only_be_for_books_of_the_catalogue(document):
    titles = document["components"]["schemas"]["RequestedItem"]["properties"]["name"]["enum"]

    assert {"Book A", "Book B", "Frankenstein"} <= set(titles)
    assert len(titles) > 100


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"somethingNew": [{}]}, True),
        ({"termsAccepted": False}, False),
        ({"termsAccepted": False, "termsAndConditionsAccepted": True}, True),
        ({"items": []}, False),
        ({"items": [{"name": "Book A", "quantity": 0}]}, False),
        ({"items": [{"name": "Book A", "quantity": 1}] * 101}, False),
        ({"user": {"name": " "}}, False),
        ({"billingAddress": {"city": "x" * 501}}, False),
    ],
)
def test_the_schema_of_a_checkout_says_what_the_shop_accepts(closed_shop, document, change, valid):
    schema = {"$ref": "#/components/schemas/CheckoutRequest", "components": document["components"], **META}
    body = good(**change)

    assert Draft202012Validator(schema).is_valid(body) is valid
    assert (closed_shop.post(body).status_code == 202) is valid


def test_every_operation_says_what_it_answers_to_nonsense_to_too_much_and_on_failure():
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            assert {"400", "429", "500"} <= operation["responses"].keys()


def test_the_page_that_shows_it_needs_nothing_from_elsewhere(closed_shop):
    page = closed_shop.http.get("/docs")

    needed = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert page.mimetype == "text/html"
    assert {"static/docs.js", "static/docs.css", "openapi.json"} <= set(needed)
    for path in needed:
        assert closed_shop.http.get(f"/{path}").status_code == 200
    assert "//" not in re.sub(r"^\s*//.*$", "", closed_shop.http.get("/static/docs.js").text, flags=re.MULTILINE)
