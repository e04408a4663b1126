import os
import signal
import stat
import subprocess
import sys
import time

import psycopg
import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers import postgres_template
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_build import build_cluster
from bookstore_lib.lab.servers.postgres_server import PostgresServer, find_postgres_bin
from bookstore_lib.lab.servers.postgres_template import get_template
from tests.support import serving

KILLED_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from bookstore_lib.lab.servers import postgres_template
from bookstore_lib.lab.servers.postgres_build import build_cluster
from bookstore_lib.lab.servers.postgres_server import find_postgres_bin
postgres_template._publish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
postgres_template.get_template(find_postgres_bin(), Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture
def migrations(tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_it's_books.sql").write_text("CREATE TABLE books (title text PRIMARY KEY);\n")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bookstore-lab" / "postgres"


def _names(cache):
    return sorted(folder.name for folder in cache.iterdir())


# The template


def test_a_template_is_made_once_and_then_found(cache, migrations, monkeypatch):
    made = get_template(find_postgres_bin(), migrations, cache)
    monkeypatch.setattr(postgres_template, "build_cluster", None)

    assert get_template(find_postgres_bin(), migrations, cache) == made
    assert _names(cache) == [made.name]


def test_a_changed_migration_means_another_template(cache, migrations):
    before = get_template(find_postgres_bin(), migrations, cache)
    (path,) = migrations.iterdir()
    path.write_text("CREATE TABLE books (title text PRIMARY KEY, author text);")

    assert get_template(find_postgres_bin(), migrations, cache) != before


def test_the_password_of_a_template_is_for_this_user_only(cache, migrations):
    template = get_template(find_postgres_bin(), migrations, cache)

    assert stat.S_IMODE((template / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(template.stat().st_mode) == 0o700


def test_two_processes_that_make_the_same_template_at_once_both_get_it(cache, migrations, monkeypatch):
    winners = []

    def overtaken(*arguments):
        monkeypatch.setattr(postgres_template, "build_cluster", build_cluster)
        first = get_template(find_postgres_bin(), migrations, cache)
        winners.append((first, (first / "password").read_text()))
        build_cluster(*arguments)

    monkeypatch.setattr(postgres_template, "build_cluster", overtaken)
    second = get_template(find_postgres_bin(), migrations, cache)

    assert winners == [(second, (second / "password").read_text())]
    assert _names(cache) == [second.name]


def test_a_killed_process_leaves_no_half_made_template(cache, migrations, tmp_path):
    command = [sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(migrations), str(cache)]
    killed = subprocess.run(command, env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [name.split("-")[0] for name in _names(cache)] == ["draft"]

    server = PostgresServer(tmp_path / "run", reserve_port().number, migrations=migrations)
    server.prepare()
    with serving(server):
        assert psycopg.connect(server.url).execute("SELECT count(*) FROM books").fetchone() == (0,)


def test_a_migration_that_fails_is_named_and_leaves_no_template(cache, migrations):
    (migrations / "0002_wrong.sql").write_text("SELECT 1;\nSELECT nonsense;\n")

    with pytest.raises(SetupError, match=r"psql failed: .*0002_wrong\.sql:2: ERROR: .*nonsense"):
        get_template(find_postgres_bin(), migrations, cache)
    assert _names(cache) == []


def test_templates_that_nobody_used_for_a_month_make_room(cache, migrations):
    month_ago = time.time() - 31 * 24 * 3600
    for name in ("postgres-17-unused", "postgres-17-used"):
        (cache / name).mkdir(parents=True)
    os.utime(cache / "postgres-17-unused", (month_ago, month_ago))

    made = get_template(find_postgres_bin(), migrations, cache)

    assert _names(cache) == sorted([made.name, "postgres-17-used"])


def test_settings_for_other_programs_in_the_environment_do_no_harm(cache, migrations, monkeypatch):
    for name, value in {"PGDATABASE": "x", "PGUSER": "x", "PGSSLMODE": "require", "PGOPTIONS": "-c nonsense=1"}.items():
        monkeypatch.setenv(name, value)

    assert get_template(find_postgres_bin(), migrations, cache).is_dir()
