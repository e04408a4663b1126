"""What an order has to look like: lenient reading, strict meaning.

The shape is the public checkout contract of the course. Bad cards and addresses are not judged here: that is the
services' work, and a rejection, not an error.
"""

import json
import re
from typing import Annotated, Any, NoReturn

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.core.order import Address, Card

# The record's text cannot hold NUL.
_HOLDABLE = r"^[^\x00]*$"
_Text = Annotated[str, StringConstraints(max_length=500, pattern=_HOLDABLE)]
_Short = Annotated[str, StringConstraints(max_length=40, pattern=_HOLDABLE)]
_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$"),
]
_TERMS = ("termsAccepted", "termsAndConditionsAccepted")


def _whole(number: Any) -> Any:
    """In JSON 2.0 is as whole a number as 2."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _language(told: Any) -> str:
    """What browsers tell besides the order is never a reason to refuse it."""
    return told if isinstance(told, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,40}", told) else ""


class _Model(BaseModel):
    # Unknown fields are ignored; the contract has many that do not matter here.
    model_config = ConfigDict(alias_generator=to_camel, strict=True, frozen=True, hide_input_in_errors=True)


class User(_Model):
    """Who orders."""

    name: _Name
    contact: _Text = ""


class CreditCard(_Model):
    """The card, as typed."""

    number: _Short
    expiration_date: _Short
    cvv: _Short

    def to_card(self) -> Card:
        """The card in our own words."""
        return Card(self.number, self.expiration_date, self.cvv)


class BillingAddress(_Model):
    """The billing address; empty parts are judged by transaction_verification."""

    street: _Text = ""
    city: _Text = ""
    state: _Text = ""
    zip: _Text = ""
    country: _Text = ""

    def to_address(self) -> Address:
        """The address in our own words."""
        return Address(self.street, self.city, self.state, self.zip, self.country)


class RequestedItem(_Model):
    """A title and how many copies of it."""

    name: _Name
    quantity: Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]


class CheckoutRequest(_Model):
    """The body of `POST /checkout`; other fields are welcome, and ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [name], "properties": {name: {"const": True}}} for name in _TERMS],
        }
    )

    user: User
    credit_card: CreditCard
    items: Annotated[list[RequestedItem], Field(min_length=1, max_length=100)]
    billing_address: BillingAddress = BillingAddress()
    user_comment: _Text = ""
    shipping_method: _Short = ""
    gift_wrapping: bool = False
    terms_accepted: bool = False
    terms_and_conditions_accepted: bool = False
    device_language: Annotated[
        str, BeforeValidator(_language), WithJsonSchema({"description": "Such as `en-US`; ignored when it is not."})
    ] = ""

    def quantities(self) -> dict[str, int]:
        """Copies by title; a title that comes twice counts together."""
        quantities: dict[str, int] = {}
        for item in self.items:
            quantities[item.name] = quantities.get(item.name, 0) + item.quantity
        return quantities


def parse_checkout(body: bytes) -> CheckoutRequest:
    """Read the body of `POST /checkout`, whatever its content type.

    Raises:
        InvalidOrderError: It is not what the contract says; `code` and `field` name the first thing to mend.
    """
    try:
        data = json.loads(body)
    except ValueError as error:
        raise InvalidOrderError("The body is not JSON.", code="malformed_json") from error
    except RecursionError as error:
        raise InvalidOrderError("The body is nested too deeply.", code="malformed_json") from error
    if not isinstance(data, dict):
        raise InvalidOrderError("The body has to be a JSON object.", code="wrong_type")
    try:
        request = CheckoutRequest.model_validate(data)
    except ValidationError as error:
        _explain(error.errors(include_input=False, include_url=False)[0])
    if not (request.terms_accepted or request.terms_and_conditions_accepted):
        raise InvalidOrderError("The terms have to be accepted.", "termsAccepted", "terms_not_accepted")
    return request


def _explain(error: Any) -> NoReturn:
    """Turn pydantic's first finding into our error; never with the input itself, it may be a card number."""
    field = ".".join(str(part) for part in error["loc"])
    kind = error["type"]
    if field == "items" and kind in ("missing", "too_short"):
        raise InvalidOrderError("The order has no items.", field, "no_items")
    if field.endswith(".quantity") and kind in ("greater_than_equal", "less_than_equal"):
        raise InvalidOrderError(f"{field} has to be from 1 to 1000.", field, "invalid_quantity")
    if kind == "missing":
        raise InvalidOrderError(f"{field} is missing.", field, "missing_field")
    if kind.endswith("_type"):
        raise InvalidOrderError(f"{field} has the wrong type: {error['msg']}.", field, "wrong_type")
    raise InvalidOrderError(f"{field} is not acceptable: {error['msg']}.", field, "invalid_field")
