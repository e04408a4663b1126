"""Sessions: none is kept of a settled order, and none is cleared by somebody who lacks a part of its story."""

from dataclasses import replace
from typing import Any

import pytest

from bookstore_lib.core.invariants import check
from bookstore_lib.core.invariants.sessions import CLEAR_KNOWS, SESSIONS_CLEARED
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.vector_clock import VectorClock
from tests.executions import Execution, complete_order

KEPT = "Order order-1 is settled, but fraud_detection still keeps its session."
LAB = {"process": "fraud_detection"}


def process_event(process: str, name: str, /, **detail: Any) -> TraceEvent:
    """An event of a process itself, after all others."""
    return TraceEvent(f"{process}#9999", process, "", "local", name, detail=detail)


def found(events: list[TraceEvent], invariant: str) -> list[str]:
    """What contradicts one guarantee."""
    return [violation.sentence for violation in check(events).violations if violation.invariant == invariant]


class TestKept:
    """A service keeps nothing of a settled order."""

    @pytest.fixture
    def kept(self) -> list[TraceEvent]:
        """fraud_detection never clears order-1, though it was asked to and answered."""
        return [
            replace(event, name="session asked for")
            if (event.process, event.name) == ("fraud_detection", "session cleared")
            else event
            for event in complete_order()
        ]

    @staticmethod
    def late(sender: str) -> TraceEvent:
        """The session is begun once more after all was over, for `sender`."""
        return TraceEvent(
            "suggestions#9999", "suggestions", "order-1", "receive", "InitializeOrder", peer=sender, clock=VectorClock()
        )

    def test_a_session_that_is_kept_is_found(self, kept):
        assert found(kept, SESSIONS_CLEARED) == [KEPT]

    def test_a_session_begun_again_after_it_was_cleared_is_found(self):
        sentence = "Order order-1 is settled, but suggestions still keeps its session."
        assert found([*complete_order(), self.late("executor-1")], SESSIONS_CLEARED) == [sentence]

    def test_one_begun_again_by_a_process_that_ended_waits_until_it_has_been_idle(self):
        killed = process_event("lab", "killed", process="executor-1")
        assert not found([*complete_order(), self.late("executor-1"), killed], SESSIONS_CLEARED)

    @pytest.mark.parametrize(
        "end",
        [
            process_event("lab", "killed", **LAB),
            process_event("lab", "stopped", **LAB),
            process_event("lab", "started", process="fraud_detection~1"),
            process_event("fraud_detection~2", "started"),
            process_event("fraud_detection", "crash point", step="card", side="before", how="kill"),
        ],
        ids=["killed", "stopped", "restarted", "another life", "crash point"],
    )
    def test_a_service_that_ended_keeps_nothing(self, kept, end):
        assert not found([*kept, end], SESSIONS_CLEARED)

    @pytest.mark.parametrize(
        "event",
        [
            process_event("lab", "killed", process="suggestions"),
            process_event("lab", "paused", **LAB),
            process_event("fraud_detection", "crash point", step="card", side="before", how="freeze"),
        ],
        ids=["another killed", "paused", "frozen"],
    )
    def test_a_service_that_lives_keeps_what_it_does_not_clear(self, kept, event):
        assert found([*kept, event], SESSIONS_CLEARED) == [KEPT]

    def test_the_end_of_an_earlier_life_excuses_nothing(self, kept):
        later = [replace(e, process="fraud_detection~1") if e.process == "fraud_detection" else e for e in kept]
        assert found([*later, process_event("lab", "killed", **LAB)], SESSIONS_CLEARED)

    def test_an_order_that_is_not_settled_may_keep_its_sessions(self, kept):
        assert not found([event for event in kept if event.name != "settled"], SESSIONS_CLEARED)

    def test_a_service_that_did_not_answer_forgets_by_itself(self, kept):
        asked = [
            event.name == "ClearOrder reply" and "fraud_detection" in (event.process, event.peer) for event in kept
        ]
        silent = [event for event, drop in zip(kept, asked, strict=True) if not drop]
        assert not found(silent, SESSIONS_CLEARED)

    def test_an_order_that_redis_lost_before_anybody_was_done_is_forgotten_by_itself(self, kept):
        flushed = process_event("lab", "flushed")
        assert not found([*(e for e in kept if e.name != "acknowledged"), flushed], SESSIONS_CLEARED)
        assert found([*kept, flushed], SESSIONS_CLEARED)

    def test_an_order_that_the_orchestrator_ended_before_it_died_is_forgotten_by_itself(self, kept):
        killed = process_event("lab", "killed", process="orchestrator")
        rejected = [
            replace(event, process="orchestrator", epoch=None, id="orchestrator#999")
            if event.name == "settled"
            else event
            for event in kept
        ]
        assert found(rejected, SESSIONS_CLEARED)
        assert not found([*rejected, killed], SESSIONS_CLEARED)
        assert found([*kept, killed], SESSIONS_CLEARED)

    def test_an_order_whose_leader_died_is_left_to_the_next_leader(self, kept):
        assert found([*kept, process_event("lab", "killed", process="executor-2")], SESSIONS_CLEARED) == [KEPT]


