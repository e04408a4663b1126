"""Orders and shops that the contract tests of the record share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bookstore_lib.core.order import Address, Book, Card, Item, Order, OrderStatus, Outcome, Reason
from bookstore_lib.core.vector_clock import VectorClock
from bookstore_lib.runtime.memory_store import MemoryOrderStore
from bookstore_lib.runtime.order_store import Acceptance, Ending, IdempotencyKey, OrderStore, Settlement
from bookstore_lib.runtime.tracker import Stamp

STOCK = {1: 100, 2: 5, 3: 1}
PRICE = 1075
NUMBER, CVV = "4111111111111111", "737"
STAMP = Stamp("orchestrator", "orchestrator#7", VectorClock({"orchestrator": 3}))
CLOCK = VectorClock({"orchestrator": 3, "executor-1": 9})
APPROVED = Outcome(OrderStatus.APPROVED, suggestions=(Book("2", "2", "Ann Author"),))
REJECTED = Outcome(OrderStatus.REJECTED, (Reason("invalid_cvv", "The CVV is wrong.", "transaction_verification"),))
FAILED = Outcome(OrderStatus.FAILED, (Reason("unavailable", "No answer.", "suggestions"),))


class Shop:
    """A store with the books of `STOCK`, whose clock the test can put forward."""

    def __init__(self, store: OrderStore, pass_time: Callable[[float], None]) -> None:
        self.store, self.pass_time = store, pass_time

    def accept(self, order_id: str = "order-1", key: str | None = None, **copies: int) -> str:
        """Keeps an order; `copies` by book, as `book_1=2`."""
        idempotency = IdempotencyKey(key, "the body") if key else None
        return self.store.accept(Acceptance(make_order(order_id, **copies), STAMP, idempotency))

    def settle(self, order_id: str = "order-1", epoch: int | None = 1, outcome: Outcome = APPROVED) -> Settlement:
        return self.store.settle(Ending(order_id, epoch, outcome, CLOCK))

    def stock(self) -> dict[int, int]:
        return {row.book_id: row.stock for row in self.store.tables().stock}


def make_order(order_id: str = "order-1", **copies: int) -> Order:
    items = [Item(name[-1], quantity, PRICE, int(name[-1])) for name, quantity in (copies or {"book_1": 2}).items()]
    address = Address("Liivi 2", "Tartu", "", "50409", "Estonia")
    return Order(
        order_id, "Ada", "ada@example.org", Card(NUMBER, "12/30", CVV), address, tuple(items), "et-EE", "request-7"
    )


def memory_shop(*, fenced: bool = True) -> Shop:
    now = [1000.0]

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    return Shop(MemoryOrderStore(STOCK, lambda: now[0], fenced=fenced), pass_time)


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act` returns in threads that begin at the same moment."""
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))
