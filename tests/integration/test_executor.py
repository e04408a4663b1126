import threading
import time
from functools import partial
from typing import Any

import grpc
import pytest
import redis

from bookstore_lib.core.errors import UnavailableError
from bookstore_lib.core.invariants import check
from bookstore_lib.core.lease import Candidate
from bookstore_lib.core.order import OrderStatus, Outcome, Reason
from bookstore_lib.pb import order_executor_pb2
from bookstore_lib.pb.order_executor_pb2_grpc import OrderExecutorStub, add_OrderExecutorServicer_to_server
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.memory_store import MemoryOrderStore
from bookstore_lib.runtime.order_store import Acceptance
from bookstore_lib.runtime.pipeline import Post, Work
from bookstore_lib.runtime.redis_lease import MemoryLease
from services.order_executor.places import Places
from services.order_executor.rules import Sweep
from services.order_executor.servicer import OrderExecutor
from services.order_executor.worker import Worker
from tests.integration.conftest import Working
from tests.support import eventually

STOCK = {3: 100}
FAILED = Outcome(OrderStatus.FAILED, (Reason("unavailable", "No answer.", "suggestions"),))


class Channel:
    """Stands for Redis where outcomes are published: counts them, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.published = 0
        self.failures = 0

    def publish(self, _channel: str, _message: str) -> None:
        if self.failures:
            self.failures -= 1
            raise redis.ConnectionError("gone")
        self.published += 1


class Clock:
    """Seconds that pass when they are told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Executors:
    """Replicas of the executor around one record, one queue and one lock; the checks are real."""

    def __init__(self, run, services, queue) -> None:
        self.run, self.services, self.queue = run, services, queue
        self.clock, self.channel = Clock(), Channel()
        self.store = MemoryOrderStore(STOCK, self.clock)
        self.lease = MemoryLease(on_release=self._wake_followers)
        self._elections: list[Election] = []

    def accept(self, order, *, queued=True):
        stamp = self.run.tracker("orchestrator").send(order.order_id, "order_queued", "executors")
        self.store.accept(Acceptance(order, stamp))
        if queued:
            self.queue.push([order.order_id])
        return order.order_id

    def handler(self, name="executor-1", checkout=None, on_stale=lambda _epoch: None) -> Working:
        checkout = checkout or self.services.flow(name)
        return Working(self.run, name, self.store, self.queue, self.channel, checkout, on_stale)

    def start(self, name="executor-1", checkout=None) -> OrderExecutorStub:
        """Starts a whole replica; returns a way to call it."""
        elected = threading.Event()
        candidate = Candidate(ttl=20, renew_every=5, margin=1)
        election = Election(
            candidate, self.lease, self.store.take_epoch, self.run.tracker(name), lambda _epoch: elected.set()
        )
        working, tracker = self.handler(name, checkout, election.step_down), self.run.tracker(name)
        places, sweep = Places(8), Sweep(every=0.2, age=3)
        handler, pipeline = working.handler, working.pipeline
        worker = Worker(tracker, self.queue, self.store, handler, pipeline, election, elected, places, sweep)

        def drain() -> None:
            worker.finish()
            election.stop()
            worker.hand_back()

        servicer = OrderExecutor(name, election, self.lease, drain)
        channel = grpc.insecure_channel(self.run.serve(name, add_OrderExecutorServicer_to_server, servicer))
        self.run.parts.callback(channel.close)
        self.run.parts.callback(drain)
        self._elections.append(election)
        worker.start()
        election.start()
        return OrderExecutorStub(channel)

    def status(self, order_id) -> OrderStatus | None:
        outcome = self.store.load(order_id).outcome
        return outcome.status if outcome else None

    def stock(self) -> int:
        return self.store.tables().stock[0].stock

    def _wake_followers(self) -> None:
        for election in self._elections:
            election.wake()


