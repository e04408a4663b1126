"""What the executor does with an order that could not be checked."""

import pytest

from bookstore_lib.core.order import OrderStatus, Outcome
from services.order_executor.rules import ATTEMPTS, retry_in


@pytest.mark.parametrize("status", [OrderStatus.APPROVED, OrderStatus.REJECTED])
@pytest.mark.parametrize("attempt", [1, 2, 3, 4])
def test_approvals_and_rejections_stand(status, attempt):
    assert retry_in(Outcome(status), attempt) is None


def test_a_failure_is_tried_again_after_longer_and_longer_pauses_and_then_stands():
    pauses = [retry_in(Outcome(OrderStatus.FAILED), attempt) for attempt in range(1, ATTEMPTS + 2)]
    assert pauses == [0.5, 1.0, None, None]
