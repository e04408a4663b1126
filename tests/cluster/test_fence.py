"""The frozen leader that wakes up just before it settles: what it does with the fence, and what without."""

from bookstore_lib.core.invariants.effects import EFFECTS_ONCE
from tests.support import eventually


def wake_up_late(shop):
    """The leader freezes just before it settles an order, another one settles it, and the first one goes on."""
    leader = shop.leader
    shop.crash_at(leader, "settle:before:freeze")
    receipt = shop.client.submit({"Frankenstein": 1})
    eventually(lambda: shop.process(leader).state == "paused")
    assert shop.client.order(receipt.order_id, wait=20).status == "Order Approved"

    shop.resume(leader)

    return receipt.order_id, shop.process(leader).host


def refusals(shop, host):
    return [event for event in shop.history().events if (event.name, event.process) == ("settle refused", host)]


def charges(shop, order_id):
    return len([payment for payment in shop.tables().payments if payment.order_id == order_id])


def test_with_the_fence_the_record_refuses_the_late_leader_and_the_order_is_charged_once(open_shop):
    shop = open_shop(executors=2, lease_ttl=1.0)

    order_id, host = wake_up_late(shop)

    eventually(lambda: refusals(shop, host))
    assert charges(shop, order_id) == 1
    assert shop.history().check().holds


def test_without_the_fence_the_order_is_charged_twice_and_the_verdict_says_so(open_shop):
    shop = open_shop(executors=2, lease_ttl=1.0, fence=False)

    order_id, host = wake_up_late(shop)

    eventually(lambda: charges(shop, order_id) == 2)
    assert refusals(shop, host) == []
    violated = {violation.invariant for violation in shop.history().check().violations}
    assert EFFECTS_ONCE in violated
