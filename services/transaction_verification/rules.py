"""What makes a billing address and a card acceptable."""

import re
from datetime import date

from stdnum import luhn

from bookstore_lib.core.order import Address, Card, Reason

_ZIP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,10}[A-Za-z0-9]")
_EXPIRATION = re.compile(r"(\d{1,2})\s*/\s*(\d{4}|\d{2})")
_SOURCE = "transaction_verification"


def check_billing(address: Address) -> list[Reason]:
    """What is wrong with the address: city and country must be there, the zip plausible."""
    reasons = [
        Reason(f"missing_{part}", f"The billing address has no {part}.", _SOURCE)
        for part in ("city", "country")
        if not getattr(address, part).strip()
    ]
    if not _ZIP.fullmatch(address.zip.strip()):
        reasons.append(Reason("implausible_zip", "The zip code of the billing address is not plausible.", _SOURCE))
    return reasons


def check_card(card: Card, today: date) -> list[Reason]:
    """What is wrong with the card: 13 to 19 digits with a Luhn check digit, not expired, CVV of 3 or 4 digits.

    A card is good through the last day of the month that it names.
    """
    number = re.sub(r"[ -]", "", card.number)
    reasons = []
    if not re.fullmatch(r"[0-9]{13,19}", number) or not luhn.is_valid(number):
        reasons.append(Reason("invalid_card_number", "The card number is not valid.", _SOURCE))
    if not re.fullmatch(r"[0-9]{3,4}", card.cvv):
        reasons.append(Reason("invalid_cvv", "The CVV has to be 3 or 4 digits.", _SOURCE))
    return reasons + _check_expiration(card.expiration, today)


def _check_expiration(expiration: str, today: date) -> list[Reason]:
    match = _EXPIRATION.fullmatch(expiration.strip())
    month, year = (int(part) for part in match.groups()) if match else (0, 0)
    if not 1 <= month <= 12:
        return [Reason("invalid_expiration", "The expiration date has to be MM/YY or MM/YYYY.", _SOURCE)]
    if year < 100:
        year += 2000
    if (year, month) < (today.year, today.month):
        return [Reason("card_expired", f"The card expired at the end of {month:02}/{year}.", _SOURCE)]
    return []
