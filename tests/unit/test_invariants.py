"""The guarantees: all hold on a correct run, and each way to break one is found and blamed on that one alone."""

from dataclasses import replace
from typing import Any

import pytest

from bookstore_lib.core.invariants import INVARIANTS, check
from bookstore_lib.core.invariants.effects import EFFECTS_ONCE, MONEY_MATCHES, STOCK_CONSERVED
from bookstore_lib.core.invariants.leadership import NO_STALE_WRITES, ONE_LEADER
from bookstore_lib.core.invariants.outcomes import ONE_TERMINAL_STATE, SAME_ANSWER
from bookstore_lib.core.invariants.privacy import NO_CARD_NUMBER
from bookstore_lib.core.invariants.sessions import SESSIONS_CLEARED
from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import EpochRow, OrderRow, PaymentRow, StockRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.core.verdict import Result, Verdict, Violation
from tests.executions import complete_order, election, interleaved

CARD = "4111111111111111"
APPROVED = OrderRow("order-1", OrderStatus.APPROVED, 2, 2000, {1: 2}, settled_seq=3)
REJECTED = OrderRow("order-2", OrderStatus.REJECTED, 2, 500, {2: 1}, settled_seq=4)
PAYMENT = PaymentRow("order-1", 2000, 2)
STOCK = (StockRow(1, "Frankenstein", 10, 8), StockRow(2, "Emma", 5, 5))
EPOCHS = (EpochRow(1, "executor-1", 1), EpochRow(2, "executor-2", 2))
TABLES = Tables((APPROVED, REJECTED), (PAYMENT,), STOCK, EPOCHS)


@pytest.fixture
def events() -> list[TraceEvent]:
    """Two orders under executor-2, elected after executor-1 was killed."""
    orders = complete_order("order-1", epoch=2), complete_order("order-2", status="rejected", epoch=2)
    return [*interleaved(*orders), *numbered_on(election("kill"))]


def numbered_on(events: list[TraceEvent]) -> list[TraceEvent]:
    """The events with ids that no order's events have."""
    return [replace(event, id=event.id.replace("#", "#1000")) for event in events]


def local(process: str, name: str, order_id: str = "", **fields: Any) -> TraceEvent:
    """One more event, without a clock of its own: for what is no event of an order."""
    return TraceEvent(f"{process}#9999", process, order_id, "local", name, **fields)


def changed(events: list[TraceEvent], name: str, order_id: str = "order-1", **fields: Any) -> list[TraceEvent]:
    """The events, those of that name and order with other fields."""
    return [replace(event, **fields) if (event.name, event.order_id) == (name, order_id) else event for event in events]


def broken(verdict: Verdict) -> dict[str, list[str]]:
    """The sentences of each violated invariant."""
    return {r.name: [violation.sentence for violation in r.violations] for r in verdict.results if not r.holds}


def test_everything_holds_on_a_correct_run(events):
    verdict = check(events, TABLES)
    assert broken(verdict) == {}
    assert verdict.holds
    assert verdict.unchecked == ()
    assert [result.name for result in verdict.results] == [invariant.name for invariant in INVARIANTS]