class TestClearing:
    """Only who knows all that a service did for an order has its session cleared."""

    @pytest.fixture
    def run(self) -> Execution:
        """executor-1 has had fraud_detection begin a session."""
        run = Execution()
        run.receive("executor-1", run.serve(run.send("executor-1", "InitializeOrder", "fraud_detection")))
        return run

    @staticmethod
    def clear(run: Execution, request: TraceEvent, *, refused: bool = False) -> None:
        """fraud_detection takes a request to clear, refuses or clears, and answers."""
        run.receive("fraud_detection", request)
        run.local("fraud_detection", "clear refused" if refused else "session cleared")
        run.receive(request.process, run.send("fraud_detection", "ClearOrder reply", request.process))

    @pytest.mark.parametrize("status", ["approved", "rejected"])
    def test_who_has_all_replies_clears(self, status):
        assert check(complete_order(status=status)).holds

    def test_clearing_for_one_that_lacks_a_reply_is_found(self, run):
        run.serve(run.send("executor-1", "CheckFraud", "fraud_detection"))
        self.clear(run, run.send("executor-1", "ClearOrder", "fraud_detection"))
        (violation,) = check(run.events).violations
        assert violation.invariant == CLEAR_KNOWS
        assert violation.sentence == (
            "fraud_detection cleared its session of order order-1 for executor-1, "
            "which did not know of its event fraud_detection#5 (CheckFraud reply)."
        )
        assert [event.name for event in violation.events] == ["CheckFraud reply", "ClearOrder", "session cleared"]

    def test_clearing_for_one_that_lacks_what_was_done_for_another_is_found(self, run):
        request = run.send("executor-2", "ClearOrder", "fraud_detection")
        self.clear(run, request)
        assert len(found(run.events, CLEAR_KNOWS)) == 1

    def test_one_that_was_refused_learns_what_it_lacked_and_clears(self, run):
        run.serve(run.send("executor-1", "CheckFraud", "fraud_detection"))
        self.clear(run, run.send("executor-1", "ClearOrder", "fraud_detection"), refused=True)
        self.clear(run, run.send("executor-1", "ClearOrder", "fraud_detection"))
        assert check(run.events).holds

    def test_two_that_clear_at_a_time_do_not_hinder_each_other(self, run):
        knows, lacks = (
            run.send(executor, "ClearOrder", "fraud_detection") for executor in ("executor-1", "executor-2")
        )
        run.receive("fraud_detection", knows)
        run.receive("fraud_detection", lacks)
        run.local("fraud_detection", "session cleared")
        run.local("fraud_detection", "clear refused")
        assert check(run.events).holds

    def test_requests_to_clear_are_no_work_that_another_would_have_to_know(self, run):
        knows = run.send("executor-1", "ClearOrder", "fraud_detection")
        self.clear(run, run.send("executor-2", "ClearOrder", "fraud_detection"), refused=True)
        self.clear(run, knows)
        assert check(run.events).holds

    def test_what_happens_inside_the_service_is_no_message(self, run):
        request = run.send("executor-1", "ClearOrder", "fraud_detection")
        run.local("fraud_detection", "fraud scored")
        self.clear(run, request)
        assert check(run.events).holds

    def test_once_cleared_it_has_forgotten_what_it_did(self, run):
        self.clear(run, run.send("executor-1", "ClearOrder", "fraud_detection"))
        run.serve(run.send("executor-2", "InitializeOrder", "fraud_detection"))
        self.clear(run, run.send("executor-3", "ClearOrder", "fraud_detection"))
        assert check(run.events).holds

    def test_a_session_that_was_idle_is_cleared_for_nobody(self, run):
        self.clear(run, run.send("executor-2", "ClearOrder", "fraud_detection"), refused=True)
        run.local("fraud_detection", "session cleared", detail={"reason": "idle"})
        assert check(run.events).holds

    def test_a_request_whose_sending_is_not_in_the_trace_proves_nothing(self, run):
        request = run.send("executor-2", "ClearOrder", "fraud_detection")
        self.clear(run, request)
        assert not found([event for event in run.events if event is not request], CLEAR_KNOWS)

    def test_a_restarted_service_knows_only_its_own_life(self, run):
        run.serve(run.send("executor-1", "CheckFraud", "fraud_detection"))
        request = run.send("executor-1", "ClearOrder", "fraud_detection~1")
        run.receive("fraud_detection~1", request)
        run.local("fraud_detection~1", "session cleared")
        assert check(run.events).holds
