"""What may not be told: card data, and what is inside."""

import re

import pytest

from tests.integration.front_door.shop import CARD, CVV, card, error_of, good


@pytest.mark.parametrize(
    "body",
    [
        good(creditCard={"number": CARD, "cvv": CVV}),
        good(creditCard={"number": CARD, "expirationDate": [CVV], "cvv": CVV}),
        good(creditCard={"number": CARD * 4, "expirationDate": "12/30", "cvv": CVV}),
        good(creditCard=[CARD, CVV]),
        good(creditCard={"number": int(CARD), "expirationDate": "12/30", "cvv": int(CVV)}),
        good(items=[], creditCard={"number": CARD, "expirationDate": "12/30", "cvv": CVV}),
        f'{{"creditCard": {{"number": "{CARD}", "cvv": "{CVV}"'.encode(),
        card(number=CARD, cvv=CVV),
    ],
)
def test_card_number_and_cvv_are_in_no_answer_no_log_and_no_trace(shop, tmp_path, caplog, body):
    caplog.set_level("DEBUG")

    answer = shop.post(body)

    traced = "".join(file.read_text() for file in (tmp_path / "traces").iterdir())
    # Ids and lengths of time may hold any digits, so the short number is looked for as a whole one.
    for text in (answer.text, caplog.text, traced):
        assert CARD not in text
        assert not re.search(rf"(?<![\w.]){CVV}(?![\w.])", text)


def test_a_mistake_of_ours_is_a_500_that_tells_nothing_but_the_log_does(closed_shop, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("sesame")

    monkeypatch.setattr(closed_shop.store, "accept", broken)

    answer = closed_shop.post(good())

    assert error_of(answer) == (500, "internal")
    assert "sesame" not in answer.text
    assert "RuntimeError: sesame" in caplog.text
