"""What well-known last words of a server are turned into; the lines are those of Valkey 9.1 and PostgreSQL 18."""

from pathlib import Path

import pytest

from bookstore_lib.lab.servers.postgres_server import PostgresServer
from bookstore_lib.lab.servers.redis_server import RedisServer

REDIS = RedisServer(Path("run"), 20001, "secret", binary=Path("valkey-server"))
POSTGRES = PostgresServer(Path("run"), 20002, Path("bin"))


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("bind: Address already in use\n# Failed listening on port 20001 (tcp), aborting.", "port 20001 on 127.0.0.1"),
        ("# Can't open or create append-only dir appendonlydir: No space left on device", "is full; free some space"),
        ("# Can't open or create append-only dir appendonlydir: Permission denied", "is not writable"),
        ("*** FATAL CONFIG FILE ERROR (Redis 5.0.7) ***", "valkey-server is too old; set BOOKSTORE_REDIS_SERVER"),
        ("# Failed to configure LOCALE for invalid locale name.", "set LC_ALL=C"),
        ("# Bad file format reading the append only file appendonly.aof.1.incr.aof", "is damaged; start a new run"),
    ],
)
def test_the_last_words_of_the_redis_server_become_one_sentence(log, sentence):
    assert sentence in str(REDIS.explain(log))


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', "port 20002 on 127.0.0.1 is in use"),
        ("FATAL:  could not create shared memory segment: No space left on device", "give /dev/shm more"),
        ('could not resize shared memory segment "/PostgreSQL.1" to 1 bytes: No space left on device', "/dev/shm"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "close other programs"),
        ('FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device', "is full; free some space"),
        ('FATAL:  data directory "/run/data" has wrong ownership', "may not use"),
        ('FATAL:  lock file "postmaster.pid" already exists', "another PostgreSQL serves"),
        ("FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use", "another PostgreSQL serves"),
        ("PANIC:  could not locate a valid checkpoint record at 0/B000028", "the template is damaged; remove"),
        ("FATAL:  database files are incompatible with server", "the template is damaged; remove"),
        ('"root" execution of the PostgreSQL server is not permitted.', "start the lab as an ordinary user"),
    ],
)
def test_the_last_words_of_postgres_become_one_sentence(log, sentence):
    assert sentence in str(POSTGRES.explain(log))


@pytest.mark.parametrize("server", [REDIS, POSTGRES])
def test_words_that_nobody_knows_are_left_to_speak_for_themselves(server):
    assert server.explain("LOG:  ready to accept connections") is None
