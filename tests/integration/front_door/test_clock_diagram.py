"""The clock diagram of an order as the front door tells it."""

import threading

import pytest

from bookstore_lib.core.vector_clock import VectorClock
from tests.integration.front_door.shop import ASYNC, card, error_of, good
from tests.support import eventually


def settled(shop, body):
    order_id = shop.post(body).get_json()["orderId"]
    eventually(lambda: [event for event in shop.run.events(order_id) if event.name == "acknowledged"])
    return order_id


@pytest.mark.parametrize("body", [good(), card(number="4111111111111112")], ids=["approved", "rejected"])
def test_it_has_every_event_of_the_order_causes_before_their_effects_and_every_message(shop, body):
    order_id = settled(shop, body)
    settled(shop, good())

    diagram = shop.http.get(f"/orders/{order_id}/diagram").get_json()

    noted = shop.run.events(order_id)
    events, clocks = diagram["events"], [VectorClock(event["clock"]) for event in diagram["events"]]
    assert sorted((e["process"], e["kind"], e["name"]) for e in events) == sorted(
        (e.process, e.kind, e.name) for e in noted
    )
    for place, clock in enumerate(clocks):
        assert not any(later < clock for later in clocks[place + 1 :])
    assert len(diagram["messages"]) == sum(event.kind == "receive" for event in noted)
    for message in diagram["messages"]:
        sent, received = events[message["sent"]], events[message["received"]]
        assert (sent["kind"], received["kind"], sent["name"]) == ("send", "receive", received["name"])
        assert clocks[message["sent"]] < clocks[message["received"]]


def test_each_process_has_a_lane_from_the_front_door_to_the_services(shop):
    diagram = shop.http.get(f"/orders/{settled(shop, good())}/diagram").get_json()

    lanes = {event["lane"]: event["process"] for event in diagram["events"]}
    assert [lanes[lane] for lane in sorted(lanes)] == diagram["processes"]
    assert diagram["processes"][:2] == ["orchestrator", "executor-1"]
    assert set(diagram["processes"][2:]) == {"transaction_verification", "fraud_detection", "suggestions"}


def test_it_is_empty_where_nothing_is_known_of_the_events(closed_shop):
    order_id = closed_shop.post(good(), headers=ASYNC).get_json()["orderId"]
    closed_shop.events_of = lambda _order_id: []

    diagram = closed_shop.http.get(f"/orders/{order_id}/diagram").get_json()

    assert diagram == {"processes": [], "events": [], "messages": []}


def test_few_are_made_at_a_time_and_the_next_one_when_these_are_done(closed_shop):
    path = closed_shop.post(good(), headers=ASYNC).headers["Location"] + "/diagram"
    begun, done = threading.Semaphore(0), threading.Event()

    def slow(_order_id):
        begun.release()
        done.wait(60)
        return []

    closed_shop.events_of = slow
    askers = [threading.Thread(target=closed_shop.app.test_client().get, args=[path]) for _ in range(2)]
    for asker in askers:
        asker.start()
        assert begun.acquire(timeout=60)

    assert error_of(closed_shop.http.get(path)) == (429, "too_many_requests")
    done.set()
    for asker in askers:
        asker.join(60)
    assert closed_shop.http.get(path).status_code == 200


def test_there_is_none_of_an_order_that_there_is_not(closed_shop):
    assert error_of(closed_shop.http.get(f"/orders/{'0' * 32}/diagram")) == (404, "unknown_order")
