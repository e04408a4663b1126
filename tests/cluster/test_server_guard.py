import signal
import subprocess
import sys

import psutil

from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.lab.servers.redis_server import find_redis_server
from tests.support import eventually, still_running

SUPERVISOR = """
import signal, sys
from pathlib import Path
from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer
from tests.support import eventually, start
run, migrations = Path(sys.argv[1]), Path(sys.argv[2])
servers = [
    RedisServer(run / "redis", reserve_port().number, "secret"),
    PostgresServer(run / "postgres", reserve_port().number, migrations=migrations),
]
guards = []
with (run / "log").open("wb") as log:
    for server in servers:
        server.prepare()
        guards.append(guard(start(server, log).pid, server.stop_signal))
        eventually(server.ready)
print("ready", flush=True)
signal.pause()
"""


def test_a_killed_supervisor_leaves_no_server_and_no_guard_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    migrations = tmp_path / "migrations"  # none: any database will do
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), str(migrations)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == "ready\n"
        family = psutil.Process(supervisor.pid).children(recursive=True)
        names = {process.name() for process in family}
        supervisor.kill()

    assert {"postgres", find_redis_server().name} <= names
    eventually(lambda: not still_running(family))


def test_a_paused_server_is_stopped_as_well():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as paused:
        watch = guard(paused.pid, signal.SIGTERM)
        paused.send_signal(signal.SIGSTOP)
        assert watch.stdin
        watch.stdin.close()

        assert paused.wait(timeout=10) == -signal.SIGTERM
        assert watch.wait(timeout=10) == 0


def test_a_released_guard_signals_nobody():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as server, guard(server.pid, signal.SIGTERM) as watch:
        watch.kill()
        watch.wait()

    assert server.returncode == 0