@pytest.mark.parametrize(
    ("tables", "invariant", "sentence"),
    [
        (
            {"orders": (APPROVED, REJECTED, OrderRow("order-3", OrderStatus.ACCEPTED, None, 100, {1: 1}))},
            ONE_TERMINAL_STATE,
            "Order order-3 is still accepted.",
        ),
        (
            {"orders": (APPROVED, REJECTED._replace(status=OrderStatus.FAILED))},
            ONE_TERMINAL_STATE,
            "Order order-2 is failed in the record, but executor-2 settled it as rejected.",
        ),
        (
            {"orders": (APPROVED,)},
            ONE_TERMINAL_STATE,
            "Order order-2 was accepted and then lost.",
        ),
        (
            {"payments": (PAYMENT._replace(amount_cents=1000), PAYMENT._replace(amount_cents=1000))},
            EFFECTS_ONCE,
            "Order order-1 was paid for 2 times instead of 1.",
        ),
        (
            {"payments": (PAYMENT, PaymentRow("order-2", 0, 2))},
            EFFECTS_ONCE,
            "Order order-2 was paid for 1 times instead of 0.",
        ),
        (
            {"stock": (STOCK[0]._replace(stock=6), STOCK[1])},
            STOCK_CONSERVED,
            "'Frankenstein': of 10, approved orders took 2, and 6 are left.",
        ),
        (
            {"stock": (STOCK[0]._replace(initial_stock=1, stock=-1), STOCK[1])},
            STOCK_CONSERVED,
            "'Frankenstein': of 1, approved orders took 2, and -1 are left.",
        ),
        (
            {"stock": STOCK[1:]},
            STOCK_CONSERVED,
            "Approved orders took 2 of book 1, which is not in the catalogue.",
        ),
        (
            {"payments": (PAYMENT._replace(amount_cents=1999),)},
            MONEY_MATCHES,
            "Order order-1: 1999 cents were captured, 2000 are due.",
        ),
        (
            {"epochs": (*EPOCHS, EpochRow(2, "executor-3", 5))},
            ONE_LEADER,
            "Epoch 2 was given to executor-2 and to executor-3.",
        ),
        (
            {"epochs": (EpochRow(1, "executor-1", 2), EpochRow(2, "executor-2", 1))},
            ONE_LEADER,
            "Epoch 2 was taken before epoch 1.",
        ),
        (
            {"epochs": (EpochRow(1, "executor-3", 1), EPOCHS[1])},
            ONE_LEADER,
            "executor-1 was elected with epoch 1, which the record gave to executor-3.",
        ),
        (
            {"epochs": EPOCHS[1:]},
            ONE_LEADER,
            "executor-1 was elected with epoch 1, which the record gave to nobody.",
        ),
        (
            {"orders": (APPROVED, REJECTED._replace(epoch=1))},
            NO_STALE_WRITES,
            "Order order-2 was settled with epoch 1 after executor-2 had taken epoch 2.",
        ),
        (
            {"orders": (APPROVED, REJECTED._replace(epoch=7))},
            NO_STALE_WRITES,
            "Order order-2 was settled with epoch 7, which nobody has taken.",
        ),
        (
            {"payments": (PAYMENT._replace(epoch=1),)},
            NO_STALE_WRITES,
            "Order order-1 was settled with epoch 2, its payment with 1.",
        ),
        (
            {"orders": (APPROVED._replace(sealed=True), REJECTED)},
            NO_CARD_NUMBER,
            "Order order-1 is approved, but its card is still kept.",
        ),
    ],
)
def test_a_wrong_record_is_blamed_on_one_invariant(events, tables, invariant, sentence):
    found = broken(check(events, replace(TABLES, **tables)))
    assert list(found) == [invariant]
    assert sentence in found[invariant]


def test_the_epoch_of_a_restarted_executor_belongs_to_it(events):
    again = local("executor-1~1", "elected", epoch=3)
    tables = replace(TABLES, epochs=(*EPOCHS, EpochRow(3, "executor-1", 9)))
    assert check([*events, again], tables).holds


def test_a_settle_before_the_next_epoch_is_not_stale(events):
    early = REJECTED._replace(epoch=1, settled_seq=1)
    epochs = EpochRow(1, "executor-1", 0), EPOCHS[1]
    assert check(events, replace(TABLES, orders=(APPROVED, early), epochs=epochs)).holds


def test_the_tables_may_list_epochs_in_any_order(events):
    assert check(events, replace(TABLES, epochs=EPOCHS[::-1])).holds


def test_when_an_epoch_was_taken_is_not_guessed(events):
    early = REJECTED._replace(epoch=1, settled_seq=9)
    unknown = EpochRow(1, "executor-1"), EpochRow(2, "executor-2")
    assert check(events, replace(TABLES, orders=(APPROVED, early), epochs=unknown)).holds


