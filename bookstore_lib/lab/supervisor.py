"""The process between the notebook and the bookstore: `python -m bookstore_lib.lab.supervisor`.

It owns all other processes, so that interrupting a cell leaves them alone. It is told what to do in lines of JSON on
its standard input and answers in lines of JSON on its standard output; when its input ends (the kernel was restarted
or killed) it ends everything.

    first line in:   the fields of `LabSettings`
    first line out:  {"ok": {"url": ..., "postgres_url": ..., "redis_url": ..., "debug": {executor: url}}}
    then:            {"do": "kill", "process": "executor-2"}  ->  {"ok": {...}} or {"error": "..."}
"""

import contextlib
import json
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bookstore_lib.core.errors import BookstoreError, SetupError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.managed import Managed
from bookstore_lib.lab.plan import HOST, SERVICES, LabSettings, executor_names, plan_services
from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.lab.servers.ports import ReservedPort, require_free, reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer
from bookstore_lib.lab.wires import Wires, link_names
from bookstore_lib.runtime.trace_log import TraceLog

_READY_SECONDS = 60.0
_STOP_SECONDS = 8.0
_RESTART_SECONDS = 20.0
_RETRY_PAUSE = 0.1


class Supervisor:
    """Starts, watches and ends the processes of one bookstore."""

    def __init__(self, settings: LabSettings) -> None:
        self._settings = settings
        self._run_dir = Path(settings.run_dir)
        self._logs = self._run_dir / "logs"
        self._trace: TraceLog | None = None
        self._events = 0
        self._ports: dict[str, ReservedPort] = {}
        self._servers: dict[str, Managed] = {}
        self._services: dict[str, Managed] = {}
        self._wires: Wires | None = None

    def start(self) -> dict[str, Any]:
        """Start everything; returns where it is.

        Raises:
            SetupError: Something cannot run here; what had started is still to be stopped.
        """
        until = time.monotonic() + _READY_SECONDS
        self._make_run_dir()
        self._reserve_ports()
        self._require_outside()
        redis_url = self._settings.redis_url or self._start_redis()
        postgres_url = self._settings.postgres_url or self._start_postgres()
        addresses = {name: f"{HOST}:{port.number}" for name, port in self._ports.items()}
        urls = {"redis": redis_url, "postgres": postgres_url}
        if self._settings.links:
            targets = {name: addresses[name] for name in SERVICES} | {name: _address(url) for name, url in urls.items()}
            self._wires = Wires(link_names(self._settings), targets)
        for plan in plan_services(self._settings, addresses, lambda client: self._servers_of(client, addresses, urls)):
            process = Managed(plan.name, plan.command, self._log(plan.name), env=plan.env)
            self._services[plan.name] = process
            process.start()
        for process in self._all().values():
            process.await_ready(until)
        return {
            "url": f"http://{addresses['orchestrator']}",
            "redis_url": redis_url,
            "postgres_url": postgres_url,
            "debug": {name: f"http://{addresses[f'{name} debug']}" for name in executor_names(self._settings)},
        }

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and return its answer.

        Raises:
            BookstoreError: It makes no sense now.
        """
        if order["do"] == "status":
            return {name: _status(process) for name, process in self._all().items()}
        if order["do"] in ("cut", "heal", "affected"):
            return self._wire(order)
        actions: dict[str, Callable[[Managed], None]] = {
            "kill": self._kill,
            "pause": self._pause,
            "resume": self._resume,
            "start": self._start_again,
            "stop": self._stop_one,
        }
        process = self._all().get(order["process"])
        if process is None:
            raise BookstoreError(f"There is no process {order['process']!r}; there are {', '.join(self._all())}.")
        actions[order["do"]](process)
        return _status(process)

    def stop(self) -> None:
        """End everything: who works on orders first, then what they stand on."""
        workers = [process for name, process in self._services.items() if name not in SERVICES]
        services = [process for name, process in self._services.items() if name in SERVICES]
        for group in (workers, services, list(self._servers.values())):
            until = time.monotonic() + _STOP_SECONDS
            for process in group:
                process.begin_stop()
            for process in group:
                process.finish_stop(until)
        if self._wires is not None:
            self._wires.close()
        if self._trace is not None:
            self._trace.close()
        if not self._settings.keep_data:
            for name in self._servers:
                shutil.rmtree(self._run_dir / name, ignore_errors=True)

    def _servers_of(self, client: str, addresses: dict[str, str], urls: dict[str, str]) -> dict[str, str]:
        """Where a process finds the servers that it talks to: at the relays of its links, where there are any."""
        own = {server for other, server in link_names(self._settings) if other == client}

        def route(server: str, address: str) -> str:
            return self._wires.address(client, server) if self._wires and server in own else address

        found = {f"{name}_url": url.replace(_address(url), route(name, _address(url))) for name, url in urls.items()}
        return found | {setting: route(name, addresses[name]) for name, setting in SERVICES.items()}

    def _wire(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._wires is None:
            raise BookstoreError("The links of this bookstore cannot be cut; start it with Bookstore(links=True).")
        if order["do"] == "heal":
            affected = self._wires.heal()
            self._write("healed", {})
            return affected
        one, other = order["between"]
        if order["do"] == "affected":
            return {"affected": self._wires.affected(one, other)}
        cut = self._wires.cut(one, other, order["how"])
        self._write("cut", {"between": [one, other], "how": order["how"]})
        return cut

    def _make_run_dir(self) -> None:
        if self._run_dir.exists() and any(self._run_dir.iterdir()):
            raise SetupError(f"{self._run_dir} holds another run; choose an empty or new folder as run_dir.")
        try:
            self._logs.mkdir(parents=True)
        except OSError as error:
            raise SetupError(f"{self._run_dir} cannot be written: {error.strerror}. Choose another run_dir.") from error
        self._trace = TraceLog(self._run_dir / "traces", "lab")

    def _reserve_ports(self) -> None:
        names = [*SERVICES, *executor_names(self._settings)]
        names += [f"{name} debug" for name in executor_names(self._settings)]
        self._ports = {name: reserve_port() for name in names}
        port = self._settings.http_port
        self._ports["orchestrator"] = require_free(port, HOST, "the shop") if port else reserve_port()

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
        process = self._servers[name] = Managed(
            name,
            server.command,
            self._log(name),
            options=getattr(server, "popen_options", {}),
            probe=server.ready,
            explain=server.explain,
            stop_signal=server.stop_signal,
            guard=guard,
        )
        process.start()
        return server.url

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _all(self) -> dict[str, Managed]:
        return self._servers | self._services

    def _kill(self, process: Managed) -> None:
        self._require_alive(process)
        process.signal(signal.SIGKILL)
        self._note("killed", process)

    def _pause(self, process: Managed) -> None:
        self._require_alive(process)
        process.signal(signal.SIGSTOP)
        self._note("paused", process)

    def _resume(self, process: Managed) -> None:
        self._require_alive(process)
        self._note("resumed", process)
        process.signal(signal.SIGCONT)

    def _start_again(self, process: Managed) -> None:
        if process.state != "dead":
            raise BookstoreError(f"{process.name} is {process.state} already; kill or stop it first.")
        until = time.monotonic() + _RESTART_SECONDS
        process.start()
        self._note("started", process)
        while True:
            try:
                return process.await_ready(until)
            except SetupError:
                # After SIGKILL, PostgreSQL refuses to start until the helpers of its former life have gone.
                if process.name not in self._servers or process.state != "dead" or time.monotonic() > until:
                    raise
            time.sleep(_RETRY_PAUSE)
            process.start()

    def _stop_one(self, process: Managed) -> None:
        self._require_alive(process)
        process.begin_stop()
        process.finish_stop(time.monotonic() + _STOP_SECONDS)
        self._note("stopped", process)

    def _require_alive(self, process: Managed) -> None:
        if process.state == "dead":
            raise BookstoreError(f"{process.name} is dead; start it first.")

    def _note(self, name: str, process: Managed) -> None:
        self._write(name, {"process": process.host})

    def _write(self, name: str, detail: dict[str, Any]) -> None:
        if self._trace is not None:
            self._events += 1
            event_id = f"{self._trace.process}#{self._events}"
            self._trace.write(
                TraceEvent(event_id, self._trace.process, "", "local", name, wall=self._trace.now(), detail=detail)
            )


def _status(process: Managed) -> dict[str, Any]:
    return {"state": process.state, "pid": process.pid, "host": process.host, "starts": process.starts}


def _address(url: str) -> str:
    """The `host:port` of a URL."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"


def _say(answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # whoever asked has gone; the end of our input will tell
        print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol


def _answer_lines(supervisor: Supervisor) -> None:
    for line in sys.stdin:
        try:
            _say({"ok": supervisor.obey(json.loads(line))})
        except BookstoreError as error:
            _say({"error": str(error)})


def main() -> None:
    """Start the bookstore that the first line describes, then obey until the input ends."""
    # The caller's end is told by the end of our input; signals meant for the terminal's group are not for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    supervisor = Supervisor(LabSettings(**json.loads(sys.stdin.readline())))
    try:
        _say({"ok": supervisor.start()})
        _answer_lines(supervisor)
    except SetupError as error:
        _say({"error": str(error)})
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main()
