"""Backlogs and orders over HTTP, this system and its peers in turns: a slow minute of the machine is everybody's."""

import os
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.bench import http
from bookstore_lib.lab.bench.drain import Way, drain
from bookstore_lib.lab.bench.peers import drain as peer_drain
from bookstore_lib.lab.bench.peers.http import press_peer
from bookstore_lib.lab.bench.peers.table import Peer, Setting
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.bench.watch import Drain
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.runtime.settings import variable

Say = Callable[[str], None]
OURS = "bookstore"
RATE = "orders a second"
DRAIN, HTTP = "drain", "orders over HTTP"
STREAMS, TRACED = "our streams", "all traced"
SAMPLE = 0.01
_WARM_UP = 1.0


class Plan(NamedTuple):
    """What to measure, and how often.

    Attributes:
        orders: In a backlog that streams work off; others get half. Many more than are under way at a time, else what
            is done before the first look counts for much.
        rounds: Of everything; the medians count.
        ways: Of ours.
        peers: Who is compared with; those that are installed.
        settings: How many settings of each are tried.
        customers: Of a shop over HTTP.
        seconds: How long they order.
    """

    orders: int
    rounds: int
    ways: Sequence[Way]
    peers: Sequence[Peer]
    settings: int
    customers: int
    seconds: float

    @property
    def few(self) -> int:
        """The orders of a backlog where each call goes by itself."""
        return self.orders // 2


class Contender(NamedTuple):
    """A peer with one of its settings."""

    peer: Peer
    setting: Setting


class Comparison:
    """Takes turns and keeps what was measured.

    Args:
        plan: What to measure.
        say: Told what happens, a line each.
        note: Told what has to be read, too.
    """

    def __init__(self, plan: Plan, say: Say, note: Say) -> None:
        self._plan, self._say, self._note = plan, say, note
        self._drains = defaultdict[tuple[str, str], list[Drain]](list)
        self._presses = defaultdict[tuple[str, str], list[http.Measured]](list)
        self._round = 0
        self._contenders = [
            Contender(peer, setting) for peer in plan.peers for setting in peer.settings[: plan.settings]
        ]

    def take_turns(self) -> list[Row]:
        """Measure everybody once; what a peer cannot do is noted, and it is left out.

        Returns:
            What was measured so far: medians of the rounds.
        """
        self._round += 1
        turn = f"Round {self._round} of {self._plan.rounds}"
        self._drain_ours(turn)
        self._drain_peers(turn)
        self._press(turn)
        return [*self._drain_rows(), *self._http_rows()]

    def _drain_ours(self, turn: str) -> None:
        for way in self._plan.ways:
            self._say(f"{turn}: a backlog, {way}")
            orders = self._plan.few if way.transport == "unary" or way.in_flight < 8 else self._plan.orders
            try:
                self._drains[OURS, str(way)].append(drain(orders, way))
            except BookstoreError as error:
                self._note(f"This turn does not count: {error}")

    def _drain_peers(self, turn: str) -> None:
        if not self._contenders:
            return
        with _services(SAMPLE) as shop:
            for each in list(self._contenders):
                self._drain_peer(turn, shop, each)
            best = self._best(loop=True)
            if best is not None:
                self._drain_peer(turn, shop, best, STREAMS)
        best = self._best()
        if best is not None:
            with _services(1.0) as shop:
                self._drain_peer(turn, shop, best, TRACED)

    def _drain_peer(self, turn: str, shop: Bookstore, each: Contender, differently: str = "") -> None:
        name, streams = _way(each.setting, differently), differently == STREAMS
        self._say(f"{turn}: a backlog, {each.peer.name}, {name}")
        try:
            measured = peer_drain.drain(
                shop,
                each.peer,
                each.setting,
                self._plan.orders if streams else self._plan.few,
                "stream" if streams else "unary",
            )
        except BookstoreError as error:
            self._note(f"{each.peer.name} is left out from here on: {error}")
            self._contenders = [other for other in self._contenders if other.peer != each.peer]
        else:
            self._drains[each.peer.name, name].append(measured)

    def _best(self, *, loop: bool = False) -> Contender | None:
        """Who has been fastest so far, or fastest on an event loop."""
        able = [each for each in self._contenders if each.peer.loop or not loop]
        return max(able, key=self._rate, default=None)

    def _rate(self, each: Contender) -> float:
        return _median(drain.rate for drain in self._drains[each.peer.name, _way(each.setting)])

    def _press(self, turn: str) -> None:
        plan = self._plan
        with _unlimited(), Bookstore(trace_sample=SAMPLE) as shop:
            books = [book["title"] for book in shop.client.books(limit=plan.customers)]
            requests = [http.order_request(books[number % len(books)]) for number in range(plan.customers)]
            self._say(f"{turn}: {plan.customers} customers over HTTP")
            http.run(shop.url, requests, _WARM_UP)
            self._presses[OURS, _customers(plan)].append(http.run(shop.url, requests, plan.seconds))
            best = self._best()
            if best is not None:
                self._press_peer(turn, shop, best, requests)

    def _press_peer(self, turn: str, shop: Bookstore, best: Contender, requests: list[bytes]) -> None:
        plan, peer = self._plan, best.peer.name
        self._say(f"{turn}: {plan.customers} customers over HTTP, {peer}")
        for name in [each.name for each in shop.processes() if each.name.startswith("executor-")]:
            shop.stop(name)
        try:
            measured = press_peer(shop, best.peer, best.setting, requests, _WARM_UP, plan.seconds)
        except (BookstoreError, OSError, EOFError) as error:
            self._note(f"{peer} could not be measured over HTTP: {error}")
        else:
            self._presses[peer, f"{_customers(plan)}, {best.setting.name}"].append(measured)

    def _drain_rows(self) -> Iterator[Row]:
        for (who, way), drains in self._drains.items():
            if not drains:
                continue
            yield Row(DRAIN, who, way, RATE, _median(each.rate for each in drains))
            yield Row(DRAIN, who, way, "CPU ms an order", _median(sum(each.cpu.values()) for each in drains))
            for process in drains[0].cpu:
                cpu = _median(each.cpu.get(process, 0.0) for each in drains)
                yield Row(DRAIN, who, way, f"CPU ms an order, {process}", cpu)

    def _http_rows(self) -> Iterator[Row]:
        for (who, way), measured in self._presses.items():
            yield Row(HTTP, who, way, RATE, _median(each.rate for each in measured))
            yield Row(HTTP, who, way, "ms an order, median", _median(each.median for each in measured))
            yield Row(HTTP, who, way, "ms an order, 99 %", _median(each.p99 for each in measured))


def _way(setting: Setting, differently: str = "") -> str:
    return f"{setting.name}, {differently}" if differently else setting.name


def _customers(plan: Plan) -> str:
    return f"{plan.customers} customers"


def _median(values: Iterator[float]) -> float:
    found = list(values)
    return statistics.median(found) if found else 0.0


@contextmanager
def _services(sample: float) -> Iterator[Bookstore]:
    """A bookstore whose services run and whose executors do not."""
    with Bookstore(1, trace_sample=sample) as shop:
        shop.stop("executor-1")
        yield shop


@contextmanager
def _unlimited() -> Iterator[None]:
    """All customers have one address; the shop is not to mind."""
    name = variable("rate_limit")
    before = os.environ.get(name)
    os.environ[name] = "1000000"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
