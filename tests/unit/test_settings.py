"""Settings: read from the environment, with one sentence that names the variable where something is wrong."""

import socket
from contextlib import ExitStack
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime.http_server import serve_http
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.settings import Settings, variable

NEEDED = {"BOOKSTORE_TRACE_DIR": "traces", "BOOKSTORE_REDIS_URL": "redis://127.0.0.1:1"}
TEXTS = {
    "process": "executor-7",
    "trace_dir": "elsewhere",
    "coordinator": "orchestrator",
    "transport": "stream",
    "fence": "off",
    "watch": "off",
    "watch_address": "executor-7:50060",
    "watch_via": "executor-1=127.0.0.1:20001,executor-2=relay:20002",
    "lease_ttl": "12",
    "renew_every": "3",
    "max_in_flight": "5",
    "trace_sample": "0.5",
}


def read(**texts: str) -> Settings:
    return Settings.from_env(NEEDED | {variable(name): text for name, text in texts.items()}, "orchestrator")


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_read_from_the_variable_of_its_name(field):
    text = TEXTS.get(field.name, "17")
    value = getattr(read(**{field.name: text}), field.name)
    assert str(value) in (text, f"{text}.0")


def test_what_is_not_set_or_set_to_nothing_has_its_default():
    assert read() == read(lease_ttl="", process="", coordinator="")
    assert read() == Settings("orchestrator", Path("traces"), redis_url="redis://127.0.0.1:1")


def test_other_variables_are_nobodys_business():
    assert Settings.from_env(NEEDED | {"HOME": "/", "BOOKSTORE_WATCH_STDIN": "1"}, "orchestrator") == read()


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        read().lease_ttl = 1  # type: ignore[misc]  # that is the point


def test_a_missing_trace_folder_is_one_sentence():
    with pytest.raises(SetupError) as caught:
        Settings.from_env({}, "orchestrator")
    assert_one_sentence(caught, "BOOKSTORE_TRACE_DIR")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lease_ttl", "soon"),
        ("lease_ttl", "0"),
        ("lease_ttl", "-1"),
        ("lease_ttl", "nan"),
        ("renew_every", "-1"),
        ("renew_every", "30"),
        ("renew_every", "29"),
        ("renew_every", "nan"),
        ("max_in_flight", "0"),
        ("max_in_flight", "1.5"),
        ("max_in_flight", "-4"),
        ("max_in_flight", "many"),
        ("transport", "pigeon"),
        ("trace_sample", "0"),
        ("trace_sample", "1.01"),
        ("trace_sample", "-0.5"),
        ("outcome_wait", "0"),
        ("call_deadline", "-3"),
        ("session_idle", "0"),
        ("coordinator", "nobody"),
        ("watch", "maybe"),
        ("watch_address", "executor-7"),
        ("watch_address", "executor 7:50060"),
        ("watch_via", "127.0.0.1:20001"),
        ("watch_via", "executor-1=127.0.0.1"),
    ],
)
def test_a_value_that_makes_no_sense_is_one_sentence_that_names_the_variable(name, text):
    with pytest.raises(SetupError) as caught:
        read(**{name: text})
    assert_one_sentence(caught, variable(name))


@pytest.mark.parametrize("name", ["lease_ttl", "call_deadline"])
def test_a_time_without_end_is_one_sentence_that_names_the_variable(name):
    with pytest.raises(SetupError) as caught:
        read(**{name: "inf"})
    assert_one_sentence(caught, variable(name))


@pytest.mark.parametrize(
    ("name", "text"),
    [("redis_url", ""), ("redis_url", "nonsense"), ("http_listen", "nonsense"), ("http_listen", "127.0.0.1:http")],
)
def test_an_address_that_is_none_is_one_sentence_when_it_is_read_or_used(name, text):
    with pytest.raises(SetupError) as caught:
        connect_and_serve(name, text)
    assert_one_sentence(caught, text)


def connect_and_serve(name: str, text: str) -> None:
    with ExitStack() as parts:
        settings = read(**{name: text})
        parts.callback(connect(settings.redis_url).close)
        serve_http(lambda *_: [], settings.http_listen, parts)


def assert_one_sentence(caught: pytest.ExceptionInfo[SetupError], name: str) -> None:
    sentence = str(caught.value)
    assert name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("ttl", [0.5, 3, 30, 3600])
def test_a_leader_renews_three_times_in_the_life_of_its_lock_unless_told_otherwise(ttl):
    settings = read(lease_ttl=str(ttl))
    assert settings.renew_every == pytest.approx(ttl / 3)
    assert 0 < settings.lease_margin <= 1
    assert settings.renew_every < ttl - settings.lease_margin


@pytest.mark.parametrize(
    ("texts", "address"),
    [
        ({"listen": "127.0.0.1:50060"}, "127.0.0.1:50060"),
        ({"listen": "0.0.0.0:50060"}, f"{socket.gethostname()}:50060"),
        ({"listen": "[::]:50060"}, f"{socket.gethostname()}:50060"),
        ({"listen": "0.0.0.0:50060", "watch_address": "executor-7:1"}, "executor-7:1"),
        ({"listen": "127.0.0.1:0"}, ""),
    ],
)
def test_an_executor_is_watched_where_it_listens_unless_told_otherwise(texts, address):
    assert read(**texts).watched_at == address


def test_the_ways_to_watch_others_are_read_by_name():
    routes = {"executor-1": "127.0.0.1:20001", "executor-2": "relay:20002"}
    assert read(watch_via=TEXTS["watch_via"]).watch_routes == routes
    assert read().watch_routes == {}
