"""Which processes a bookstore consists of, and what each is told."""

import base64
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.settings import variable
from bookstore_lib.runtime.starter import WATCH_STDIN

Fsync = Literal["always", "everysec", "no"]
SERVICES = {
    "transaction_verification": "verification_address",
    "fraud_detection": "fraud_address",
    "suggestions": "suggestions_address",
}
HOST = "127.0.0.1"
# What somebody who starts a bookstore may have set for its front door.
_FRONT_DOOR = ("cors_origins", "trusted_hosts", "rate_limit", "queue_limit")
# In the folder of a run while it runs: where its servers are, for whoever may read it, and its certificates.
ADDRESSES = "addresses.json"
CERTIFICATES = "certificates"


@dataclass(frozen=True)
class LabSettings:
    """What can be chosen about a bookstore; times are in seconds.

    Attributes:
        run_dir: Folder of the run: logs, traces and the servers' data.
        executors: Number of order executors.
        coordinator: Who runs the checks: `executor` or `orchestrator`.
        lease_ttl: Life of the leader's lock.
        renew_every: Time between two renewals; 0 stands for a third of `lease_ttl`.
        fsync: When Redis writes to disk: `always`, `everysec` or `no`.
        http_port: Of the orchestrator; 0 picks a free one.
        redis_url: A Redis server that runs already; empty: start one.
        postgres_url: A PostgreSQL server that runs already; empty: start one.
        card_key: Seals card data; empty: a new one. Orders that wait on an outside record need the same one again.
        links: Whether every link goes through a relay that can cut it.
        mtls: Whether gRPC peers prove to each other who they are.
        fence: Whether the record refuses the writes of former leaders.
        watch: Whether executors that do not lead watch the one that does.
        transport: How the services are called: `unary` (each call by itself) or `stream` (many on one stream).
        max_in_flight: Orders that the leader works on at the same time.
        trace_sample: Share of the orders that are traced.
        keep_data: Whether the servers' data stays when the run ends; logs and traces always do.
    """

    run_dir: str
    executors: int = 3
    coordinator: str = "executor"
    lease_ttl: float = 3.0
    renew_every: float = 0.0
    fsync: Fsync = "always"
    http_port: int = 0
    redis_url: str = ""
    postgres_url: str = ""
    card_key: str = ""
    links: bool = False
    mtls: bool = False
    fence: bool = True
    watch: bool = True
    transport: str = "stream"
    max_in_flight: int = 32
    trace_sample: float = 1.0
    keep_data: bool = True

    def __post_init__(self) -> None:
        if self.executors < 1:
            raise SetupError("A bookstore needs at least one executor.")
        if not 0 <= self.http_port <= 65535:
            raise SetupError(f"http_port has to be from 0 (any that is free) to 65535, not {self.http_port}.")
        if self.fsync not in get_args(Fsync):
            raise SetupError(f"fsync has to be one of {', '.join(get_args(Fsync))}, not {self.fsync!r}.")


@dataclass(frozen=True)
class Plan:
    """A service process: its name, the module to run, and its environment."""

    name: str
    module: str
    env: dict[str, str]

    @property
    def command(self) -> list[str]:
        """What to start."""
        return [sys.executable, "-m", self.module]


def executor_names(settings: LabSettings) -> list[str]:
    """`executor-1`, `executor-2`, ..."""
    return [f"executor-{number}" for number in range(1, settings.executors + 1)]


def plan_services(
    settings: LabSettings, addresses: dict[str, str], told: Callable[[str], dict[str, str]]
) -> list[Plan]:
    """The service processes of a bookstore.

    Args:
        settings: What was chosen.
        addresses: `host:port` by what is served there: the services, `orchestrator`, and for each executor its name
            and `<name> debug`.
        told: What else each process is told: where the servers are that it talks to, and its certificate.
    """
    shared = {
        "trace_dir": str(Path(settings.run_dir) / "traces"),
        "card_key": settings.card_key or base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "coordinator": settings.coordinator,
        "lease_ttl": str(settings.lease_ttl),
        "renew_every": str(settings.renew_every or ""),
        "fence": "on" if settings.fence else "off",
        "watch": "on" if settings.watch else "off",
        "transport": settings.transport,
        "max_in_flight": str(settings.max_in_flight),
        "trace_sample": str(settings.trace_sample),
    }

    def plan(name: str, module: str, **own: str) -> Plan:
        return Plan(name, f"services.{module}", _environment({"process": name} | shared | told(name) | own))

    # Slowest to import first: all start at once and share the cores.
    chosen = {name: os.environ.get(variable(name), "") for name in _FRONT_DOOR}
    plans = [plan("orchestrator", "orchestrator", http_listen=addresses["orchestrator"], **chosen)]
    for name in executor_names(settings):
        own = {"listen": addresses[name], "http_listen": addresses[f"{name} debug"]}
        plans.append(plan(name, "order_executor", **own))
    return plans + [plan(name, name, listen=addresses[name]) for name in SERVICES]


def _environment(told: dict[str, str]) -> dict[str, str]:
    # Nothing that was set for the notebook's own process may leak into a service.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("BOOKSTORE_")}
    return inherited | {variable(name): value for name, value in told.items() if value} | {WATCH_STDIN: "1"}
