"""Makes a PostgreSQL cluster with the bookstore's role, schema and catalogue: what a template holds.

The result is one database, `bookstore`, owned by the role of that name. The superuser has no password, so nobody
connects as it: the server takes passwords (SCRAM) over loopback addresses and nothing else.
"""

import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_account import Account, choose_account, hand_over
from bookstore_lib.lab.servers.postgres_programs import HOST, accepts_connections, run, server_command

_SELF = Account([], None)
_INITDB = [
    "--no-sync",
    "--wal-segsize=1",
    "--encoding=UTF8",
    "--locale=C",
    "--auth=scram-sha-256",
    "--username=postgres",
]
# Upper and lower case of all of Unicode (the C locale knows ASCII only), while sorting stays by code point.
_CASE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
_CASE_BEFORE_17 = [f"--lc-ctype={'en_US' if sys.platform == 'darwin' else 'C'}.UTF-8"]
_ACCESS = """\
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""
# Errors are logged without the statement and the row, which may hold what a customer typed.
_SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 32MB
wal_level = minimal
max_wal_senders = 0
min_wal_size = 2MB
max_wal_size = 64MB
max_logical_replication_workers = 0
autovacuum_max_workers = 1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_checkpoints = off
log_error_verbosity = terse
log_min_error_statement = panic
"""
_SETTINGS_SINCE = {
    # The iterations protect passwords that can be guessed; ours is random. Fewer make connecting quicker.
    16: "scram_iterations = 256\n",
    # Its default keeps three processes for reading ahead.
    18: "io_method = sync\n",
}
# A cluster comes with three databases of 300 files each, and every run copies them: one becomes the bookstore's, the
# others go. (Without template1, CREATE DATABASE needs its TEMPLATE named.)
_FIRST_STEPS = """\
CREATE ROLE bookstore LOGIN PASSWORD '{password}';
ALTER DATABASE postgres RENAME TO bookstore;
ALTER DATABASE bookstore OWNER TO bookstore;
\\connect bookstore
ALTER DATABASE template0 IS_TEMPLATE false;
ALTER DATABASE template1 IS_TEMPLATE false;
DROP DATABASE template0;
DROP DATABASE template1;
ALTER ROLE postgres PASSWORD NULL;
"""
_MIGRATIONS_TABLE = """\
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


def settings(major: int) -> str:
    """The `postgresql.conf` for a major version of PostgreSQL."""
    return _SETTINGS + "".join(lines for since, lines in _SETTINGS_SINCE.items() if major >= since)


def initdb_options(major: int) -> list[str]:
    """The options of `initdb` for a major version of PostgreSQL."""
    return _INITDB + (_CASE if major >= 17 else _CASE_BEFORE_17)


def recipe(major: int) -> str:
    """Everything besides the programs and the migrations that a cluster is made from."""
    return "\n".join([*initdb_options(major), _ACCESS, settings(major), _FIRST_STEPS, _MIGRATIONS_TABLE])


def build_cluster(scratch: Path, bin_dir: Path, major: int, migrations: list[Path]) -> None:
    """Makes `scratch/data`, a cluster that was shut down cleanly, and `scratch/password`.

    Args:
        scratch: An empty folder; becomes the property of the account that PostgreSQL runs as.
        bin_dir: The programs of PostgreSQL.
        major: Their major version.
        migrations: SQL files in the order they are to run; each is recorded in `schema_migrations`.

    Raises:
        SetupError: A program or a migration failed.
        OSError: A file could not be written.
    """
    account = choose_account(bin_dir / "postgres", scratch.parent)
    data, password = scratch / "data", secrets.token_urlsafe(24)
    password_file = scratch / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="ascii")
    hand_over(scratch, account)
    run([str(bin_dir / "initdb"), "-D", str(data), f"--pwfile={password_file}", *initdb_options(major)], account)
    (data / "postgresql.conf").write_text(settings(major), encoding="utf-8")
    (data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
    with _serving(data, bin_dir, account) as port:
        _fill(bin_dir / "psql", port, password, migrations)


def _fill(psql: Path, port: int, password: str, migrations: list[Path]) -> None:
    connect = [str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(port)]
    run([*connect, "-U", "postgres", "template1"], _SELF, _FIRST_STEPS.format(password=password), password)
    run([*connect, "-U", "bookstore", "-1", *_migrate(migrations), "bookstore"], _SELF, "", password)


def _migrate(migrations: list[Path]) -> list[str]:
    """Arguments of psql that run and record each file."""
    arguments = ["-c", _MIGRATIONS_TABLE]
    for path in migrations:
        name = path.name.replace("'", "''")
        arguments += ["-f", str(path), "-c", f"INSERT INTO schema_migrations (name) VALUES ('{name}')"]  # noqa: S608 - quoted above
    return arguments


@contextmanager
def _serving(data: Path, bin_dir: Path, account: Account) -> Iterator[int]:
    """Serves a cluster for the time of the block, on the port it is given; without fsync, for speed."""
    reserved = reserve_port(HOST)
    command = [*server_command(bin_dir, account, data, reserved.number), "-F"]
    log = data.parent / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **account.popen_options
        )
    with guard(server.pid, signal.SIGINT) as watch:
        try:
            _await_connections(server, reserved.number, log)
            yield reserved.number
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
            watch.kill()
            reserved.release()


def _await_connections(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not accepts_connections(port):
        if server.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise SetupError(f"PostgreSQL did not start to make its template: {''.join(last)}")
        time.sleep(0.02)
