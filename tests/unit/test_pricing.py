"""Prices are looked up for all requests that come together, and each gets its own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bookstore_lib.core.errors import InvalidOrderError
from bookstore_lib.runtime.catalogue import CatalogueBook
from services.orchestrator.pricing import Pricing
from services.orchestrator.rules import parse_checkout
from tests.support import eventually
from tests.unit.test_checkout_request import changed

WAIT = 20.0


class Shelf:
    """A catalogue that has the books 0 to 9 and does not answer before it may."""

    def __init__(self) -> None:
        self.looks: list[list[str]] = []
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def by_titles(self, titles: list[str]) -> dict[str, CatalogueBook]:
        self.looks.append(titles)
        self.asked.set()
        assert self.may_answer.wait(WAIT)
        numbers = [int(title.removeprefix("Book ")) for title in titles]
        return {f"Book {n}": CatalogueBook(n, f"Book {n}", "", "", 100 * n, 5) for n in numbers if n < 10}


@pytest.fixture
def shelf():
    return Shelf()


def request_for(*numbers: int) -> Any:
    return parse_checkout(changed("items", [{"name": f"Book {number}", "quantity": 1} for number in numbers]))


def test_requests_that_come_during_a_look_share_the_next_one_and_each_gets_its_own_prices(shelf):
    pricing = Pricing(shelf)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(pricing.price, request_for(0), "")
        assert shelf.asked.wait(WAIT)
        others = [pool.submit(pricing.price, request_for(number), "") for number in range(1, 9)]
        eventually(lambda: pricing._looking.pending == len(others))
        shelf.may_answer.set()
        orders = [first.result(WAIT), *[other.result(WAIT) for other in others]]

    assert [order.amount_cents for order in orders] == [100 * number for number in range(9)]
    assert len(shelf.looks) == 2
    assert len({order.order_id for order in orders}) == 9


def test_a_book_that_is_not_there_is_the_mistake_of_who_asks_for_it_alone(shelf):
    shelf.may_answer.set()
    pricing = Pricing(shelf)
    with pytest.raises(InvalidOrderError, match='There is no book "Book 10"') as caught:
        pricing.price(request_for(3, 10), "")
    assert caught.value.field == "items.1.name"
    assert pricing.price(request_for(3), "").amount_cents == 300
