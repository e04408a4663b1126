"""How long an order is tried, and how often the leader looks for lost ones."""

from typing import NamedTuple

from bookstore_lib.core.order import OrderStatus, Outcome, Reason

ATTEMPTS = 3
_FIRST_PAUSE = 0.5
# Seconds until the services that did not answer are asked again to forget an order that has ended.
CLEAR_AGAIN = 1.0
GAVE_UP = Outcome(
    OrderStatus.FAILED,
    (Reason("gave_up", f"The executor that worked on it ended {ATTEMPTS} times before the order did.", "executor"),),
)


class Sweep(NamedTuple):
    """How the leader looks for open orders that no list holds.

    Attributes:
        every: Seconds between two looks.
        age: Seconds that an order has been open for: younger ones may still be on their way from the orchestrator's
            commit to its push.
    """

    every: float
    age: float


def sweep_for(lease_ttl: float) -> Sweep:
    """Orders have to move again within two lives of the lease after a fault, and no sooner than people notice."""
    return Sweep(every=min(2.0, lease_ttl / 2), age=min(3.0, lease_ttl))


def retry_in(outcome: Outcome, attempt: int) -> float | None:
    """Seconds until the order is tried again; `None` when the outcome stands.

    Approvals and rejections stand. A failure (a service gave no answer) is tried again after 0.5 and 1 second; then the
    order fails honestly, and waits among the dead letters.

    Args:
        outcome: What the checks said.
        attempt: How often the order has been tried, this time included.
    """
    if outcome.status is not OrderStatus.FAILED or attempt >= ATTEMPTS:
        return None
    return float(_FIRST_PAUSE * 2 ** (attempt - 1))
