"""Shops behind the front door."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.memory_store import MemoryOrderStore
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from tests.integration.front_door.shop import Shop


@pytest.fixture
def store(catalogue) -> Any:
    books, _ = catalogue.search(1, 1000)
    return MemoryOrderStore({book.book_id: book.stock for book in books}, time.monotonic)


@pytest.fixture
def open_shop(run, services, catalogue, queue, store) -> Callable[..., Shop]:
    return lambda **options: Shop(run, services, catalogue, queue, store, **options)


@pytest.fixture
def shop(open_shop) -> Shop:
    shop: Shop = open_shop()
    shop.run_executor()
    return shop


@pytest.fixture
def closed_shop(open_shop) -> Shop:
    """No executor works, and nobody waits for one."""
    return open_shop(wait=0.01)  # type: ignore[no-any-return]


@pytest.fixture
def recorded_shop(run, services, catalogue, queue, database) -> Shop:
    """As `closed_shop`, on the real record."""
    return Shop(run, services, catalogue, queue, PostgresOrderStore(database, CardSeal(new_key())), wait=0.01)
