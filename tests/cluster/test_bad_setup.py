import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.servers.ports import reserve_port
from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer
from bookstore_lib.lab.supervisor.fleet import Fleet
from bookstore_lib.lab.supervisor.plan import LabSettings
from bookstore_lib.runtime.card_seal import new_key
from tests.support import serving

NOBODY_LISTENS = "127.0.0.1:1"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Both servers, without a bookstore."""
    folder = tmp_path_factory.mktemp("servers")
    redis = RedisServer(folder / "redis", reserve_port().number, "open-Sesame_1")
    postgres = PostgresServer(folder / "postgres", reserve_port().number)
    redis.prepare()
    postgres.prepare()
    with serving(redis), serving(postgres):
        yield redis, postgres


# Through Bookstore()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"executors": 0}, "at least one executor"),
        ({"lease_ttl": 0}, "lease_ttl .*greater than 0"),
        ({"lease_ttl": 1, "renew_every": 1}, "renew_every .*has to lie between 0 and 0.9"),
        ({"coordinator": "nobody"}, "coordinator .*has to be one of executor, orchestrator"),
        ({"http_port": 99999}, "(?i)port"),
        ({"fsync": "sometimes"}, "(?i)fsync"),
        ({"transport": "pigeon"}, "transport .*has to be one of"),
        ({"max_in_flight": 0}, "max_in_flight .*greater than 0"),
        ({"trace_sample": 2}, "trace_sample .*above 0 and at most 1"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_an_impossible_wish_is_one_sentence(one_sentence, options, sentence):
    with pytest.raises(SetupError, match=sentence) as error:
        Bookstore(**options)

    one_sentence(error)


def test_a_port_in_use_is_one_sentence(one_sentence):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"port {port} .* is in use; stop what listens there") as error:
            Bookstore(http_port=port)

    one_sentence(error)


@pytest.mark.parametrize("variable", ["BOOKSTORE_REDIS_SERVER", "BOOKSTORE_POSTGRES_BIN"])
def test_a_missing_program_is_one_sentence(one_sentence, monkeypatch, tmp_path, variable):
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))

    with pytest.raises(SetupError, match=rf"nowhere .*set {variable} to") as error:
        Bookstore(executors=1)

    one_sentence(error)


@pytest.mark.parametrize(
    ("variable", "url", "sentence"),
    [
        ("BOOKSTORE_REDIS_URL", f"redis://:hidden@{NOBODY_LISTENS}/0", rf"Redis at \S*{NOBODY_LISTENS}"),
        ("BOOKSTORE_REDIS_URL", "nonsense", "BOOKSTORE_REDIS_URL|Redis at nonsense"),
        (
            "BOOKSTORE_POSTGRES_URL",
            f"postgresql://ada:hidden@{NOBODY_LISTENS}/x",
            rf"PostgreSQL at \S*{NOBODY_LISTENS}",
        ),
    ],
    ids=["redis", "redis-nonsense", "postgres"],
)
def test_a_server_that_does_not_answer_is_one_sentence_without_its_password(
    one_sentence, monkeypatch, variable, url, sentence
):
    monkeypatch.setenv(variable, url)

    with pytest.raises(SetupError, match=sentence) as error:
        Bookstore(executors=1).close()

    one_sentence(error)
    assert "hidden" not in str(error.value)


def test_a_folder_with_another_run_is_one_sentence_and_left_alone(one_sentence, tmp_path):
    (tmp_path / "mine").touch()

    with pytest.raises(SetupError, match="holds another run; choose an empty or new folder") as error:
        Bookstore(executors=1, run_dir=tmp_path)

    one_sentence(error)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("below", ["", "run"], ids=["a file", "below a file"])
def test_a_folder_that_cannot_be_written_is_one_sentence(one_sentence, tmp_path, below):
    (tmp_path / "file").touch()

    with pytest.raises(SetupError, match=r"file\S* .*(?i:choose another)") as error:
        Bookstore(executors=1, run_dir=tmp_path / "file" / below)

    one_sentence(error)


def test_a_full_disk_is_one_sentence(one_sentence, monkeypatch):
    with _small_disk() as disk:
        if disk is not None:
            with pytest.raises(SetupError, match=rf"the disk that holds {disk}\S* is full; free about") as error:
                Bookstore(executors=1, run_dir=disk / "run")
        else:  # only root can make a small disk
            with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as patch:
                patch.setattr(shutil, "copyfile", _disk_full)
                fleet = Fleet(LabSettings(f"{folder}/run", executors=1))
                with pytest.raises(SetupError, match=rf"the disk that holds {folder}\S* is full; free about") as error:
                    fleet.start()
                fleet.stop()

    one_sentence(error)


# Services started by hand


@pytest.mark.parametrize(
    ("service", "changes", "sentence"),
    [
        ("fraud_detection", {"trace_dir": ""}, "BOOKSTORE_TRACE_DIR"),
        ("fraud_detection", {"trace_dir": "/dev/null/traces"}, "/dev/null/traces"),
        ("fraud_detection", {"lease_ttl": "soon"}, "BOOKSTORE_LEASE_TTL"),
        ("fraud_detection", {"coordinator": "nobody"}, "BOOKSTORE_COORDINATOR"),
        ("fraud_detection", {"listen": "nonsense"}, "nonsense"),
        ("fraud_detection", {"listen": "127.0.0.1:99999"}, "99999"),
        ("transaction_verification", {"trace_dir": ""}, "BOOKSTORE_TRACE_DIR"),
        ("suggestions", {"postgres_url": ""}, "BOOKSTORE_POSTGRES_URL"),
        ("order_executor", {"card_key": ""}, "BOOKSTORE_CARD_KEY"),
        ("order_executor", {"fraud_address": ""}, "BOOKSTORE_FRAUD_ADDRESS"),
        ("order_executor", {"redis_url": ""}, "BOOKSTORE_REDIS_URL"),
        ("order_executor", {"watch": "maybe"}, "BOOKSTORE_WATCH"),
        ("order_executor", {"watch_via": "nowhere"}, "BOOKSTORE_WATCH_VIA"),
        ("orchestrator", {"redis_url": "nonsense"}, "nonsense"),
        ("orchestrator", {"card_key": "short"}, "BOOKSTORE_CARD_KEY"),
        ("orchestrator", {"http_listen": "nonsense"}, "nonsense"),
        ("orchestrator", {"http_listen": "127.0.0.1:99999"}, "99999"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_a_service_with_a_wrong_setting_ends_with_one_line_that_names_it(servers, tmp_path, service, changes, sentence):
    redis, postgres = servers
    settings = {
        "trace_dir": str(tmp_path),
        "card_key": new_key(),
        "redis_url": redis.url,
        "postgres_url": postgres.url,
        "verification_address": NOBODY_LISTENS,
        "fraud_address": NOBODY_LISTENS,
        "suggestions_address": NOBODY_LISTENS,
        **changes,
    }

    ended = _run_service(service, settings)

    assert ended.returncode != 0, ended.stderr
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr


# As gRPC leaves it, now and then: a thread that is stopped with a lock that something asks for as it is thrown away.
HELD_FOR_EVER = """
import sys
import threading
from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.service import run_service

