"""Which books to suggest."""

from collections.abc import Iterable

from bookstore_lib.core.order import Book
from bookstore_lib.runtime.catalogue import Related

MOST = 3


def choose(related: Iterable[Related], bought: set[int], most: int = MOST) -> list[Book]:
    """The best of the related books, never one that was bought, at most `most`.

    Bought together counts most (3 for each order, at most 9), then the same author (2), then the same genre (1); ties
    go in the order of the catalogue.
    """
    candidates = [book for book in related if book.book_id not in bought]
    candidates.sort(key=lambda book: (-_weight(book), book.book_id))
    return [Book(str(book.book_id), book.title, book.author) for book in candidates[:most]]


def _weight(book: Related) -> int:
    return min(3 * book.orders_together, 9) + 2 * book.same_author + book.same_genre
