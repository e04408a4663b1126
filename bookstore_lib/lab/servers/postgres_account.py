"""Whom PostgreSQL runs as: it refuses to be root.

Root has two ways out. The first is another account, which then owns the data. Where that account cannot reach the
programs or the folder (a home that is closed to others), the second is a user namespace without a mapping: inside,
the process is not root to itself, while to the file system it still owns root's files.
Source: unshare(1), user_namespaces(7).
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bookstore_lib.core.errors import SetupError

_TRY = 'cd "$1" && exec "$2" --version'


class Account(NamedTuple):
    """How to start a program of PostgreSQL.

    Attributes:
        prefix: Comes before the command.
        owner: User and group that the process runs as and the data must belong to; None for the present one.
    """

    prefix: list[str]
    owner: tuple[int, int] | None

    @property
    def popen_options(self) -> dict[str, Any]:
        """What `subprocess.Popen` needs besides the command."""
        if self.owner is None:
            return {}
        # PostgreSQL 15 goes back to the folder it was started from, and complains where that is closed to it.
        return {"user": self.owner[0], "group": self.owner[1], "extra_groups": [], "cwd": "/"}


def choose_account(postgres: Path, directory: Path) -> Account:
    """Finds an account that PostgreSQL accepts, by trying.

    Args:
        postgres: The program, which the account must be able to run.
        directory: The folder in which the data will be, which the account must be able to enter.

    Raises:
        SetupError: This is root, and neither way works.
    """
    if os.geteuid() != 0:
        return Account([], None)
    for account in _accounts():
        if _works(account, postgres, directory):
            return account
    raise SetupError(
        f"PostgreSQL does not run as root, and no other user can both run {postgres} and enter {directory}; "
        "start the lab as an ordinary user, or open these folders to others (chmod o+x)"
    )


def _accounts() -> Iterator[Account]:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        yield Account([], (entry.pw_uid, entry.pw_gid))
        break
    if unshare := shutil.which("unshare"):
        yield Account([unshare, "--user"], None)


def _works(account: Account, postgres: Path, directory: Path) -> bool:
    command = [*account.prefix, "/bin/sh", "-c", _TRY, "sh", str(directory), str(postgres)]
    try:
        trial = subprocess.run(command, capture_output=True, timeout=30, check=False, **account.popen_options)
    except (OSError, subprocess.SubprocessError):
        return False
    return trial.returncode == 0


def hand_over(folder: Path, account: Account) -> None:
    """Makes `folder` and all in it the account's own.

    Raises:
        OSError: The file system does not let root do so.
    """
    if account.owner is None:
        return
    os.chown(folder, *account.owner)
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            os.chown(os.path.join(parent, name), *account.owner)  # noqa: PTH118 - a thousand files, each start
