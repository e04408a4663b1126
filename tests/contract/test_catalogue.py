"""The catalogue, read from a real record."""

import pytest

from bookstore_lib.core.order import Address, Card, Item, Order, OrderStatus, Outcome, Reason
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.card_seal import CardSeal, new_key
from bookstore_lib.runtime.catalogue import Catalogue, CatalogueBook, Related
from bookstore_lib.runtime.order_store import Acceptance, Ending
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.tracker import Stamp

BOOKS = [
    CatalogueBook(1, "Frankenstein", "Mary Shelley", "Gothic", 1075, 10),
    CatalogueBook(2, "Dracula", "Bram Stoker", "Gothic", 1600, 10),
    CatalogueBook(3, "The Last Man", "Mary Shelley", "Novel", 999, 10),
    CatalogueBook(4, "100% Wool_Socks", "Émile O'Hara", "Humour", 500, 10),
    CatalogueBook(5, "The Stoker", "Franz Kafka", "Novel", 700, 10),
    CatalogueBook(6, "Carmilla", "Sheridan Le Fanu", "Gothic", 825, 0),
]


@pytest.fixture
def catalogue(pool, empty_record):
    for book in BOOKS:
        pool.query(
            "INSERT INTO books (book_id, title, author, genre, price_cents, stock, initial_stock)"
            " OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, 10)",
            book,
        )
    return Catalogue(pool)


@pytest.fixture
def order(pool):
    """Places an order of one copy of each of these books and settles it."""
    store = PostgresOrderStore(pool, CardSeal(new_key()))

    def place(order_id, status, *books):
        items = tuple(Item("", 1, 100, book) for book in books)
        card = Card("4111111111111111", "12/30", "737")
        order = Order(order_id, "Ada", "", card, Address(), items)
        store.accept(Acceptance(order, Stamp("orchestrator", "o#1", VectorClock())))
        reasons = () if status is OrderStatus.APPROVED else (Reason("no", "No."),)
        store.settle(Ending(order_id, store.take_epoch("executor-1"), Outcome(status, reasons), VectorClock()))

    return place


def ids(found):
    books, _ = found
    return [book.book_id for book in books]


# Searching


def test_pages_come_in_the_order_of_the_catalogue_with_the_number_of_all(catalogue):
    assert catalogue.search(1, 4) == (BOOKS[:4], 6)
    assert catalogue.search(2, 4) == (BOOKS[4:], 6)


def test_a_page_past_the_end_is_empty_and_still_tells_how_many_there_are(catalogue):
    assert catalogue.search(3, 4) == ([], 6)


def test_a_search_that_finds_nothing_finds_nothing(catalogue):
    assert catalogue.search(1, 4, text="no such book") == ([], 0)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"genre": "gothic"}, [1, 2, 6]),
        ({"genre": "Goth"}, []),
        ({"author": "SHELLEY"}, [1, 3]),
        ({"text": "stoker"}, [2, 5]),
        ({"text": "émile"}, [4]),
        ({"text": "o'hara"}, [4]),
        ({"genre": "Novel", "author": "kafka"}, [5]),
        ({"genre": "Gothic", "text": "the"}, []),
    ],
    ids=str,
)
def test_a_search_looks_in_any_case_where_it_should(catalogue, how, expected):
    assert ids(catalogue.search(1, 10, **how)) == expected


@pytest.mark.parametrize(("text", "expected"), [("%", [4]), ("_", [4]), ("\\", []), ("';--", [])])
def test_characters_that_mean_something_to_the_record_are_only_text_here(catalogue, text, expected):
    assert ids(catalogue.search(1, 10, text=text)) == expected


@pytest.mark.parametrize("field", ["genre", "author", "text"])
def test_a_search_for_what_no_record_can_hold_finds_nothing(catalogue, field):
    assert catalogue.search(1, 10, **{field: "\0"}) == ([], 0)


def test_books_are_found_by_exactly_their_titles(catalogue):
    found = catalogue.by_titles(["Dracula", "The Last Man", "dracula", "No Such Book"])
    assert found == {"Dracula": BOOKS[1], "The Last Man": BOOKS[2]}
    assert catalogue.by_titles([]) == {}


def test_a_title_that_no_record_can_hold_is_no_book(catalogue):
    assert catalogue.by_titles(["Dracula", "\0"]) == {"Dracula": BOOKS[1]}


# What goes with what was bought


def related(catalogue, *bought):
    return {book.book_id: book for book in catalogue.related(bought) if book.book_id not in bought}


def test_books_of_the_same_author_or_genre_are_related_and_others_are_not(catalogue):
    assert related(catalogue, 1) == {
        2: Related(2, "Dracula", "Bram Stoker", 0, same_author=False, same_genre=True),
        3: Related(3, "The Last Man", "Mary Shelley", 0, same_author=True, same_genre=False),
    }
    assert related(catalogue, 4) == {}


def test_books_of_the_same_approved_orders_are_related_by_how_many_there_were(catalogue, order):
    order("order-1", OrderStatus.APPROVED, 4, 5)
    order("order-2", OrderStatus.APPROVED, 4, 5, 1)
    assert {book: found.orders_together for book, found in related(catalogue, 4).items()} == {5: 2, 1: 1}


def test_orders_that_were_not_approved_relate_nothing(catalogue, order):
    order("order-1", OrderStatus.REJECTED, 4, 5)
    assert related(catalogue, 4) == {}


def test_a_book_that_is_sold_out_is_not_related(catalogue):
    assert 6 not in related(catalogue, 1)


def test_nothing_bought_is_related_to_nothing(catalogue):
    assert catalogue.related([]) == []