def test_an_order_that_was_settled_two_ways_is_found_in_the_trace_alone(events):
    other = local("executor-1", "settled", "order-1", epoch=1, detail={"status": "failed", "refused": False})
    other = replace(other, clock=VectorClock({"executor-1": 1}))
    assert broken(check([*events, other])) == {
        ONE_TERMINAL_STATE: ["Order order-1 was settled as approved (executor-2#34) and failed (executor-1#9999)."]
    }


def test_a_refused_settle_settles_nothing(events):
    refused = local("executor-1", "settled", "order-1", epoch=1, detail={"status": "failed", "refused": True})
    refused = replace(refused, clock=VectorClock({"executor-1": 1}))
    assert check([*events, refused], TABLES).holds


class TestRedriven:
    """An order that failed was taken from the dead letters: each of its drives ends by itself."""

    @staticmethod
    def settled(status: str, drive: int, number: int) -> TraceEvent:
        """One more settlement of order-1, by executor-1."""
        event = local("executor-1", "settled", "order-1", epoch=1, detail={"status": status, "drive": drive})
        return replace(event, id=f"executor-1#{9000 + number}", clock=VectorClock({"executor-1": number}))

    def test_it_may_end_another_way_each_time(self, events):
        again = changed(events, "settled", detail={"status": "approved", "drive": 1})
        rows = (APPROVED._replace(drive=1), REJECTED)
        assert check([*again, self.settled("failed", 0, 1)], replace(TABLES, orders=rows)).holds

    def test_it_ends_one_way_in_each_drive(self):
        found = broken(check([self.settled(status, 1, n) for n, status in enumerate(["approved", "failed"], 1)]))
        ways = "approved (executor-1#9001) and failed (executor-1#9002)"
        assert found == {ONE_TERMINAL_STATE: [f"Order order-1 was settled as {ways}."]}

    def test_the_record_has_to_agree_with_its_last_drive(self, events):
        found = broken(check([*events, self.settled("failed", 1, 1)], TABLES))
        sentence = "Order order-1 is approved in the record, but executor-1 settled it as failed."
        assert found == {ONE_TERMINAL_STATE: [sentence]}

    def test_a_last_drive_whose_settling_nobody_noted_contradicts_nothing(self, events):
        again = changed(events, "settled", detail={"status": "failed", "drive": 0})
        assert check(again, replace(TABLES, orders=(APPROVED._replace(drive=1), REJECTED))).holds

    def test_a_dead_letter_keeps_its_sealed_card(self):
        row = OrderRow("order-1", OrderStatus.FAILED, 2, 2000, {1: 2}, sealed=True, settled_seq=3)
        stock = (STOCK[0]._replace(stock=10), STOCK[1])
        assert check([], Tables((row,), stock=stock, epochs=EPOCHS)).holds


def test_two_leaders_of_one_epoch_are_found(events):
    rival = local("executor-3", "elected", epoch=2)
    assert broken(check([*events, rival])) == {ONE_LEADER: ["Epoch 2 was led by executor-2 and executor-3."]}


def test_two_that_believe_to_lead_with_different_epochs_are_no_violation():
    assert check(election("pause"), replace(TABLES, orders=(), payments=(), stock=())).holds


def test_a_wrong_clock_is_found(events):
    wrong = changed(events, "settled", clock=VectorClock({"executor-2": 1}))
    assert list(broken(check(wrong, TABLES))) == ["clocks correct"]


