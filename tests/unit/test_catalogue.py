import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "bookstore_lib" / "runtime" / "migrations" / "0002_catalogue.sql"
STOREFRONT = ROOT / "services" / "orchestrator" / "static" / "index.html"
NAMED_BY_THE_LABS = {
    "Frankenstein": "Mary Shelley",
    "Dracula": "Bram Stoker",
    "Pride and Prejudice": "Jane Austen",
    "The Time Machine": "H. G. Wells",
    "Alice's Adventures in Wonderland": "Lewis Carroll",
    "Moby-Dick": "Herman Melville",
    "The War of the Worlds": "H. G. Wells",
    "Jane Eyre": "Charlotte Brontë",
    "Crime and Punishment": "Fyodor Dostoevsky",
    "The Adventures of Sherlock Holmes": "Arthur Conan Doyle",
    "A Study in Scarlet": "Arthur Conan Doyle",
}


@pytest.fixture(scope="module")
def books() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute(
        "CREATE TABLE books (book_id integer PRIMARY KEY, title text NOT NULL UNIQUE, author text NOT NULL,"
        " genre text NOT NULL, price_cents integer NOT NULL, stock integer NOT NULL,"
        " initial_stock integer NOT NULL)"
    )
    connection.executescript(CATALOGUE.read_text(encoding="utf-8"))
    yield connection
    connection.close()


def column(books: sqlite3.Connection, name: str) -> list[str]:
    return [row[name] for row in books.execute("SELECT * FROM books ORDER BY book_id")]


def test_there_are_at_least_220_titles_and_none_twice_in_any_spelling(books: sqlite3.Connection) -> None:
    titles = [re.sub(r"\W|^the |^a ", "", title.casefold()) for title in column(books, "title")]
    assert len(titles) >= 220
    assert [title for title, times in Counter(titles).items() if times > 1] == []


def test_the_books_of_the_course_page_come_first_so_their_ids_never_change(books: sqlite3.Connection) -> None:
    first = books.execute("SELECT title, price_cents, stock FROM books ORDER BY book_id LIMIT 2").fetchall()
    assert [tuple(row) for row in first] == [("Book A", 1000, 100_000), ("Book B", 1500, 100_000)]


def test_every_title_the_labs_name_is_there_with_its_author(books: sqlite3.Connection) -> None:
    authors = dict(zip(column(books, "title"), column(books, "author"), strict=True))
    assert NAMED_BY_THE_LABS.items() <= authors.items()


def test_no_field_is_empty_or_has_stray_spaces(books: sqlite3.Connection) -> None:
    for name in ("title", "author", "genre"):
        assert [value for value in column(books, name) if value != " ".join(value.split()) or not value] == []


def test_prices_are_those_of_a_bookshop(books: sqlite3.Connection) -> None:
    assert books.execute("SELECT title FROM books WHERE price_cents NOT BETWEEN 499 AND 3999").fetchall() == []
    assert len(set(column(books, "price_cents"))) > 40


def test_only_the_rare_book_can_be_sold_out_by_hand(books: sqlite3.Connection) -> None:
    scarce = books.execute("SELECT title, author, stock FROM books WHERE stock < 5000").fetchall()
    assert [tuple(row) for row in scarce] == [("Tamerlane and Other Poems", "Edgar Allan Poe", 3)]


def test_stock_starts_at_the_initial_stock_that_conservation_is_checked_against(books: sqlite3.Connection) -> None:
    assert column(books, "stock") == column(books, "initial_stock")


def test_every_book_has_at_least_three_others_to_suggest(books: sqlite3.Connection) -> None:
    by_genre = Counter(column(books, "genre"))
    assert {genre: count for genre, count in by_genre.items() if count < 4} == {}


def test_at_least_fifteen_authors_have_two_books_or_more(books: sqlite3.Connection) -> None:
    by_author = Counter(column(books, "author"))
    assert sum(count >= 2 for count in by_author.values()) >= 15


def test_the_storefront_offers_exactly_the_genres_of_the_catalogue(books: sqlite3.Connection) -> None:
    options = re.search(r'<select id="genre".*?</select>', STOREFRONT.read_text(encoding="utf-8"), re.DOTALL)
    assert options
    offered = re.findall(r"<option>([^<]+)</option>", options[0])
    assert sorted(offered) == sorted(set(column(books, "genre")))
