"""The OpenAPI 3.1 document of the front door, made from the models that requests and answers are made from."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.orchestrator import models
from services.orchestrator.parameters import BooksQuery, CheckoutHeaders, OrderQuery
from services.orchestrator.rules import CheckoutRequest

Json = dict[str, Any]

_REF = "#/components/schemas/{model}"
_STATUS_TEXT = {
    200: "As asked.",
    202: "Accepted; the outcome will be where `Location` says.",
    206: "The part of the file that was asked for.",
    304: "The file is as it was.",
    400: "The request makes no sense; the code says why, and the field what to mend.",
    404: "There is no such thing.",
    409: "A request with the same idempotency key is still running.",
    413: "The body has more than 64 KiB.",
    416: "The file has no such part.",
    422: "The idempotency key came before with another body.",
    429: "Too many requests, or too many orders that wait already or are followed.",
    431: "The headers are too large.",
    500: "A mistake of ours.",
    501: "The body is encoded in a way that is not known here.",
    503: "A part of the shop does not answer.",
}
_HEADERS = {
    "X-Request-ID": {"description": "Names the request in the logs.", "schema": {"type": "string"}, "required": True}
}
_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}, "required": True}
_STATUS_HEADERS: Mapping[int, Json] = {
    202: {"Location": {"description": "Where to look.", "schema": {"type": "string"}, "required": True}},
    409: {"Retry-After": _RETRY_AFTER},
    429: {"Retry-After": _RETRY_AFTER},
}
# What any request can be answered with.
_ALWAYS = (400, 413, 429, 431, 500, 501)

Content = type[BaseModel] | str | None


class Operation(NamedTuple):
    """What can be done at a path.

    Attributes:
        method: In small letters.
        path: With `{name}` for what varies.
        summary: A sentence.
        answers: What comes with each HTTP status: a model, a media type, or nothing.
        query: The query's parameters.
        headers: The headers that matter.
        in_path: What varies in the path, by name, as JSON schema.
        body: The model of the body.
    """

    method: str
    path: str
    summary: str
    answers: Mapping[int, tuple[Content, ...]]
    query: type[BaseModel] | None = None
    headers: type[BaseModel] | None = None
    in_path: Mapping[str, Json] = {}
    body: type[BaseModel] | None = None


_ERROR = (models.ErrorAnswer,)
_ORDER_ID: Json = {"order_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_PAGE: Mapping[int, tuple[Content, ...]] = {200: ("text/html",), 206: ("text/html",), 304: (), 416: _ERROR}
# What `static/` holds.
_FILES = ("image/svg+xml", "text/css", "text/html", "text/javascript")
OPERATIONS = (
    Operation(
        "post",
        "/checkout",
        "Place an order and wait for its outcome.",
        {
            200: (models.OrderAnswer,),
            202: (models.OrderAnswer,),
            **dict.fromkeys((409, 422), _ERROR),
            503: (models.FailedOrder, models.ErrorAnswer),
        },
        headers=CheckoutHeaders,
        body=CheckoutRequest,
    ),
    Operation(
        "get",
        "/orders/{order_id}",
        "An order: its status, its steps so far, and its clock once it is settled.",
        {200: (models.OrderDetails,), 404: _ERROR, 503: _ERROR},
        query=OrderQuery,
        in_path=_ORDER_ID,
    ),
    Operation(
        "get",
        "/orders/{order_id}/events",
        "An order while it comes along: server-sent events, each with the order as `GET /orders/{order_id}` shows it.",
        {200: ("text/event-stream",), 404: _ERROR, 503: _ERROR},
        in_path=_ORDER_ID,
    ),
    Operation(
        "get",
        "/orders/{order_id}/diagram",
        "The events of an order with their vector clocks, as far as this machine's traces have them.",
        {200: (models.ClockDiagram,), 404: _ERROR, 503: _ERROR},
        in_path=_ORDER_ID,
    ),
    Operation(
        "get",
        "/books",
        "Books of the catalogue.",
        {200: (models.BooksPage,), 503: _ERROR},
        query=BooksQuery,
    ),
    Operation("get", "/api/health", "How each part of the shop is.", {200: (models.Health,), 503: (models.Health,)}),
    Operation("get", "/api/leader", "Which executor leads.", {200: (models.Leader,), 503: _ERROR}),
    Operation("get", "/api/status", "The shop at a glance.", {200: (models.ShopStatus,), 503: _ERROR}),
    Operation("get", "/openapi.json", "This document.", {200: ("application/json",), 503: _ERROR}),
    Operation("get", "/docs", "A page that shows this document.", _PAGE),
    Operation("get", "/", "The storefront.", _PAGE),
    Operation("get", "/status", "A page that shows the shop at a glance.", _PAGE),
    Operation(
        "get",
        "/static/{filename}",
        "What the pages need.",
        {200: _FILES, 206: _FILES, 304: (), 404: _ERROR, 416: _ERROR},
        in_path={"filename": {"type": "string", "minLength": 1}},
    ),
)


def document(titles: list[str]) -> Json:
    """The document.

    Args:
        titles: Of all books: an order can only be for these.
    """
    document = _document()
    schemas = dict(document["components"]["schemas"])
    item = dict(schemas["RequestedItem"])
    name = {"type": "string", "title": "Name", "enum": titles}
    schemas["RequestedItem"] = item | {"properties": dict(item["properties"]) | {"name": name}}
    return document | {"components": {"schemas": schemas}}


@cache
def _document() -> Json:
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "The Bookstore", "version": "1", "description": "The shop's public checkout contract."},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _schemas() -> Json:
    sent = {operation.body for operation in OPERATIONS if operation.body}
    answers = {c for o in OPERATIONS for each in o.answers.values() for c in each if isinstance(c, type)}
    modes = [(model, "validation") for model in sent] + [(model, "serialization") for model in answers]
    modes.sort(key=lambda pair: pair[0].__name__)
    _, definitions = models_json_schema(modes, ref_template=_REF)  # type: ignore[arg-type]  # its modes are literals
    return dict(definitions["$defs"])


def _describe(operation: Operation) -> Json:
    answers = {**dict.fromkeys(_ALWAYS, _ERROR), **operation.answers}
    described: Json = {
        "operationId": f"{operation.method}_{operation.path.strip('/').replace('/', '_') or 'storefront'}",
        "summary": operation.summary,
        "parameters": [
            *({"name": n, "in": "path", "required": True, "schema": s} for n, s in operation.in_path.items()),
            *_parameters("query", operation.query),
            *_parameters("header", operation.headers),
        ],
        "responses": {str(status): _answer(status, contents) for status, contents in sorted(answers.items())},
    }
    if operation.body:
        body = {"schema": {"$ref": _REF.format(model=operation.body.__name__)}}
        described["requestBody"] = {"required": True, "content": {"application/json": body}}
    return described


def _parameters(place: str, model: type[BaseModel] | None) -> list[Json]:
    if model is None:
        return []
    properties = model.model_json_schema()["properties"]
    return [
        {"name": name, "in": place, "required": False, "schema": schema, "description": schema.get("description", "")}
        for name, schema in properties.items()
    ]


def _answer(status: int, contents: tuple[Content, ...]) -> Json:
    types = [content for content in contents if isinstance(content, type)]
    schemas = [{"$ref": _REF.format(model=model.__name__)} for model in types]
    content: Json = {media: {} for media in contents if isinstance(media, str)}
    if schemas:
        content["application/json"] = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
    return {
        "description": _STATUS_TEXT[status],
        "headers": {**_HEADERS, **_STATUS_HEADERS.get(status, {})},
        "content": content,
    }
