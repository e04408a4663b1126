"""Following an order: server-sent events, from a bounded number of seats."""

import json
import threading
import time
from typing import Any

import pytest

from bookstore_lib.core.errors import UnavailableError
from services.orchestrator import streams
from tests.integration.front_door.shop import ASYNC, card, error_of, good

UNKNOWN = "0" * 32


def place(shop, body=None):
    """Place an order without waiting; returns where it is followed."""
    return shop.post(body or good(), headers=ASYNC).headers["Location"] + "/events"


def orders(lines):
    """The orders that a stream tells of."""
    messages = "".join(line if isinstance(line, str) else line.decode() for line in lines).split("\n\n")
    return [json.loads(message.partition("data: ")[2]) for message in messages if "data: " in message]


@pytest.mark.parametrize(
    ("body", "status", "step"),
    [(good(), "Order Approved", "passed"), (card(number="4111111111111112"), "Order Rejected", "rejected")],
)
def test_who_follows_an_order_is_told_how_it_stands_its_steps_and_its_outcome_and_then_the_stream_ends(
    open_shop, body, status, step
):
    shop = open_shop()
    answer = shop.http.get(place(shop, body))
    order_id = answer.request.path.split("/")[2]
    stream = iter(answer.response)
    first = orders([next(stream)])
    shop.progress[order_id] = {"check_billing": "running"}
    second: list[Any] = []
    while not second:
        second = orders([next(stream)])
    shop.run_executor()

    *_, last = orders(stream)

    assert answer.mimetype == "text/event-stream"
    assert [order["status"] for order in first + second] == ["Order Received"] * 2
    assert [order["steps"] for order in first + second] == [{}, {"check_billing": "running"}]
    assert (last["status"], last["steps"]["check_card"]) == (status, step)
    assert last == shop.http.get(f"/orders/{order_id}").get_json()


def test_the_outcome_wakes_a_stream_up(open_shop, monkeypatch):
    monkeypatch.setattr(streams, "_EVERY", 600)
    shop = open_shop()
    answer = shop.http.get(place(shop))
    shop.run_executor()

    began = time.monotonic()

    assert orders(answer.response)[-1]["status"] == "Order Approved"
    assert time.monotonic() - began < 300


def test_two_who_follow_the_same_order_are_both_woken_up(open_shop, monkeypatch):
    monkeypatch.setattr(streams, "_EVERY", 600)
    shop = open_shop()
    path = place(shop)
    told: list[Any] = []
    followers = [
        threading.Thread(target=lambda: told.append(orders(shop.streams.follow(path.split("/")[2])))) for _ in range(2)
    ]
    for follower in followers:
        follower.start()

    shop.run_executor()

    for follower in followers:
        follower.join(60)
    assert [said[-1]["status"] for said in told] == ["Order Approved"] * 2


def test_a_stream_without_an_outcome_ends_and_says_when_to_come_back(closed_shop, monkeypatch):
    monkeypatch.setattr(streams, "_STREAM_SECONDS", 0.05)
    monkeypatch.setattr(streams, "_EVERY", 0.01)

    told = closed_shop.http.get(place(closed_shop)).text

    assert told.startswith("retry: 1000\ndata: ")
    assert [order["status"] for order in orders([told])] == ["Order Received"]


def test_nobody_can_follow_an_order_that_there_is_not(closed_shop):
    assert error_of(closed_shop.http.get(f"/orders/{UNKNOWN}/events")) == (404, "unknown_order")


def test_when_all_seats_are_taken_others_are_refused_until_somebody_hangs_up(open_shop):
    shop = open_shop(streams=2)
    path = place(shop)
    taken = [shop.http.get(path) for _ in range(2)]

    refused = shop.http.get(path)

    assert error_of(refused) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    taken[0].close()
    assert shop.http.get(path).status_code == 200


def test_who_asks_for_the_headers_only_and_who_is_refused_keep_no_seat(open_shop):
    shop = open_shop(streams=1)
    path = place(shop)

    for _ in range(3):
        assert shop.http.head(path).status_code == 200
        assert shop.http.get(f"/orders/{UNKNOWN}/events").status_code == 404

    assert shop.http.get(path).status_code == 200


def test_a_stream_ends_when_the_record_falls_silent_and_the_next_one_is_a_503(open_shop, monkeypatch):
    def silent(_order_id):
        raise UnavailableError("The record does not answer.")

    monkeypatch.setattr(streams, "_EVERY", 0.01)
    shop = open_shop()
    path = place(shop)
    answer = shop.http.get(path)
    monkeypatch.setattr(shop.store, "load", silent)

    assert [order["status"] for order in orders(answer.response)] == ["Order Received"]
    assert error_of(shop.http.get(path)) == (503, "unavailable")


def test_following_leaves_no_clock_behind(open_shop):
    shop = open_shop()
    shop.run_executor()
    for _ in range(3):
        assert orders(shop.http.get(place(shop)).response)[-1]["status"] == "Order Approved"

    assert shop.tracker._clocks == {}
