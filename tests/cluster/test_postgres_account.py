import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_account import choose_account
from bookstore_lib.lab.servers.postgres_server import PostgresServer, find_postgres_bin
from tests.support import postgres_programs, serving

IS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def migrations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "0001_books.sql").write_text("CREATE TABLE books (title text PRIMARY KEY);")
    return folder


@pytest.fixture
def open_folder():
    """A folder that every user of the machine can enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def closed_folder(open_folder):
    folder = open_folder / "closed"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(params=postgres_programs(), ids=lambda path: "-".join(path.parts[-3:]))
def bin_dir(request):
    return request.param


@pytest.fixture
def closed_bin_dir(closed_folder):
    """The packaged programs in a folder that is closed to other users."""
    package = find_postgres_bin().parents[1]
    shutil.copytree(package, closed_folder / package.name, ignore=shutil.ignore_patterns("pginstall", "*.py*"))
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, closed_folder / libraries.name)
    return closed_folder / find_postgres_bin().relative_to(package.parent)


def _serve_and_ask(server):
    server.prepare()
    with serving(server) as process, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT count(*) FROM books").fetchone() == (0,)
    assert process.returncode == 0, "the signal must reach PostgreSQL itself"


def test_root_hands_an_open_folder_to_another_user_and_others_run_as_themselves(bin_dir, migrations, open_folder):
    server = PostgresServer(open_folder / "run", reserve_port().number, bin_dir, migrations)

    _serve_and_ask(server)

    owner = (open_folder / "run" / "data" / "base").stat().st_uid
    assert server.command[0] == str(bin_dir / "postgres")
    assert server.popen_options.get("user", os.geteuid()) == owner
    assert (owner != os.geteuid()) == IS_ROOT


def test_in_a_folder_closed_to_others_root_keeps_the_data_and_still_starts(bin_dir, migrations, closed_folder):
    server = PostgresServer(closed_folder / "run", reserve_port().number, bin_dir, migrations)

    _serve_and_ask(server)

    assert ("unshare" in server.command[0]) == IS_ROOT
    assert server.popen_options == {}
    assert (closed_folder / "run" / "data" / "base").stat().st_uid == os.geteuid()


def test_programs_in_a_folder_closed_to_others_still_start(closed_bin_dir, migrations, open_folder):
    server = PostgresServer(open_folder / "run", reserve_port().number, closed_bin_dir, migrations)

    _serve_and_ask(server)

    assert ("unshare" in server.command[0]) == IS_ROOT


def test_a_lab_may_be_started_from_a_closed_folder_and_nothing_complains(
    bin_dir, migrations, open_folder, closed_folder, monkeypatch
):
    monkeypatch.chdir(closed_folder)
    server = PostgresServer(open_folder / "run", reserve_port().number, bin_dir, migrations)
    server.prepare()

    with serving(server, open_folder / "log"):
        assert "Permission denied" not in (open_folder / "log").read_text()


def test_a_machine_without_user_namespaces_will_do(bin_dir, migrations, open_folder, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_folder / "cache"))

    _serve_and_ask(PostgresServer(open_folder / "run", reserve_port().number, bin_dir, migrations))


def test_where_root_has_no_way_out_it_is_told_what_to_do(closed_folder, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(SetupError, match="start the lab as an ordinary user, or open these folders to others"):
        choose_account(find_postgres_bin() / "postgres", closed_folder)
