"""A schedule as data: which orders are placed when, and what happens to the bookstore meanwhile."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.customers import CUSTOMERS
from bookstore_lib.lab.faults import Fault
from bookstore_lib.lab.supervisor.plan import Fsync
from bookstore_lib.runtime.settings import TRANSPORTS

EXECUTORS = 3
_MOST_EXECUTORS = 9
_LONGEST = 3600


class Placement(NamedTuple):
    """An order to be placed.

    Attributes:
        at: Seconds after the beginning.
        items: Copies by title.
        customer: One of `customers.CUSTOMERS`.
        key: Idempotency key; placements with the same key are one order.
    """

    at: float
    items: Mapping[str, int]
    customer: str
    key: str


class TimedFault(NamedTuple):
    """A fault, and the seconds after the beginning at which it begins."""

    at: float
    fault: Fault


@dataclass(frozen=True)
class Schedule:
    """What happens in one round of a campaign.

    Attributes:
        name: Names it: `<seed>-<number>`, or what its file is called.
        orders: By time.
        faults: By time.
        fsync: When the Redis of the bookstore writes to disk.
        executors: How many executors the bookstore has.
        transport: How its services are called: `stream` or `unary`.
    """

    name: str
    orders: tuple[Placement, ...]
    faults: tuple[TimedFault, ...]
    fsync: Fsync = "always"
    executors: int = EXECUTORS
    transport: str = "stream"

    @property
    def bookstore(self) -> tuple[Fsync, int, str]:
        """What kind of bookstore it wants: those that want the same one can share it."""
        return self.fsync, self.executors, self.transport

    def to_fields(self) -> dict[str, Any]:
        """What `from_fields` reads."""
        return {
            "orders": [order._asdict() for order in self.orders],
            "faults": [{"at": timed.at, "fault": timed.fault.to_fields()} for timed in self.faults],
            "fsync": self.fsync,
            "executors": self.executors,
            "transport": self.transport,
        }

    @classmethod
    def from_fields(cls, name: str, values: Any) -> "Schedule":
        """Read a schedule from what JSON holds.

        Raises:
            BookstoreError: It is none; the sentence says where the mistake is.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("orders"), list) or not values["orders"]:
            raise BookstoreError(f"{name}: a schedule is an object with a list of 'orders' and one of 'faults'.")
        faults = values.get("faults", [])
        if not isinstance(faults, list):
            raise BookstoreError(f"{name}: 'faults' has to be a list.")
        if (fsync := values.get("fsync", "always")) not in get_args(Fsync):
            raise BookstoreError(f"{name}: 'fsync' has to be one of {', '.join(get_args(Fsync))}, not {fsync!r}.")
        if (executors := values.get("executors", EXECUTORS)) not in range(1, _MOST_EXECUTORS + 1):
            raise BookstoreError(f"{name}: 'executors' has to be a number from 1 to {_MOST_EXECUTORS}.")
        if (transport := values.get("transport", "stream")) not in TRANSPORTS:
            raise BookstoreError(f"{name}: 'transport' has to be one of {', '.join(TRANSPORTS)}, not {transport!r}.")
        orders = tuple(_placement(f"{name}, order {n}", order, n) for n, order in enumerate(values["orders"], 1))
        timed = tuple(_timed(f"{name}, fault {n}", fault) for n, fault in enumerate(faults, 1))
        by_time = tuple(sorted(orders, key=lambda o: o.at)), tuple(sorted(timed, key=lambda t: t.at))
        return cls(name, *by_time, fsync, executors, transport)

    @classmethod
    def load(cls, path: Path) -> "Schedule":
        """Read a schedule from a file of JSON.

        Raises:
            BookstoreError: It cannot be read, or is no schedule.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BookstoreError(f"{path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise BookstoreError(f"{path} is not JSON: {error}.") from error
        return cls.from_fields(path.name, values)


def _placement(where: str, values: Any, number: int) -> Placement:
    if not isinstance(values, Mapping) or not isinstance(items := values.get("items"), Mapping) or not items:
        raise BookstoreError(f'{where}: an order needs "items", such as {{"Frankenstein": 1}}.')
    if not all(isinstance(copies, int) and copies > 0 for copies in items.values()):
        raise BookstoreError(f"{where}: the number of copies has to be a whole number from 1.")
    if (customer := values.get("customer", "good")) not in CUSTOMERS:
        raise BookstoreError(f"{where}: there is no customer {customer!r}; there are {', '.join(CUSTOMERS)}.")
    key = values.get("key") or f"order-{number}"
    if unknown := values.keys() - set(Placement._fields):
        raise BookstoreError(f"{where}: an order has no {min(unknown)!r}.")
    return Placement(_seconds(where, values), items, customer, str(key))


def _timed(where: str, values: Any) -> TimedFault:
    if not isinstance(values, Mapping) or values.keys() - {"at"} != {"fault"}:
        raise BookstoreError(f"{where}: it is written as {{'at': seconds, 'fault': {{'kind': ..., ...}}}}.")
    try:
        return TimedFault(_seconds(where, values), Fault.from_fields(values["fault"]))
    except BookstoreError as error:
        raise BookstoreError(f"{where}: {error}") from error


def _seconds(where: str, values: Mapping[str, Any]) -> float:
    at = values.get("at", 0)
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < _LONGEST:
        raise BookstoreError(f"{where}: 'at' has to be a number of seconds from 0 to {_LONGEST}.")
    return float(at)
