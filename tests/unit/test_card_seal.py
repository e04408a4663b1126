"""Sealed cards: they say nothing without the key, and open only with the one that sealed them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.order import Card
from bookstore_lib.runtime.card_seal import CardSeal, new_key

CARD = Card("4111 1111 1111 1111", "12/30", "737")
SEAL = CardSeal(new_key())


@given(st.builds(Card, st.text(max_size=40), st.text(max_size=10), st.text(max_size=10)))
def test_a_card_comes_out_as_it_went_in(card):
    assert SEAL.unseal(SEAL.seal(card)) == card


@given(st.from_regex(r"[0-9]{13,19}", fullmatch=True))
def test_sealed_bytes_never_contain_the_digits(number):
    sealed = SEAL.seal(Card(number, "12/30", "737"))
    assert not any(number[start : start + 8].encode() in sealed for start in range(len(number) - 7))


def test_the_same_card_never_looks_the_same_twice():
    assert SEAL.seal(CARD) != SEAL.seal(CARD)


def test_another_key_opens_nothing_and_the_sentence_says_which_setting_to_mend():
    with pytest.raises(SetupError, match="another key; set BOOKSTORE_CARD_KEY") as caught:
        CardSeal(new_key()).unseal(SEAL.seal(CARD))
    assert "1111" not in str(caught.value)


def test_sealed_bytes_that_were_touched_do_not_open():
    sealed = bytearray(SEAL.seal(CARD))
    sealed[30] ^= 1
    with pytest.raises(SetupError):
        SEAL.unseal(bytes(sealed))


@pytest.mark.parametrize("key", ["", "short", "not base64!", "é" * 44, "A" * 44])
def test_a_key_that_is_none_is_one_sentence_without_the_key(key):
    with pytest.raises(SetupError, match="BOOKSTORE_CARD_KEY has to be 32 bytes") as caught:
        CardSeal(key)
    assert not key or key not in str(caught.value)


def test_new_keys_are_good_and_never_the_same():
    keys = {new_key() for _ in range(10)}
    assert len(keys) == 10
    assert all(CardSeal(key).unseal(CardSeal(key).seal(CARD)) == CARD for key in keys)


def test_the_text_of_a_card_shows_the_last_four_digits_only():
    assert repr(CARD) == str(CARD) == f"{CARD}" == "Card(…1111)"
    assert CARD.last_four == "1111"


def test_the_fingerprint_of_a_text_needs_the_key():
    assert SEAL.fingerprint("body") == SEAL.fingerprint("body") != CardSeal(new_key()).fingerprint("body")
    assert SEAL.fingerprint("body") != SEAL.fingerprint("other")
