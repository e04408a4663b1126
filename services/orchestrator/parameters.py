"""What may stand in the address and the headers of a request."""

from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bookstore_lib.core.errors import InvalidOrderError

MOST_WAIT = 30.0
_MOST_BOOKS = 100
_Text = Annotated[str, Field(max_length=200)]


class _Query(BaseModel):
    # What else stands there is nobody's business.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class OrderQuery(_Query):
    """Of `GET /orders/<id>`."""

    wait: Annotated[
        float, Field(ge=0, le=MOST_WAIT, allow_inf_nan=False, description="Seconds to wait for the outcome.")
    ] = 0.0


class BooksQuery(_Query):
    """Of `GET /books`."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=_MOST_BOOKS, description="Books on a page.")] = 20
    genre: Annotated[_Text, Field(description="Only this genre, in any case.")] = ""
    author: Annotated[_Text, Field(description="Only authors whose name contains this, in any case.")] = ""
    q: Annotated[_Text, Field(description="Only titles or authors that contain this, in any case.")] = ""


class CheckoutHeaders(_Query):
    """Of `POST /checkout`."""

    idempotency_key: Annotated[
        str,
        Field(max_length=200, alias="Idempotency-Key", description="The same key and body again: the same answer."),
    ] = ""
    prefer: Annotated[str, Field(alias="Prefer", description="`respond-async`: do not wait for the outcome.")] = ""


Query = TypeVar("Query", bound=_Query)


def read_query(kind: type[Query]) -> Query:
    """The query of the present request.

    Raises:
        InvalidOrderError: A parameter makes no sense, or stands there twice; `field` names it.
    """
    for name in kind.model_fields:
        if len(request.args.getlist(name)) > 1:
            raise InvalidOrderError(f"{name} may stand in the address once.", name, "invalid_parameter")
    return _read(kind, request.args.to_dict(), "invalid_parameter")


def read_headers() -> CheckoutHeaders:
    """The headers of the present request, those that `POST /checkout` knows.

    Raises:
        InvalidOrderError: The idempotency key is too long.
    """
    return _read(CheckoutHeaders, dict(request.headers), "invalid_field")


def _read(kind: type[Query], given: dict[str, str], code: str) -> Query:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        name = str(first["loc"][0])
        raise InvalidOrderError(f"{name} is not acceptable: {first['msg']}.", name, code) from None
