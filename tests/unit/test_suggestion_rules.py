"""Which books are suggested."""

from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.order import Book
from bookstore_lib.runtime.catalogue import Related
from services.suggestions.rules import MOST, choose

related = st.builds(
    Related,
    st.integers(1, 20),
    st.just("Dracula"),
    st.just("Bram Stoker"),
    st.integers(0, 6),
    st.booleans(),
    st.booleans(),
)
catalogues = st.lists(related, unique_by=lambda book: book.book_id)


def book(book_id, *, together=0, author=False, genre=False):
    return Related(book_id, f"Title {book_id}", "Ann Author", together, author, genre)


def ids(books):
    return [int(each.book_id) for each in books]


@given(catalogues, st.sets(st.integers(1, 20)))
def test_a_book_that_was_bought_is_never_suggested_and_none_twice(catalogue, bought):
    chosen = ids(choose(catalogue, bought))
    assert not bought & set(chosen)
    assert len(set(chosen)) == len(chosen) == min(MOST, len({each.book_id for each in catalogue} - bought))


@given(catalogues, st.integers(0, 5))
def test_there_are_never_more_than_asked_for(catalogue, most):
    assert len(choose(catalogue, set(), most)) == min(most, len(catalogue))


@given(catalogues, st.randoms())
def test_the_choice_does_not_depend_on_the_order_in_which_the_record_answers(catalogue, random):
    shuffled = random.sample(catalogue, len(catalogue))
    assert choose(shuffled, set()) == choose(catalogue, set())


def test_bought_together_counts_more_than_the_same_author_and_that_more_than_the_same_genre():
    catalogue = [book(1, genre=True), book(2, author=True), book(3, together=1), book(4)]
    assert ids(choose(catalogue, set(), 4)) == [3, 2, 1, 4]


def test_one_order_together_is_as_good_as_author_and_genre_and_ties_go_in_the_order_of_the_catalogue():
    catalogue = [book(2, together=1), book(1, author=True, genre=True)]
    assert ids(choose(catalogue, set())) == [1, 2]


def test_more_than_three_orders_together_count_no_more():
    catalogue = [book(2, together=50), book(1, together=3)]
    assert ids(choose(catalogue, set())) == [1, 2]


def test_a_suggestion_is_a_book_of_the_public_contract():
    assert choose([book(7)], set()) == [Book("7", "Title 7", "Ann Author")]
