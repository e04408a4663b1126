"""`Bookstore`: a real distributed bookstore under a notebook."""

import os
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from bookstore_lib.core.errors import BookstoreError, SetupError, UnavailableError
from bookstore_lib.lab.controls import Controls
from bookstore_lib.lab.figures import Picture, Size, draw_system
from bookstore_lib.lab.history import History
from bookstore_lib.lab.ledger import Ledger
from bookstore_lib.lab.notebook_cell import close_earlier_of_this_cell
from bookstore_lib.lab.record import runs_folder
from bookstore_lib.lab.shop_client import Receipt, ShopClient
from bookstore_lib.lab.supervisor.client import SupervisorClient
from bookstore_lib.lab.supervisor.plan import Fsync, LabSettings
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.redis_lease import RedisLease
from bookstore_lib.runtime.redis_queue import RedisQueue
from bookstore_lib.runtime.settings import Settings, variable

_POLL = 0.01
_QUIET_SECONDS = 10.0
# A new leader is there after the rest of the old lease; a few lives leave room for a busy machine.
_LEASE_LIVES = 4


class Bookstore(Controls, Ledger):
    """A bookstore of real processes, ready when every health check passes; ends with the `with` block or the kernel.

    Args:
        executors: Number of order executors.
        coordinator: Who runs the checks: `executor` or `orchestrator`.
        lease_ttl: Life of the leader's lock, in seconds.
        renew_every: Seconds between two renewals; a third of `lease_ttl` when 0.
        http_port: Of the shop; 0 picks a free one.
        run_dir: Folder for logs, traces and the servers' data. A new one below the system's temporary folder when not
            given; then the servers' data (some 40 MB) goes when the bookstore ends.
        fsync: When Redis writes to disk: `always`, `everysec` or `no`.
        links: Whether links can be cut; each then goes through a relay, which costs some latency.
        mtls: Whether all gRPC peers prove with certificates of this bookstore who they are; strangers are refused.
        fence: Whether the record refuses the writes of former leaders; without it an order can be charged twice.
        watch: Whether executors that do not lead watch the one that does, and take over at once when it dies; without
            it they wait for the end of its lock.
        transport: How the services are called: `stream` (many calls on one stream) or `unary` (each by itself).
        max_in_flight: Orders that the leader works on at the same time.
        trace_sample: Share of the orders that are traced, for load: diagrams and verdicts know of no others.

    Attributes:
        url: The shop's address.
        debug_urls: The debug server of each executor: `/status` and `/debug/queue`.
        run_dir: The folder.
        ready_seconds: How long it took until every process was ready.

    Raises:
        SetupError: Something cannot run here; the sentence says what to do. Nothing is left running.
    """

    def __init__(
        self,
        executors: int = 3,
        *,
        coordinator: str = "executor",
        lease_ttl: float = 3.0,
        renew_every: float = 0.0,
        http_port: int = 0,
        run_dir: str | Path | None = None,
        fsync: Fsync = "always",
        links: bool = False,
        mtls: bool = False,
        fence: bool = True,
        watch: bool = True,
        transport: str = "stream",
        max_in_flight: int = 32,
        trace_sample: float = 1.0,
    ) -> None:
        self.run_dir = Path(run_dir).absolute() if run_dir else _new_run_dir()
        of_services: dict[str, Any] = {
            "coordinator": coordinator,
            "lease_ttl": lease_ttl,
            "renew_every": renew_every,
            "transport": transport,
            "max_in_flight": max_in_flight,
            "trace_sample": trace_sample,
        }
        self._settings = LabSettings(
            **of_services,
            run_dir=str(self.run_dir),
            executors=executors,
            fsync=fsync,
            http_port=http_port,
            redis_url=os.environ.get("BOOKSTORE_REDIS_URL", ""),
            postgres_url=os.environ.get("BOOKSTORE_POSTGRES_URL", ""),
            card_key=os.environ.get("BOOKSTORE_CARD_KEY", ""),
            links=links,
            mtls=mtls,
            fence=fence,
            watch=watch,
            keep_data=run_dir is not None,
        )
        Settings("lab", self.run_dir, **of_services)  # the same checks as in the services, before anything has started
        close_earlier_of_this_cell(self)
        self._supervisor = SupervisorClient()
        self.close = weakref.finalize(self, self._supervisor.close)
        self._start()

    def _start(self) -> None:
        began = time.monotonic()
        try:
            where = self._supervisor.tell(asdict(self._settings))
        except BookstoreError as error:
            self.close()
            raise SetupError(str(error)) from error
        except BaseException:
            self.close()
            raise
        self.ready_seconds = time.monotonic() - began
        self.url: str = where["url"]
        self.debug_urls: dict[str, str] = where["debug"]
        self._redis_url = where["redis_url"]
        self._redis_is_ours = not self._settings.redis_url
        self._postgres_url: str = where["postgres_url"]
        self._client = ShopClient(self.url)
        if not self._client.healthy():
            self.close()
            raise SetupError(f"The shop started but is not well; see the logs in {self.run_dir / 'logs'}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Bookstore(executors={self._settings.executors}, {'running' if self.close.alive else 'stopped'})"

    @property
    def settings(self) -> LabSettings:
        """What was chosen about it."""
        return self._settings

    @property
    def client(self) -> ShopClient:
        """Places orders and asks about them.

        Raises:
            BookstoreError: The bookstore was stopped.
        """
        self._require_running()
        return self._client

    @property
    def redis_url(self) -> str:
        """Where its Redis is, with the password."""
        return self._redis_url

    def set_lease(self, ttl: float, renew_every: float = 0.0) -> None:
        """Give the leader's lock another life: all executors stop in order, are told, and start again.

        Args:
            ttl: Life of the lock, in seconds.
            renew_every: Seconds between two renewals; a third of `ttl` when 0.

        Raises:
            SetupError: These times make no sense together; nothing was changed.
            BookstoreError: An executor does not start again.
        """
        Settings("lab", self.run_dir, lease_ttl=ttl, renew_every=renew_every)
        executors = [status for status in self.processes() if status.name.startswith("executor-")]
        for status in executors:
            if status.state != "dead":
                self.stop(status.name)
            told = {variable("lease_ttl"): str(ttl), variable("renew_every"): str(renew_every or "")}
            self._tell({"do": "settings", "process": status.name, "env": told})
        self._settings = replace(self._settings, lease_ttl=ttl, renew_every=renew_every)
        for status in executors:
            self.launch(status.name)
        for status in executors:
            self.await_ready(status.name)

    def checkout(self, items: Mapping[str, int], customer: str = "good", *, key: str = "") -> Receipt:
        """Place an order through HTTP, as a browser would, and wait for its outcome.

        Args:
            items: Copies by title, such as `{"Frankenstein": 1}`.
            customer: `good`, `bad_card`, `expired_card`, `missing_city` or `suspicious`.
            key: An idempotency key: the same key and order again give the same answer.

        Raises:
            BookstoreError: The shop refused the order or does not answer; the sentence says why.
        """
        return self.client.checkout(items, customer, key=key)

    @property
    def leader(self) -> str:
        """The executor that leads; waits for one to be elected, at most a few lives of the lease.

        Raises:
            BookstoreError: Nobody was elected in time.
        """
        return self.await_leader()

    def await_leader(self, other_than: str = "") -> str:
        """Wait until a live executor leads; with `other_than`, one that is not this.

        Raises:
            BookstoreError: Nobody was elected in time.
        """
        self._require_running()
        until = time.monotonic() + _LEASE_LIVES * self._settings.lease_ttl + 5
        trouble = BookstoreError("Nobody was elected; start an executor with shop.start(...).")
        while time.monotonic() < until:
            try:
                holder = self._holder()
            except redis.RedisError:  # it may come back
                holder, trouble = None, UnavailableError("Redis does not answer; start it with shop.start('redis').")
            alive = {status.host: status.name for status in self.processes() if status.state != "dead"}
            if holder in alive and alive[holder] != other_than:
                return alive[holder]
            if not any(name.startswith("executor-") for name in alive.values()):
                raise BookstoreError("No executor is left; start one, with shop.start('executor-1') say.")
            time.sleep(_POLL)
        raise trouble

    def history(self) -> History:
        """All events so far, with the final tables of the record; waits until no order is under way (10 s at most)."""
        self._await_quiet()
        return History.load(self.run_dir / "traces", tables=self.tables())

    def draw_system(self, title: str | None = None, *, figsize: Size | None = None) -> Picture:
        """The processes as they are now, which of them leads, who talks to whom, and what is assumed of them."""
        status = self.processes()
        try:
            holder = self._holder()
        except redis.RedisError:  # nobody leads then
            holder = None
        leader = next((each.name for each in status if each.host == holder and each.state != "dead"), "")
        coordinator = self._settings.coordinator
        states = {each.name: each.state for each in status}
        return draw_system(states, leader=leader, coordinator=coordinator, title=title, figsize=figsize)

    @property
    def supervisor_pid(self) -> int:
        """Process id of the supervisor, the parent of all other processes."""
        return self._supervisor.pid

    def queue_length(self) -> int:
        """Orders that wait or are under way.

        Raises:
            BookstoreError: Redis does not answer.
        """
        self._require_running()
        try:
            with connect(self._redis_url) as client:
                return len(RedisQueue(client).contents().all_ids())
        except redis.RedisError as error:
            raise UnavailableError("Redis does not answer; start it with shop.start('redis').") from error

    def _holder(self) -> str | None:
        """The host that holds the leader's lock; raises RedisError."""
        with connect(self._redis_url) as client:
            return RedisLease(client).holder()

    def _await_quiet(self) -> None:
        until = time.monotonic() + _QUIET_SECONDS
        states = {status.name: status.state for status in self.processes()}
        if states.get("redis", "running") == "running":
            while self.queue_length() and time.monotonic() < until:
                time.sleep(_POLL)

    def _require_running(self) -> None:
        if not self.close.alive:
            raise BookstoreError("This bookstore was stopped; start a new one with Bookstore().")

    def _tell(self, order: dict[str, Any]) -> dict[str, Any]:
        self._require_running()
        return self._supervisor.tell(order)


def _new_run_dir() -> Path:
    parent = runs_folder()
    parent.mkdir(mode=0o755, exist_ok=True)
    run_dir = Path(tempfile.mkdtemp(prefix=time.strftime("run-%Y%m%d-%H%M%S-"), dir=parent))
    # Where root starts it, PostgreSQL runs as another user, who has to get to its folder in here.
    run_dir.chmod(0o711)
    return run_dir