class Call:
    lock = threading.Lock()
    def __del__(self):
        with self.lock:
            pass

def start(settings, tracker, parts):
    sys.call = Call()
    held = threading.Event()
    def hold():
        with Call.lock:
            held.set()
            threading.Event().wait()
    threading.Thread(target=hold, daemon=True).start()
    held.wait()
    raise SetupError("That is all.")

run_service("nobody", start)
"""


def test_a_service_ends_even_where_a_lock_is_held_for_ever(tmp_path):
    environment = os.environ | {"BOOKSTORE_TRACE_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", HELD_FOR_EVER], env=environment, capture_output=True, text=True, timeout=25, check=False
    )

    assert (ended.returncode, ended.stderr) == (1, "nobody: That is all.\n")


def test_a_service_whose_port_is_in_use_ends_with_one_line_that_names_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = _run_service("fraud_detection", {"trace_dir": str(tmp_path), "listen": listen})

    assert ended.returncode != 0
    assert listen in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr


def _run_service(service, settings):
    """Runs a service until it ends; one that serves in spite of its settings is ended after some seconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKSTORE_")}
    environment |= {f"BOOKSTORE_{name.upper()}": value for name, value in settings.items() if value}
    command = [sys.executable, "-m", f"services.{service}"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _, errors = process.communicate(timeout=25)
        except subprocess.TimeoutExpired:
            process.kill()
            _, errors = process.communicate()
            return subprocess.CompletedProcess(command, 0, None, f"it still served after 25 s: {errors}")
    return subprocess.CompletedProcess(command, process.returncode, None, errors)


@contextmanager
def _small_disk():
    """A disk of 3 MB, or `None` where this user cannot make one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", name], capture_output=True, check=False)
        if made.returncode != 0:
            yield None
            return
        try:
            yield folder
        finally:
            subprocess.run(["umount", name], check=True)


def _disk_full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
