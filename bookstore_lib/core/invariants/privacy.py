"""Card numbers: in no event, and none kept once an order has ended for good."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

NO_CARD_NUMBER = "no card number anywhere"

# In one piece, or in groups as on the card (4-4-4-4, 4-6-5). Digits within a word are of a hash or an order id; groups
# that go on with a hyphen are of a UUID.
_CARD_LIKE = re.compile(
    r"(?<![0-9A-Za-z])\d{13,19}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z-])\d{4}([ -])\d{4,6}\1\d{4,5}(?:\1\d{1,4}){0,2}(?![0-9A-Za-z-])",
    re.ASCII,
)


def no_card_in_trace(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """No text of an event holds 13 to 19 digits, in one piece or grouped, that pass the check of card numbers."""
    named = {name for name in {event.name for event in events} if _shows_card(name)}
    for event in events:
        if event.name in named or (event.detail and any(map(_shows_card, _texts(event.detail)))):
            yield Violation(NO_CARD_NUMBER, f"The event {event.id} shows a card number.", (event,))


def no_card_in_record(_: Sequence[TraceEvent], tables: Tables) -> Iterator[Violation]:
    """Card data, even sealed, is gone once an order has ended; a failed one may still be redriven, and paid then."""
    for row in tables.orders:
        if row.sealed and row.status.terminal and row.status is not OrderStatus.FAILED:
            yield Violation(NO_CARD_NUMBER, f"Order {row.order_id} is {row.status}, but its card is still kept.")


def _texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield key
            yield from _texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)


def _shows_card(text: str) -> bool:
    found = ([int(c) for c in match.group() if c.isdigit()] for match in _CARD_LIKE.finditer(text))
    return any(13 <= len(digits) <= 19 and _passes_luhn(digits) for digits in found)


def _passes_luhn(digits: list[int]) -> bool:
    """The check digit of ISO/IEC 7812: every second digit from the right counts double, less 9 above 9."""
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
