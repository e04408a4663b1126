"""Settings: read once from the environment in an entry point, then passed on as a frozen object."""

import math
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from bookstore_lib.core.errors import SetupError

Coordinator = Literal["executor", "orchestrator"]
COORDINATORS: tuple[str, ...] = get_args(Coordinator)
TRANSPORTS = ("unary", "stream")
_POSITIVE = (
    "trace_sample",
    "lease_ttl",
    "max_in_flight",
    "rate_limit",
    "queue_limit",
    "outcome_wait",
    "call_deadline",
    "session_idle",
)
_SWITCH = {"on": True, "off": False}
# Listens on every network of the machine, and names none of its addresses.
_ANY_HOST = ("", "0.0.0.0", "[::]")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a service can be told. Each field `x` is read from the variable `BOOKSTORE_X`; times are in seconds.

    Attributes:
        process: Name of this process in logs, traces and clocks.
        trace_dir: Folder where the process writes its trace.
        trace_sample: Share of the orders that are traced, above 0 and at most 1; all processes need the same one.
            Diagrams and guarantees know of traced orders only.
        listen: `host:port` to serve gRPC on.
        http_listen: `host:port` to serve HTTP on.
        redis_url: The Redis-protocol server.
        postgres_url: The record.
        verification_address: `host:port` of transaction_verification.
        fraud_address: `host:port` of fraud_detection.
        suggestions_address: `host:port` of suggestions.
        card_key: Key that seals card data at rest: 32 bytes in URL-safe base64.
        tls_ca: File of the authority (PEM) whose gRPC peers are trusted; gRPC in the clear where no file is given.
        tls_cert: File of this process's certificate for gRPC.
        tls_key: File of its private key.
        coordinator: Who runs the checks: the `executor` or the `orchestrator`.
        transport: How calls of the services go: `unary` (each by itself) or `stream` (many on one stream).
        lease_ttl: Life of the leader's lock.
        renew_every: Time between two renewals; a third of `lease_ttl` when 0.
        fence: Whether the record refuses the writes of former leaders, `on` or `off`. Off is for the labs, to see what
            then happens: an order can be charged twice.
        watch: Whether executors that do not lead watch the one that does, and take over at once when it dies, `on` or
            `off`. When off they wait for the end of its lock.
        watch_address: `host:port` at which other executors find this one to watch it. When empty, that of `listen`,
            with this machine's name where `listen` names no host.
        watch_via: Where executors are found instead, `name=host:port` with commas between. For the labs, whose links
            can be cut.
        max_in_flight: Orders that the leader works on at the same time.
        cors_origins: Origins whose pages may read the shop's answers, with commas between.
        trusted_hosts: Names that the shop answers for, with commas between; `*` stands for any.
        rate_limit: Requests that one client address may send in a second.
        queue_limit: Orders that may wait before the shop takes no more.
        outcome_wait: How long `POST /checkout` waits for the outcome before it answers 202.
        call_deadline: Deadline of one call to a service, its retries included.
        session_idle: Time after which a service forgets an order nobody asked about.
        crash_at: Where this process kills or freezes itself, once: `<step>:before|after[:kill|freeze]`, see
            `crash_points`; nowhere when empty.
    """

    process: str
    trace_dir: Path
    listen: str = "127.0.0.1:0"
    http_listen: str = "127.0.0.1:0"
    redis_url: str = ""
    postgres_url: str = ""
    verification_address: str = ""
    fraud_address: str = ""
    suggestions_address: str = ""
    card_key: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    trace_sample: float = 1.0
    coordinator: str = "executor"
    transport: str = "stream"
    lease_ttl: float = 30.0
    renew_every: float = 0.0
    fence: str = "on"
    watch: str = "on"
    watch_address: str = ""
    watch_via: str = ""
    max_in_flight: int = 32
    cors_origins: str = "http://localhost:8080,http://127.0.0.1:8080"
    trusted_hosts: str = "localhost,127.0.0.1,[::1]"
    rate_limit: float = 1000.0
    queue_limit: int = 50_000
    outcome_wait: float = 10.0
    call_deadline: float = 3.0
    session_idle: float = 600.0
    crash_at: str = ""

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            _require(0 < getattr(self, name) < math.inf, name, "has to be a number greater than 0")
        _require(self.trace_sample <= 1, "trace_sample", "has to be above 0 and at most 1")
        for name in ("listen", "http_listen"):
            sentence = f"has to be host:port, such as 127.0.0.1:8081, not {getattr(self, name)!r}"
            _require(_is_port(getattr(self, name).rpartition(":")[2]), name, sentence)
        sentence = f"has to be host:port, such as executor-1:50060, not {self.watch_address!r}"
        _require(not self.watch_address or _is_address(self.watch_address), "watch_address", sentence)
        for route in filter(None, self.watch_via.split(",")):
            name, _, address = route.partition("=")
            sentence = f"has to be name=host:port, with commas between, not {route!r}"
            _require(bool(name) and _is_address(address), "watch_via", sentence)
        _require(self.coordinator in COORDINATORS, "coordinator", f"has to be one of {', '.join(COORDINATORS)}")
        for name in ("fence", "watch"):
            _require(getattr(self, name) in _SWITCH, name, f"has to be on or off, not {getattr(self, name)!r}")
        _require(self.transport in TRANSPORTS, "transport", f"has to be one of {', '.join(TRANSPORTS)}")
        if not self.renew_every:
            object.__setattr__(self, "renew_every", self.lease_ttl / 3)
        _require(
            0 < self.renew_every < self.lease_ttl - self.lease_margin,
            "renew_every",
            f"has to lie between 0 and {self.lease_ttl - self.lease_margin:g} (the lease's life less its margin)",
        )

    @property
    def fenced(self) -> bool:
        """Whether the fence is on."""
        return _SWITCH[self.fence]

    @property
    def watched(self) -> bool:
        """Whether executors watch the leader."""
        return _SWITCH[self.watch]

    @property
    def watched_at(self) -> str:
        """`host:port` at which this executor can be watched; empty where that is not known before it listens."""
        host, _, port = self.listen.rpartition(":")
        if self.watch_address or port == "0":
            return self.watch_address
        return f"{socket.gethostname() if host in _ANY_HOST else host}:{port}"

    @property
    def watch_routes(self) -> dict[str, str]:
        """`watch_via` by name."""
        return dict(route.split("=", 1) for route in self.watch_via.split(",") if route)

    @property
    def lease_margin(self) -> float:
        """How long before the lock can expire a leader stops believing in itself, in seconds."""
        return min(1.0, self.lease_ttl / 10)

    @classmethod
    def from_env(cls, env: Mapping[str, str], default_process: str) -> "Settings":
        """Read the settings.

        Args:
            env: The environment.
            default_process: The process's name where none is given.

        Raises:
            SetupError: A variable is missing or makes no sense; the sentence names it.
        """
        kinds = get_type_hints(cls)
        values: dict[str, Any] = {"process": default_process}
        for field in fields(cls):
            text = env.get(variable(field.name), "")
            if text:
                values[field.name] = _convert(field.name, text, kinds[field.name])
        if "trace_dir" not in values:
            raise SetupError(f"Set {variable('trace_dir')} to the folder where the traces belong.")
        return cls(**values)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"BOOKSTORE_{name.upper()}"


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    return re.sub(r":[^:@/]*@", "@", url)


def _is_port(text: str) -> bool:
    return text.isdecimal() and int(text) <= 65535


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and not re.search(r"\s", host) and _is_port(port)


def _convert(name: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise SetupError(f"{variable(name)}={text!r} is not a number; change it or leave it out.") from error


def _require(condition: bool, name: str, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise SetupError(f"{name} ({variable(name)}) {sentence}.")
