"""The programs of PostgreSQL: how they are run, and whether the server they start answers."""

import errno
import os
import re
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.postgres_account import Account

HOST = "127.0.0.1"
# "Frontend/Backend Protocol, Message Formats" of the PostgreSQL manual: length, version 3.0, then names and values.
_PARAMETERS = b"user\0bookstore\0database\0bookstore\0\0"
_STARTUP = struct.pack("!ii", 8 + len(_PARAMETERS), 3 << 16) + _PARAMETERS
_AUTHENTICATION_REQUEST = b"R"
_DISK_FULL = os.strerror(errno.ENOSPC)


def version(bin_dir: Path) -> str:
    """What `postgres --version` prints, as "postgres (PostgreSQL) 18.4".

    Raises:
        SetupError: The program does not run on this machine.
    """
    return run([str(bin_dir / "postgres"), "--version"], Account([], None)).strip()


def major(version_text: str) -> int:
    """The major version, 18 for the example of `version`."""
    found = re.search(r"\) (\d+)", version_text)
    if found is None:
        raise SetupError(f"{version_text!r} is not a version of PostgreSQL; set BOOKSTORE_POSTGRES_BIN to its programs")
    return int(found[1])


def server_command(bin_dir: Path, account: Account, data: Path, port: int) -> list[str]:
    """The command that serves the cluster in `data`; the settings are in there."""
    return [*account.prefix, str(bin_dir / "postgres"), "-D", str(data), "-p", str(port)]


def accepts_connections(port: int) -> bool:
    """Tries once (at most about half a second) whether a server asks us who we are.

    One that is still starting, or going down, answers with an error instead (57P03, cannot_connect_now).
    """
    with suppress(OSError), socket.create_connection((HOST, port), timeout=0.2) as connection:
        connection.sendall(_STARTUP)
        # All of the answer: closing with a part unread resets the connection, and the server logs that.
        return connection.recv(1024)[:1] == _AUTHENTICATION_REQUEST
    return False


def run(command: list[str], account: Account, script: str = "", password: str = "") -> str:
    """Runs one program to its end.

    Args:
        command: The program and its arguments, without the account's prefix.
        account: Whom it runs as.
        script: Its standard input.
        password: For those that connect to a server.

    Returns:
        Its standard output.

    Raises:
        OSError: It fails because the disk is full.
        SetupError: It cannot be started, takes longer than a minute, or fails for another reason, which is told.
    """
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [*account.prefix, *command],
            input=script,
            env={**settings, "PGPASSWORD": password, "LC_ALL": "C"},  # C: complaints in English
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **account.popen_options,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"{command[0]} did not run ({error}); set BOOKSTORE_POSTGRES_BIN to one that does") from error
    if done.returncode != 0 and _DISK_FULL in done.stderr:
        raise OSError(errno.ENOSPC, _DISK_FULL)
    if done.returncode != 0:
        raise SetupError(f"{Path(command[0]).name} failed: {_complaint(done.stderr)}")
    return done.stdout


def _complaint(stderr: str) -> str:
    lines = stderr.strip().splitlines() or ["it gave no reason"]
    return next((line for line in lines if re.search("error|fatal", line, re.IGNORECASE)), lines[-1])