class TestCardNumbers:
    """No event shows a card number, in whatever part of its text."""

    @pytest.mark.parametrize(
        "detail",
        [
            {"card": CARD},
            {CARD: "card"},
            {"body": {"cards": [{"number": f"no. {CARD}, Visa"}]}},
            {"card": "4111 1111 1111 1111"},
            {"card": "expires 12 3782-822463-10005"},
            {"card": f"card-{CARD}"},
            {"card": "5555555555554444"},
            {"card": "6304000000000000000"},
        ],
    )
    def test_a_card_number_is_found_wherever_it_stands(self, events, detail):
        assert NO_CARD_NUMBER in broken(check(changed(events, "accepted", detail=detail), TABLES))

    def test_a_card_number_in_a_name_is_found(self, events):
        assert NO_CARD_NUMBER in broken(check([*events, local("lab", f"paid {CARD}")], TABLES))

    @pytest.mark.parametrize(
        "text",
        [
            "…1111",
            "4111111111111112",
            "000000000000",
            "0000 0000 0000",
            "41111111111111110000",
            "9f4111111111111111ab",
            "41111111-1111-4111-8111-111111111111",
            "2026-11-22 13:47:26.123456",
        ],
        ids=["last four", "wrong check digit", "too short", "too few groups", "too long", "hash", "uuid", "time"],
    )
    def test_what_only_looks_like_a_card_number_is_let_pass(self, events, text):
        assert check(changed(events, "accepted", detail={"text": text}), TABLES).holds

    def test_the_card_of_an_order_that_is_open_may_be_kept(self, events):
        open_order = APPROVED._replace(status=OrderStatus.ACCEPTED, sealed=True)
        assert NO_CARD_NUMBER not in broken(check(events, replace(TABLES, orders=(open_order, REJECTED))))

    def test_the_verdict_does_not_repeat_the_number(self, events):
        verdict = check(changed(events, "accepted", detail={"card": CARD}), TABLES)
        assert CARD not in str(verdict)
        assert CARD not in repr(verdict.violations)


class TestIdempotencyKeys:
    """One key, one order, one answer."""

    @staticmethod
    def answers(*given: tuple[str, str | None]) -> list[TraceEvent]:
        """Answers to one key: order and status of each."""
        return [
            replace(local(f"p{i}", "answered", order, detail={"idempotency_key": "h", "status": status}), clock=clock)
            for i, (order, status) in enumerate(given)
            for clock in [VectorClock({f"p{i}": 1})]
        ]

    def test_another_answer_is_found(self):
        verdict = check(self.answers(("order-1", "approved"), ("order-1", "rejected")))
        assert broken(verdict) == {SAME_ANSWER: ["One key of order order-1 was answered approved and rejected."]}

    def test_a_second_order_is_found(self):
        verdict = check(self.answers(("order-1", "approved"), ("order-2", "approved")))
        assert broken(verdict) == {SAME_ANSWER: ["One key made the orders order-1 and order-2."]}

    def test_come_back_later_and_an_error_are_no_other_answer(self):
        statuses = ["accepted", None, "approved", "approved"]
        assert check(self.answers(*(("order-1", status) for status in statuses))).holds

    def test_an_order_that_failed_and_was_redriven_may_be_answered_anew(self):
        assert check(self.answers(("order-1", "failed"), ("order-1", "approved"))).holds


class TestVerdict:
    """What a verdict says, in words."""

    def test_what_needs_the_record_is_not_called_held_without_it(self, events):
        verdict = check(events)
        assert verdict.holds
        assert {result.name for result in verdict.results} == {i.name for i in INVARIANTS if i.in_record is None}
        assert {SAME_ANSWER, SESSIONS_CLEARED} <= {result.name for result in verdict.results}
        assert EFFECTS_ONCE in verdict.unchecked
        assert f"not checked  {EFFECTS_ONCE} (needs the tables of the record)" in str(verdict).splitlines()

    def test_its_text_marks_each_invariant_and_gives_the_sentences(self):
        verdict = Verdict((Result("a"), Result("b", (Violation("b", "It broke."),))))
        assert repr(verdict) == "held         a\nVIOLATED     b\n             - It broke."
        assert not verdict.holds

    def test_many_violations_are_counted_and_not_all_shown(self):
        verdict = Verdict((Result("b", tuple(Violation("b", f"Broke {i}.") for i in range(8))),))
        assert str(verdict).splitlines()[-2:] == ["             - Broke 4.", "             - and 3 more"]
        assert len(verdict.violations) == 8

    def test_every_violation_carries_the_name_it_is_listed_under(self, events):
        kept = [event for event in events if event.name != "session cleared"]
        verdict = check(kept, Tables(orders=(APPROVED._replace(sealed=True),)))
        assert len([result for result in verdict.results if not result.holds]) >= 6
        assert all(v.invariant == result.name for result in verdict.results for v in result.violations)
