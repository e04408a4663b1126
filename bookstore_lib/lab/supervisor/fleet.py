"""All processes of one bookstore: started in the right order, and ended in the reverse one."""

import contextlib
import json
import secrets
import shutil
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.ports import ReservedPort, require_free, reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer
from bookstore_lib.lab.supervisor.diary import Diary
from bookstore_lib.lab.supervisor.managed import Managed
from bookstore_lib.lab.supervisor.plan import (
    ADDRESSES,
    CERTIFICATES,
    HOST,
    SERVICES,
    LabSettings,
    executor_names,
    plan_services,
)
from bookstore_lib.lab.supervisor.wires import Wires, link_names

READY_SECONDS = 60.0
STOP_SECONDS = 8.0


class Fleet:
    """The processes of one bookstore.

    Attributes:
        servers: Redis and PostgreSQL, where they are ours.
        services: All others, by name.
        wires: The links, where they can be cut.
        diary: Where is noted what was done to them; there once started.
    """

    def __init__(self, settings: LabSettings) -> None:
        self._settings = settings
        self._run_dir = Path(settings.run_dir)
        self._addresses = self._run_dir / ADDRESSES
        self._ports: dict[str, ReservedPort] = {}
        self._closing = ExitStack()
        self.servers: dict[str, Managed] = {}
        self.services: dict[str, Managed] = {}
        self.wires: Wires | None = None

    @property
    def processes(self) -> dict[str, Managed]:
        """Every process by name."""
        return self.servers | self.services

    def start(self) -> dict[str, Any]:
        """Start everything; returns where it is.

        Raises:
            SetupError: Something cannot run here; what had started is still to be stopped.
        """
        until = time.monotonic() + READY_SECONDS
        self._make_run_dir()
        self._reserve_ports()
        self._require_outside()
        redis_url = self._settings.redis_url or self._start_redis()
        postgres_url = self._settings.postgres_url or self._start_postgres()
        addresses = {name: f"{HOST}:{port.number}" for name, port in self._ports.items()}
        urls = {"redis": redis_url, "postgres": postgres_url}
        if self._settings.links:
            targets = addresses | {name: _address(url) for name, url in urls.items()}
            self.wires = Wires(link_names(self._settings), targets)
            self._closing.callback(self.wires.close)
        certificates = self._make_certificates()

        def told(name: str) -> dict[str, str]:
            return self._servers_of(name, addresses, urls) | certificates.get(name, {})

        for plan in plan_services(self._settings, addresses, told):
            process = Managed(plan.name, plan.command, self._log(plan.name), env=plan.env)
            self.services[plan.name] = process
            process.start()
        for process in self.processes.values():
            process.await_ready(until)
        where = {
            "url": f"http://{addresses['orchestrator']}",
            "redis_url": redis_url,
            "postgres_url": postgres_url,
            "debug": {name: f"http://{addresses[f'{name} debug']}" for name in executor_names(self._settings)},
        }
        self._addresses.touch(mode=0o600)  # the URLs hold passwords
        self._addresses.write_text(json.dumps(where))
        return where

    def stop(self) -> None:
        """End everything: who works on orders first, then what they stand on."""
        with contextlib.suppress(OSError):  # where the folder cannot be written, there is no such file
            self._addresses.unlink()
        for process in self.processes.values():
            process.signal(signal.SIGCONT)
        workers = [process for name, process in self.services.items() if name not in SERVICES]
        services = [process for name, process in self.services.items() if name in SERVICES]
        for group in (workers, services, list(self.servers.values())):
            until = time.monotonic() + STOP_SECONDS
            for process in group:
                process.begin_stop()
            for process in group:
                process.finish_stop(until)
        self._closing.close()
        if not self._settings.keep_data:
            for name in self.servers:
                shutil.rmtree(self._run_dir / name, ignore_errors=True)

    def _make_run_dir(self) -> None:
        try:
            if self._run_dir.exists() and any(self._run_dir.iterdir()):
                raise SetupError(f"{self._run_dir} holds another run; choose an empty or new folder as run_dir.")
            (self._run_dir / "logs").mkdir(parents=True)
        except OSError as error:
            raise SetupError(f"{self._run_dir} cannot be written: {error.strerror}. Choose another run_dir.") from error
        self.diary = Diary(self._run_dir / "traces")
        self._closing.callback(self.diary.close)

    def _reserve_ports(self) -> None:
        names = [*SERVICES, *executor_names(self._settings)]
        names += [f"{name} debug" for name in executor_names(self._settings)]
        self._ports = {name: reserve_port() for name in names}
        port = self._settings.http_port
        self._ports["orchestrator"] = require_free(port, HOST, "the shop") if port else reserve_port()

    def _make_certificates(self) -> dict[str, dict[str, str]]:
        if not self._settings.mtls:
            return {}
        from bookstore_lib.lab.supervisor.certificates import make_certificates  # noqa: PLC0415 - slow to import

        names = ["orchestrator", *executor_names(self._settings), *SERVICES]
        folder = self._run_dir / CERTIFICATES
        self._closing.callback(shutil.rmtree, folder, ignore_errors=True)
        return make_certificates(folder, names)

    def _require_outside(self) -> None:
        """Servers that others run have to answer; their clients are slow to import, so only where there are any."""
        if self._settings.redis_url:
            from bookstore_lib.runtime import redis_client  # noqa: PLC0415

            redis_client.require_answer(self._settings.redis_url)
        if self._settings.postgres_url:
            from bookstore_lib.runtime import postgres  # noqa: PLC0415

            postgres.require_answer(self._settings.postgres_url)

    def _start_redis(self) -> str:
        port = self._ports["redis"] = reserve_port()
        password = secrets.token_urlsafe(16)
        server = RedisServer(self._run_dir / "redis", port.number, password, fsync=self._settings.fsync)
        return self._start_server("redis", server)

    def _start_postgres(self) -> str:
        port = self._ports["postgres"] = reserve_port()
        return self._start_server("postgres", PostgresServer(self._run_dir / "postgres", port.number))

    def _start_server(self, name: str, server: RedisServer | PostgresServer) -> str:
        server.prepare()
        process = self.servers[name] = Managed(
            name,
            server.command,
            self._log(name),
            options=getattr(server, "popen_options", {}),
            probe=server.ready,
            explain=server.explain,
            stop_signal=server.stop_signal,
            watches=False,
        )
        process.start()
        return server.url

    def _servers_of(self, client: str, addresses: dict[str, str], urls: dict[str, str]) -> dict[str, str]:
        """Where a process finds the servers that it talks to: at the relays of its links, where there are any."""
        own = {server for other, server in link_names(self._settings) if other == client}

        def route(server: str, address: str) -> str:
            return self.wires.address(client, server) if self.wires and server in own else address

        found = {f"{name}_url": url.replace(_address(url), route(name, _address(url))) for name, url in urls.items()}
        found |= {setting: route(name, addresses[name]) for name, setting in SERVICES.items()}
        watched = own.intersection(executor_names(self._settings)) if self.wires else ()
        return found | {"watch_via": ",".join(f"{name}={route(name, '')}" for name in sorted(watched))}

    def _log(self, name: str) -> Path:
        return self._run_dir / "logs" / f"{name}.log"


def _address(url: str) -> str:
    """The `host:port` of a URL."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"
