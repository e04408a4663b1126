"""What to do with an order that could not be checked."""

from bookstore_lib.core.order import OrderStatus, Outcome

ATTEMPTS = 3
_FIRST_PAUSE = 0.5


def retry_in(outcome: Outcome, attempt: int) -> float | None:
    """Seconds until the order is tried again; `None` when the outcome stands.

    Approvals and rejections stand. A failure (a service gave no answer) is tried again after 0.5 and 1 second; then the
    order fails honestly.

    Args:
        outcome: What the checks said.
        attempt: How often the order has been tried, this time included.
    """
    if outcome.status is not OrderStatus.FAILED or attempt >= ATTEMPTS:
        return None
    return float(_FIRST_PAUSE * 2 ** (attempt - 1))
