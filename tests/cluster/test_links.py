"""Links between real processes, cut in every way."""

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.supervisor.wires import CUTS


@pytest.fixture(scope="module")
def shop():
    with Bookstore(executors=2, lease_ttl=1.0, links=True) as shop:
        yield shop


@pytest.fixture(autouse=True)
def healed(shop):
    yield
    shop.heal()


@pytest.mark.parametrize("how", ["silence", "reset", "mute"])
def test_a_leader_that_cannot_reach_redis_is_replaced_and_orders_go_on(shop, how):
    leader = shop.leader

    shop.cut(leader, "redis", how)

    assert shop.await_leader(other_than=leader) != leader
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_a_slow_link_delays_an_order_but_does_not_fail_it(shop):
    shop.cut(shop.leader, "suggestions", "delay")

    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_an_order_that_cannot_reach_the_record_is_not_accepted(shop):
    shop.cut("orchestrator", "postgres", "reset")

    with pytest.raises(BookstoreError, match="does not answer"):
        shop.checkout({"Frankenstein": 1})


def test_an_order_that_was_not_queued_is_found_by_the_leader(shop):
    shop.cut("orchestrator", "redis", "silence")

    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_every_guarantee_holds_after_all_cuts(shop):
    assert str(shop.history().check()).count("VIOLATED") == 0


@pytest.mark.parametrize(
    ("cut", "sentence"),
    [
        (("executor-1", "orchestrator"), "There is no link between 'executor-1' and 'orchestrator'"),
        (("redis", "nobody"), "There is no link between 'redis' and 'nobody'"),
        (("executor-1", "redis", "scissors"), "the ways are reset, silence, mute, delay"),
    ],
)
def test_a_cut_that_makes_no_sense_is_refused_in_a_sentence(shop, cut, sentence):
    with pytest.raises(BookstoreError, match=sentence):
        shop.cut(*cut)


def test_every_way_to_cut_is_explained():
    assert all(len(text) > 20 for text in CUTS.values())