class Checks:
    """Stands for the checkout where a test is not about it."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.runs = outcome, 0
        self.cleared: list[bool] = []

    def run(self, _order: Any, _post: Post) -> Work[Outcome]:
        yield from ()
        self.runs += 1
        return self.outcome

    def clear(self, _order_id: str, _post: Post) -> Work[bool]:
        yield from ()
        return self.cleared.pop(0) if self.cleared else True


@pytest.fixture
def executors(run, services, queue):
    return Executors(run, services, queue)


def take(executors, name="executor-1"):
    (order_id,) = executors.queue.take(name, 0)
    return order_id


# One order


def test_an_order_is_settled_published_cleared_and_acknowledged_in_this_order(executors, new_order, run, monkeypatch):
    journal: list[str] = []
    checkout = executors.services.flow()

    def note(part, step):
        usual = getattr(part, step)

        def noted(*arguments):
            journal.append(step)
            return usual(*arguments)

        monkeypatch.setattr(part, step, noted)

    for part, step in [
        (executors.store, "settle_many"),
        (executors.channel, "publish"),
        (checkout, "clear"),
        (executors.queue, "acknowledge"),
    ]:
        note(part, step)
    order_id, epoch = executors.accept(new_order()), executors.store.take_epoch("executor-1")

    assert executors.handler(checkout=checkout).handle(take(executors), epoch) is None

    assert journal == ["settle_many", "publish", "clear", "acknowledge"]
    assert executors.status(order_id) is OrderStatus.APPROVED
    assert executors.queue.contents().all_ids() == set()
    names = [event.name for event in run.events(order_id, "executor-1")]
    ends = ["settled", "outcome", "cleared", "acknowledged"]
    assert [name for name in names if name in ends] == ends


@pytest.mark.parametrize(
    ("faults", "status", "payments"), [((), "approved", 1), (("bad_card",), "rejected", 0)], ids=["good", "bad"]
)
def test_only_an_approved_order_takes_stock_and_money_and_no_card_is_kept(
    executors, new_order, faults, status, payments
):
    order = new_order(*faults)
    order_id = executors.accept(order)

    executors.handler().handle(take(executors), executors.store.take_epoch("executor-1"))

    assert executors.status(order_id) == status
    assert [payment.amount_cents for payment in executors.store.tables().payments] == [order.amount_cents] * payments
    assert executors.stock() == STOCK[3] - payments * order.quantity
    assert executors.store.load(order_id).order.card is None


def test_an_approved_order_that_finds_no_stock_is_rejected_and_traced_as_rejected(executors, new_order, run):
    executors.store._stock[3] = 1
    order_id = executors.accept(new_order())

    executors.handler().handle(take(executors), executors.store.take_epoch("executor-1"))

    assert executors.store.load(order_id).outcome.reasons[0].code == "out_of_stock"
    assert [event.detail["status"] for event in run.named("settled")] == ["rejected"]
    assert executors.stock() == 1


def test_after_a_crash_between_settling_and_telling_another_executor_only_does_the_rest(executors, new_order, run):
    order_id = executors.accept(new_order())
    executors.channel.failures = 1
    with pytest.raises(redis.ConnectionError):
        executors.handler("executor-1").handle(take(executors), executors.store.take_epoch("executor-1"))
    settled = executors.store.tables()
    assert executors.queue.contents().processing == {"executor-1": [order_id]}

    executors.queue.take_over("executor-2")
    epoch = executors.store.take_epoch("executor-2")
    executors.handler("executor-2").handle(take(executors, "executor-2"), epoch)

    after = executors.store.tables()
    assert (after.orders, after.payments, after.stock) == (settled.orders, settled.payments, settled.stock)
    assert [event.process for event in run.named("settled")] == ["executor-1"]
    assert executors.channel.published == 1
    assert executors.queue.contents().all_ids() == set()
    assert check(run.events(), after).holds


def test_a_leader_of_a_former_epoch_settles_nothing_tells_nothing_and_acknowledges_nothing(executors, new_order, run):
    order_id = executors.accept(new_order())
    stale = executors.store.take_epoch("executor-1")
    executors.store.take_epoch("executor-2")

    assert executors.handler().handle(take(executors), stale) is None

    assert executors.status(order_id) is None
    assert executors.store.tables().payments == ()
    assert executors.channel.published == 0
    assert executors.queue.contents().processing == {"executor-1": [order_id]}
    assert [event.epoch for event in run.named("settle refused")] == [stale]


@pytest.mark.parametrize("late", [Outcome(OrderStatus.APPROVED), FAILED], ids=["approved", "failed"])
def test_a_former_leader_clears_what_its_late_checks_opened_again(executors, services, new_order, late):
    """The order was frozen in its hands; the next leader settled and cleared it meanwhile."""
    order = new_order()
    order_id, stale = executors.accept(order), executors.store.take_epoch("executor-1")
    checkout = services.checkout("executor-1")

    class LateChecks(Checks):
        def run(self, _order, _post):
            yield from ()
            epoch = executors.store.take_epoch("executor-2")
            assert executors.handler("executor-2").handle(order_id, epoch) is None
            checkout.run(order)  # opens the sessions again
            return late

        def clear(self, order_id, _post):
            yield from ()
            return checkout.clear(order_id)

    assert executors.handler(checkout=LateChecks(late)).handle(take(executors), stale) is None

    assert [len(sessions) for sessions in services.sessions.values()] == [0, 0, 0]


def test_an_order_leaves_the_queue_only_when_every_service_has_forgotten_it(executors, new_order):
    checks = Checks(Outcome(OrderStatus.APPROVED))
    checks.cleared = [False, True]
    handler, order_id = executors.handler(checkout=checks), executors.accept(new_order())
    epoch, taken = executors.store.take_epoch("executor-1"), take(executors)

    assert handler.handle(taken, epoch) == 1.0
    assert executors.status(order_id) is OrderStatus.APPROVED
    assert executors.queue.contents().processing == {"executor-1": [order_id]}

    assert handler.handle(taken, epoch) is None
    assert executors.queue.contents().all_ids() == set()
    assert len(executors.store.tables().payments) == 1


def test_a_check_that_fails_is_tried_three_times_and_then_the_order_fails(executors, new_order):
    checks = Checks(FAILED)
    handler, order_id = executors.handler(checkout=checks), executors.accept(new_order())
    epoch = executors.store.take_epoch("executor-1")
    taken = take(executors)

    pauses = [handler.handle(taken, epoch), handler.handle(taken, epoch)]
    assert pauses == [0.5, 1.0]
    assert executors.status(order_id) is None
    assert executors.queue.contents().processing == {"executor-1": [order_id]}

    assert handler.handle(taken, epoch) is None
    assert executors.store.load(order_id).outcome == FAILED
    assert checks.runs == 3
    assert executors.store.tables().payments == ()
    assert executors.channel.published == 1


def test_a_service_that_comes_back_in_time_saves_the_order(executors, new_order):
    checks = Checks(FAILED)
    handler, order_id = executors.handler(checkout=checks), executors.accept(new_order())
    epoch = executors.store.take_epoch("executor-1")
    taken = take(executors)
    assert handler.handle(taken, epoch) is not None

    checks.outcome = Outcome(OrderStatus.APPROVED)
    assert handler.handle(taken, epoch) is None

    assert executors.status(order_id) is OrderStatus.APPROVED


def test_checks_that_the_orchestrator_ran_are_not_run_again(executors, new_order, run):
    order_id = executors.accept(new_order())
    stamp = run.tracker("orchestrator").send(order_id, "order_queued", "executors")
    executors.store.record_checks(order_id, Outcome(OrderStatus.APPROVED), stamp)

    executors.handler().handle(take(executors), executors.store.take_epoch("executor-1"))

    assert executors.status(order_id) is OrderStatus.APPROVED
    assert run.named("InitializeOrder", "send") == []


def test_an_id_that_the_record_does_not_know_is_acknowledged_away(executors):
    executors.queue.push(["order-nobody-placed"])

    assert executors.handler().handle(take(executors), executors.store.take_epoch("executor-1")) is None

    assert executors.queue.contents().all_ids() == set()
    assert executors.channel.published == 0


# Replicas at work


def test_the_leader_sweeps_up_an_accepted_order_that_no_list_holds(executors, new_order):
    order_id = executors.accept(new_order(), queued=False)
    executors.clock.seconds = 60

    executors.start()

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)


def test_a_comparison_of_record_and_queue_that_was_much_work_is_not_repeated_at_once(executors, monkeypatch):
    compared, looked = [], []

    def nothing_to_take_over(_consumer):
        looked.append(1)
        return []

    def much_work(_age):
        compared.append(1)
        until = time.thread_time() + 0.5
        while time.thread_time() < until:
            pass
        return []

    monkeypatch.setattr(executors.store, "open_orders", much_work)
    monkeypatch.setattr(executors.queue, "take_over", nothing_to_take_over)

    executors.start()

    eventually(lambda: len(looked) > 5)
    assert compared == [1]


def test_a_leader_whose_epoch_was_overtaken_while_it_holds_the_lock_begins_a_new_term(executors, new_order, run):
    executors.start()
    eventually(lambda: run.named("elected"))
    executors.store.take_epoch("executor-9")  # it had won the lock before, and the record was slow to answer

    order_id = executors.accept(new_order())

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)
    assert [event.epoch for event in run.named("elected")] == [1, 3]
    assert [event.detail["reason"] for event in run.named("demoted")] == ["the record knows a later epoch"]


def test_a_leader_takes_over_what_a_dead_one_held(executors, new_order):
    order_id = executors.accept(new_order())
    take(executors, "executor-9")

    executors.start()

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)


def test_an_id_whose_take_was_carried_out_though_its_reply_was_lost_is_worked_on_all_the_same(
    executors, new_order, run, monkeypatch
):
    usual = executors.queue.take
    lost: list[str] = []

    def take(consumer, timeout, most):
        taken = usual(consumer, timeout, most)
        if taken and not lost:
            lost.extend(taken)
            raise redis.ConnectionError("the reply was lost")
        return taken

    monkeypatch.setattr(executors.queue, "take", take)
    order_id = executors.accept(new_order())

    executors.start()

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)
    assert lost == [order_id]
    assert [event.detail["orders"] for event in run.named("found")] == [[order_id]]


def test_an_order_that_is_queued_twice_is_worked_on_once_at_a_time(executors, new_order, run):
    may_end, checks = threading.Event(), Checks(Outcome(OrderStatus.APPROVED))

    def slow(order, post):
        may_end.wait(20)
        return Checks.run(checks, order, post)

    checks.run = slow  # type: ignore[method-assign]
    order_id = executors.accept(new_order())
    executors.queue.push([order_id])
    executors.start(checkout=checks)
    eventually(lambda: len(run.named("took")) == 2)

    may_end.set()

    eventually(lambda: executors.queue.contents().all_ids() == set())
    assert checks.runs == 1
    assert len(run.named("order_queued", "receive")) == 1


def test_an_order_whose_executors_end_three_times_is_not_begun_again(executors, new_order, run):
    order_id = executors.accept(new_order())
    checks = Checks(Outcome(OrderStatus.APPROVED))
    for _ in range(3):
        take(executors, "executor-9")
        executors.store.count_attempts(executors.queue.take_over(""))

    executors.start(checkout=checks)

    eventually(lambda: executors.status(order_id) is OrderStatus.FAILED)
    assert checks.runs == 0
    assert [reason.code for reason in executors.store.load(order_id).outcome.reasons] == ["gave_up"]

    executors.clock.seconds = 60
    executors.store.redrive(order_id)

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)
    assert [event.detail["drive"] for event in run.named("settled")] == [0, 1]


class Together(Checks):
    """Checks that take a moment, and remember who was checked beside whom."""

    def __init__(self) -> None:
        super().__init__(Outcome(OrderStatus.APPROVED))
        self.now: set[str] = set()
        self.beside: dict[str, int] = {}

    def run(self, order, post):
        self.now.add(order.order_id)
        threading.Timer(0.05, post, [None]).start()
        yield
        self.beside |= {order_id: max(len(self.now) - 1, self.beside.get(order_id, 0)) for order_id in self.now}
        self.now.discard(order.order_id)
        self.runs += 1
        return self.outcome


def test_an_order_of_which_one_more_crash_makes_a_dead_letter_has_no_other_beside_it(executors, new_order):
    suspects = [executors.accept(new_order()) for _ in range(2)]
    executors.store.count_attempts(suspects)
    for _ in suspects:
        take(executors, "executor-9")  # which is dead, so that makes two
    checks, others = Together(), [executors.accept(new_order()) for _ in range(6)]

    executors.start(checkout=checks)

    eventually(lambda: executors.queue.contents().all_ids() == set())
    assert [checks.beside[order_id] for order_id in suspects] == [0, 0]
    assert max(checks.beside[order_id] for order_id in others) > 0


def test_what_a_leader_takes_is_in_the_trace_with_the_time_at_which_it_still_led(executors, new_order, run):
    order_id = executors.accept(new_order())
    executors.start()
    eventually(lambda: run.named("acknowledged"))

    ((took,), (elected,)) = run.named("took"), run.named("elected")

    assert (took.detail["order"], took.epoch) == (order_id, elected.epoch)
    assert elected.wall <= took.detail["asked"] <= min(took.wall, elected.detail["believes_until"])


def test_what_a_leader_takes_over_counts_as_an_attempt(executors, new_order, run):
    order_id = executors.accept(new_order())
    take(executors, "executor-9")
    executors.start(checkout=Checks(FAILED))

    eventually(lambda: executors.status(order_id) is OrderStatus.FAILED)

    assert [event.detail["orders"] for event in run.named("took over")] == [[order_id]]
    assert executors.store.load(order_id).attempts == 2  # of three; the last one failed the order


@pytest.mark.parametrize("trouble", [UnavailableError("Not now."), RuntimeError("a mistake of ours")])
def test_an_order_that_met_trouble_is_tried_again(executors, new_order, monkeypatch, trouble):
    usual, troubles = executors.store.settle_many, [trouble]

    def settle_many(endings):
        if troubles:
            raise troubles.pop()
        return usual(endings)

    monkeypatch.setattr(executors.store, "settle_many", settle_many)
    order_id = executors.accept(new_order())

    executors.start()

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)
    eventually(lambda: executors.queue.contents().all_ids() == set())


def test_a_leader_that_cannot_reach_queue_or_record_goes_on_when_they_are_back(executors, new_order, monkeypatch):
    usual, troubles = executors.queue.take_over, [redis.ConnectionError("gone"), UnavailableError("gone")]

    def take_over(consumer):
        if troubles:
            raise troubles.pop()
        return usual(consumer)

    monkeypatch.setattr(executors.queue, "take_over", take_over)
    order_id = executors.accept(new_order())

    executors.start()

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)


def test_a_queue_that_fails_more_often_than_orders_fit_in_flight_leaves_room_for_orders(
    executors, new_order, monkeypatch
):
    usual, troubles = executors.queue.take, [redis.ConnectionError("gone")] * 20

    def take(consumer, timeout, most):
        if troubles:
            raise troubles.pop()
        return usual(consumer, timeout, most)

    monkeypatch.setattr(executors.queue, "take", take)
    monkeypatch.setattr("services.order_executor.worker._PAUSE_AFTER_ERROR", 0.001)
    order_id = executors.accept(new_order())

    executors.start()

    eventually(lambda: executors.status(order_id) is OrderStatus.APPROVED)


def test_a_follower_takes_no_order_before_it_is_elected(executors, new_order, run):
    executors.lease.acquire("executor-9", 60)
    executors.accept(new_order())
    executors.start()
    eventually(lambda: run.named("waiting"))

    executors.lease.release("executor-9")

    eventually(lambda: run.named("acknowledged"))
    names = [event.name for event in run.events(process="executor-1")]
    assert names.index("waiting") < names.index("elected") < names.index("order_queued")


def has_settled(run, count):
    return len(run.named("settled")) >= count


def test_every_order_ends_once_when_leaders_drain_one_after_the_other_under_load(executors, new_order, run):
    replicas = {name: executors.start(name) for name in ("executor-1", "executor-2", "executor-3")}
    orders = [executors.accept(new_order()) for _ in range(30)]

    for done in (5, 15):
        eventually(partial(has_settled, run, done))
        eventually(executors.lease.holder)
        replicas[executors.lease.holder()].Drain(order_executor_pb2.DrainRequest(), timeout=20)
    eventually(lambda: len(run.named("acknowledged")) >= 30)
    eventually(lambda: executors.queue.contents().all_ids() == set())

    assert {executors.status(order_id) for order_id in orders} == {OrderStatus.APPROVED}
    assert len(executors.store.tables().epochs) == 3
    verdict = check(run.events(), executors.store.tables())
    assert verdict.holds, str(verdict)


# Status and drain over gRPC


def status_of(replica):
    reply = replica.GetStatus(order_executor_pb2.StatusRequest(), timeout=20)
    return reply.node_id, reply.is_leader, reply.current_leader, reply.epoch


def test_each_replica_says_who_leads(executors):
    leader = executors.start("executor-1")
    eventually(lambda: status_of(leader)[1])
    follower = executors.start("executor-2")

    assert status_of(leader) == ("executor-1", True, "executor-1", 1)
    assert status_of(follower) == ("executor-2", False, "executor-1", 0)


def test_a_drained_leader_finishes_its_orders_hands_over_and_never_leads_again(executors, new_order, run):
    may_end = threading.Event()
    checks = Checks(Outcome(OrderStatus.APPROVED))
    began = threading.Event()

    def slow(order, post):
        began.set()
        may_end.wait(20)
        return Checks.run(checks, order, post)

    checks.run = slow  # type: ignore[method-assign]
    leader = executors.start("executor-1", checks)
    eventually(executors.lease.holder)
    follower = executors.start("executor-2")
    in_flight = executors.accept(new_order())
    assert began.wait(20)

    draining = leader.Drain.future(order_executor_pb2.DrainRequest(), timeout=20)
    may_end.set()
    draining.result()

    assert executors.status(in_flight) is OrderStatus.APPROVED
    eventually(lambda: status_of(follower)[1])
    assert status_of(leader) == ("executor-1", False, "executor-2", 0)
    later = executors.accept(new_order())
    eventually(lambda: executors.status(later) is OrderStatus.APPROVED)
    assert [event.process for event in run.named("elected")] == ["executor-1", "executor-2"]


def test_draining_twice_is_harmless(executors):
    replica = executors.start()
    eventually(executors.lease.holder)

    for _ in range(2):
        replica.Drain(order_executor_pb2.DrainRequest(), timeout=20)

    assert executors.lease.holder() is None


def test_the_status_without_redis_is_an_error_that_keeps_inner_texts_inside(executors, monkeypatch):
    replica = executors.start()

    def gone():
        raise redis.ConnectionError("Error 111 connecting to sesame:6379")

    with monkeypatch.context() as patch:
        patch.setattr(executors.lease, "holder", gone)
        with pytest.raises(grpc.RpcError) as caught:
            status_of(replica)

    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
    assert "sesame" not in str(caught.value.details())
