"""Orders and their outcomes as rows of the record, and back."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.order import Address, Book, Card, Item, Order, OrderStatus, Outcome, Reason
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.order_store import Acceptance, Ending, StoredOrder
from bookstore_lib.runtime.postgres import Row
from bookstore_lib.runtime.tracker import Stamp

log = logging.getLogger(__name__)


def accepted_row(acceptance: Acceptance, seal: CardSeal) -> dict[str, Any]:
    """A new order, with its card sealed, as JSON can say it; raises `ValueError` where it has no card."""
    order, stamp, idempotency = acceptance
    if order.card is None:
        raise ValueError("An order is accepted with the card that will pay it.")
    return {
        "order_id": order.order_id,
        "customer": _customer(order),
        "amount_cents": order.amount_cents,
        "last_four": order.card.last_four,
        "sealed_card": seal.seal(order.card).decode(),
        "clock": dict(stamp.clock),
        "message_id": stamp.message_id,
        "sender": stamp.sender,
        "idempotency_key": idempotency and idempotency.key,
        "request_hash": idempotency and seal.fingerprint(idempotency.request_hash),
        "request_id": order.request_id,
        "items": [[item.book_id, item.quantity, item.price_cents] for item in order.items],
    }


def ending_row(ending: Ending) -> dict[str, Any]:
    """How an order ended, as JSON can say it."""
    about = {"order_id": ending.order_id, "epoch": ending.epoch, "clock": dict(ending.clock)}
    return about | outcome_fields(ending.outcome)


def stored_order(row: Row, seal: CardSeal) -> StoredOrder:
    """An order as the record has it: a row of `orders`, and its `items` as title, quantity, price in cents, book id."""
    return StoredOrder(
        _order(row, seal),
        Stamp(row.sender, row.message_id, VectorClock(row.clock)),
        checked=_outcome(**row.checked) if row.checked else None,
        outcome=None if row.status == "accepted" else _outcome(row.status, row.reasons, row.suggestions, row.steps),
        final_clock=VectorClock(row.final_clock),
        attempts=row.attempts,
        drive=row.drive,
    )


def open_card(sealed: bytes | None, seal: CardSeal) -> Card | None:
    """The card, where there is one that this deployment has sealed."""
    try:
        return seal.unseal(sealed) if sealed else None
    except SetupError as error:
        log.warning("%s Until then its order cannot be checked.", error)
        return None


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """An outcome, as JSON can say it."""
    return {
        "status": outcome.status.value,
        "reasons": [reason._asdict() for reason in outcome.reasons],
        "suggestions": [book._asdict() for book in outcome.suggestions],
        "steps": dict(outcome.steps),
    }


def reasons_of(reasons: Sequence[Mapping[str, str]]) -> tuple[Reason, ...]:
    """Reasons, as the record has them."""
    return tuple(Reason(**reason) for reason in reasons)


def _order(row: Row, seal: CardSeal) -> Order:
    customer = row.customer
    return Order(
        order_id=row.order_id,
        name=customer["name"],
        contact=customer["contact"],
        card=open_card(row.sealed_card, seal),
        address=Address(**customer["address"]),
        items=tuple(Item(*item) for item in row.items),
        device_language=customer["device_language"],
        request_id=row.request_id,
    )


def _customer(order: Order) -> dict[str, Any]:
    return {
        "name": order.name,
        "contact": order.contact,
        "address": order.address._asdict(),
        "device_language": order.device_language,
    }


def _outcome(
    status: str,
    reasons: Sequence[Mapping[str, str]],
    suggestions: Sequence[Mapping[str, str]],
    steps: Mapping[str, str],
) -> Outcome:
    return Outcome(OrderStatus(status), reasons_of(reasons), tuple(Book(**b) for b in suggestions), steps)
