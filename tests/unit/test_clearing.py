"""Clearing in rounds: who refuses is told again with what the others knew; silence and stubbornness come to an end."""

from hypothesis import given
from hypothesis import strategies as st

from bookstore_lib.core.clearing import Clearing

SERVICES = ("transaction_verification", "fraud_detection", "suggestions")


def test_one_round_suffices_where_all_have_forgotten():
    clearing = Clearing(SERVICES)
    assert clearing.remaining == list(SERVICES)

    clearing.on_round(dict.fromkeys(SERVICES, True))

    assert clearing.remaining == []
    assert clearing.not_cleared == []


def test_only_who_refused_is_told_again():
    clearing = Clearing(SERVICES)

    clearing.on_round(dict.fromkeys(SERVICES, True) | {"fraud_detection": False})
    assert clearing.remaining == ["fraud_detection"]
    clearing.on_round({"fraud_detection": True})

    assert clearing.remaining == []
    assert clearing.not_cleared == []


def test_who_gave_no_answer_is_not_told_again_now_and_is_not_forgotten():
    clearing = Clearing(SERVICES)

    clearing.on_round(dict.fromkeys(SERVICES, True) | {"suggestions": None})

    assert clearing.remaining == []
    assert clearing.not_cleared == ["suggestions"]


@given(st.data())
def test_it_ends_whatever_they_say_and_knows_who_has_not_forgotten(data):
    clearing, forgot = Clearing(SERVICES), set()
    for _ in range(10):
        if not clearing.remaining:
            break
        said = {name: data.draw(st.sampled_from([True, False, None])) for name in clearing.remaining}
        forgot |= {name for name, cleared in said.items() if cleared}
        clearing.on_round(said)

    assert clearing.remaining == []
    assert set(clearing.not_cleared) == set(SERVICES) - forgot
