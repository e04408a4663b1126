"""What makes an order suspicious: signals with weights, combined to a score."""

from collections.abc import Callable
from typing import NamedTuple

from bookstore_lib.core.order import Reason

THRESHOLD = 0.7
BLOCKED_NAMES = frozenset({"mallory fraudster", "eve intruder"})
# The card that payment providers publish for testing a stolen-card decline; nobody's real card.
BLOCKED_CARDS = frozenset({"4000000000009979"})
_COUNTRY_OF_REGION = {
    "EE": {"estonia", "eesti", "ee"},
    "US": {"usa", "us", "united states", "united states of america"},
    "GB": {"uk", "gb", "united kingdom", "great britain"},
    "DE": {"germany", "deutschland", "de"},
    "FI": {"finland", "suomi", "fi"},
}


class Facts(NamedTuple):
    """What the score is made from.

    Attributes:
        name: The customer's name.
        card_number: In memory only.
        country: Of the billing address.
        device_language: Such as `en-US`; empty when not sent.
        amount_cents: Price times quantity over all items, in cents.
        quantity: Copies over all items.
        recent_orders: Orders of the same contact in the last minute, this one included.
    """

    name: str
    card_number: str
    country: str
    device_language: str
    amount_cents: int
    quantity: int
    recent_orders: int


class Signal(NamedTuple):
    """One thing that makes an order suspicious, and how much it weighs, in [0, 1]."""

    code: str
    message: str
    weight: float
    applies: Callable[[Facts], bool]


class Assessment(NamedTuple):
    """The score, in [0, 1], and the signals that made it. A score of THRESHOLD or more is a fraud."""

    score: float
    reasons: tuple[Reason, ...]

    @property
    def passed(self) -> bool:
        """Whether the order may go on."""
        return self.score < THRESHOLD


def _countries_differ(facts: Facts) -> bool:
    region = facts.device_language.replace("_", "-").rpartition("-")[2].upper()
    known = _COUNTRY_OF_REGION.get(region) if "-" in facts.device_language.replace("_", "-") else None
    return known is not None and facts.country.strip().lower() not in known


SIGNALS = (
    Signal(
        "blocked_name", "The customer is on the block list.", 1.0, lambda f: f.name.strip().lower() in BLOCKED_NAMES
    ),
    Signal("blocked_card", "The card is on the block list.", 1.0, lambda f: f.card_number in BLOCKED_CARDS),
    Signal("very_large_amount", "The amount is 5000 or more.", 0.6, lambda f: f.amount_cents >= 500_000),
    Signal("large_amount", "The amount is 1000 or more.", 0.4, lambda f: f.amount_cents >= 100_000),
    Signal("many_copies", "More than 50 copies are ordered.", 0.5, lambda f: f.quantity > 50),
    Signal(
        "country_mismatch", "The device and the billing address are in different countries.", 0.2, _countries_differ
    ),
    # Light on purpose: in a lab the same customer orders again and again.
    Signal("velocity", "More than 20 orders came from this customer in a minute.", 0.1, lambda f: f.recent_orders > 20),
)


def assess(facts: Facts) -> Assessment:
    """Score an order: 1 less the product of (1 - weight) over the signals that apply, so it stays in [0, 1]."""
    applying = [signal for signal in SIGNALS if signal.applies(facts)]
    innocence = 1.0
    for signal in applying:
        innocence *= 1 - signal.weight
    reasons = tuple(Reason(signal.code, signal.message, "fraud_detection") for signal in applying)
    return Assessment(round(1 - innocence, 4), reasons)
