"""PostgreSQL clusters made once, kept in the user's cache, and copied for every run.

Making one takes a second or two, copying one a tenth of that. A template is named after all that went into it, and
appears under its name by a rename: whole or not at all, even when two processes make the same at once or one of
them is killed.
"""

import hashlib
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bookstore_lib.lab.servers.postgres_account import Account
from bookstore_lib.lab.servers.postgres_build import build_cluster, recipe
from bookstore_lib.lab.servers.postgres_programs import major, run, version
from bookstore_lib.lab.servers.trouble import as_setup_error

_UNUSED_SECONDS = 30 * 24 * 3600


def get_template(bin_dir: Path, migrations: Path, cache: Path) -> Path:
    """Finds the template for these programs and migrations, and makes it where it is missing.

    Args:
        bin_dir: The programs of PostgreSQL.
        migrations: Folder of SQL files, which run in the order of their names.
        cache: Folder of templates; made when missing.

    Returns:
        A folder with the cluster, `data`, and the password of its role `bookstore`, `password`.

    Raises:
        SetupError: PostgreSQL or a migration failed, or the cache cannot be written.
    """
    programs = version(bin_dir)
    files = sorted(migrations.glob("*.sql"))
    template = cache / f"postgres-{major(programs)}-{_key(programs, files)}"
    with as_setup_error(cache):
        if not template.exists():
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(template, bin_dir, major(programs), files)
            _remove_unused(cache)
        os.utime(template)
    return template


def copy_tree(source: Path, target: Path) -> None:
    """Copies what is in `source` into the folder `target`, for nobody else to read.

    Unlike `shutil.copytree` it stops at the first failure, and copies no times and permissions, which takes longer
    than the contents do.

    Raises:
        OSError: The disk is full, or a file cannot be read or written.
    """
    for entry in os.scandir(source):
        copy = target / entry.name
        if entry.is_dir():
            copy.mkdir(mode=0o700)
            copy_tree(Path(entry.path), copy)
        else:
            shutil.copyfile(entry.path, copy)


def _key(programs: str, files: list[Path]) -> str:
    digest = hashlib.sha256(f"{programs}\n{recipe(major(programs))}".encode())
    for path in files:
        digest.update(f"\n{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _make(template: Path, bin_dir: Path, major_version: int, files: list[Path]) -> None:
    # Not in the cache: where this is root, the account that PostgreSQL runs as may not be able to go there.
    with tempfile.TemporaryDirectory(prefix="bookstore-lab-") as scratch:
        with as_setup_error(Path(scratch)):
            build_cluster(Path(scratch), bin_dir, major_version, files)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=template.parent))
        try:
            (draft / "data").mkdir(mode=0o700)
            copy_tree(Path(scratch, "data"), draft / "data")
            (draft / "password").touch(mode=0o600)
            shutil.copyfile(Path(scratch, "password"), draft / "password")
            # A template is trusted for good once it has its name: not even a power cut may leave half of it there.
            run([str(bin_dir / "initdb"), "--sync-only", "-D", str(draft / "data")], Account([], None))
            _publish(draft, template)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, template: Path) -> None:
    try:
        draft.rename(template)
    except OSError:
        if not template.is_dir():  # else another process was first, and its template is as good
            raise


def _remove_unused(cache: Path) -> None:
    """Removes templates that no run has used for a month, and what killed processes left."""
    for folder in cache.iterdir():
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                shutil.rmtree(folder)
