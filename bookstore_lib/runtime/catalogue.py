"""The catalogue: the books of the record, for reading."""

from collections.abc import Sequence
from typing import NamedTuple

from bookstore_lib.runtime.postgres import Database


class CatalogueBook(NamedTuple):
    """A book with its price, in cents, and the copies that are left."""

    book_id: int
    title: str
    author: str
    genre: str
    price_cents: int
    stock: int


class Related(NamedTuple):
    """A book and what it has in common with books that were bought."""

    book_id: int
    title: str
    author: str
    orders_together: int
    same_author: bool
    same_genre: bool


class Catalogue:
    """The books of the record; every method raises `UnavailableError` when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self, page: int, limit: int, genre: str = "", author: str = "", text: str = ""
    ) -> tuple[list[CatalogueBook], int]:
        """A page of books in the order of the catalogue, and how many there are on all pages.

        Args:
            page: From 1.
            limit: Books on a page.
            genre: Only this genre, in any case.
            author: Only authors whose name contains this, in any case.
            text: Only titles or authors that contain this, in any case.
        """
        rows = self._database.query(
            """
            WITH found AS (
                SELECT book_id, title, author, genre, price_cents, stock FROM books
                WHERE (%(genre)s = '' OR lower(genre) = lower(%(genre)s))
                  AND strpos(lower(author), lower(%(author)s)) > 0
                  AND (strpos(lower(title), lower(%(text)s)) > 0 OR strpos(lower(author), lower(%(text)s)) > 0))
            SELECT (SELECT count(*) FROM found) AS total, page.*
            FROM (SELECT 1) AS one_row_at_least
            LEFT JOIN (SELECT * FROM found ORDER BY book_id LIMIT %(limit)s OFFSET %(offset)s) AS page ON true
            """,
            {"genre": genre, "author": author, "text": text, "limit": limit, "offset": (page - 1) * limit},
        )
        return [CatalogueBook(*row[1:]) for row in rows if row.book_id is not None], rows[0].total

    def by_titles(self, titles: Sequence[str]) -> dict[str, CatalogueBook]:
        """The books of these titles, as far as there are any, by title."""
        rows = self._database.query(
            "SELECT book_id, title, author, genre, price_cents, stock FROM books WHERE title = ANY(%s)", (list(titles),)
        )
        return {row.title: CatalogueBook(*row) for row in rows}

    def related(self, book_ids: Sequence[int]) -> list[Related]:
        """Books in stock that share an author, a genre or an approved order with these."""
        rows = self._database.query(
            """
            WITH together AS (
                SELECT other_id AS book_id, sum(orders)::bigint AS orders FROM bought_together
                WHERE book_id = ANY(%(ids)s) GROUP BY other_id)
            SELECT book_id, title, author, coalesce(orders, 0),
                author IN (SELECT author FROM books WHERE book_id = ANY(%(ids)s)) AS same_author,
                genre IN (SELECT genre FROM books WHERE book_id = ANY(%(ids)s)) AS same_genre
            FROM books LEFT JOIN together USING (book_id) WHERE stock > 0
            """,
            {"ids": list(book_ids)},
        )
        found = [Related(*row) for row in rows]
        return [book for book in found if book.orders_together or book.same_author or book.same_genre]
