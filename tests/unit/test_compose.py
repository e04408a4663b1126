import importlib.util
import re
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator

from bookstore_lib.runtime.settings import Settings, variable

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
SERVICES = yaml.safe_load(FILE.read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DEPLOYABLES = {name: service for name, service in OURS.items() if name != "jupyter"}
DOCKERFILE = (ROOT / "services/Dockerfile").read_text()


def mistakes(text):
    """What the schema of the Compose specification (check-jsonschema ships it) finds wrong."""
    validator = Draft202012Validator(get_builtin_schema("vendor.compose-spec"))
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def environment(service):
    """The environment of a service with each `${NAME:-value}` at its value and the required secret filled in."""
    text = {key: str(value) for key, value in service["environment"].items()}
    filled = {key: re.sub(r"\$\{\w+:\?[^}]*\}", "k", value) for key, value in text.items()}
    return {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in filled.items()}


def port(address):
    return int(address.rsplit(":", 1)[1].split("/")[0])


def test_the_file_is_valid_by_the_schema_of_the_compose_specification():
    assert mistakes(FILE.read_text()) == []


def test_the_schema_notices_a_misspelt_key():
    assert mistakes(FILE.read_text().replace("depends_on:", "depend_on:")) != []


def test_the_stack_is_the_stores_the_five_services_and_jupyter():
    rooms = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    assert set(DEPLOYABLES) == rooms
    assert set(SERVICES) == rooms | {"redis", "postgres", "jupyter"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_until_what_it_needs_is_healthy(name):
    needs = SERVICES[name].get("depends_on", {})
    assert set(needs) <= set(SERVICES)
    assert all(need == {"condition": "service_healthy"} for need in needs.values())


@pytest.mark.parametrize("name", SERVICES)
def test_a_published_port_is_reachable_from_this_machine_only(name):
    assert all(published.startswith("127.0.0.1:") for published in SERVICES[name].get("ports", []))


def test_the_shop_and_the_notebooks_are_all_that_is_published():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"orchestrator", "jupyter"}


def test_one_image_serves_all_of_ours():
    assert {(str(service["build"]), service["image"]) for service in OURS.values()} == {
        ("{'context': '.', 'dockerfile': 'services/Dockerfile'}", "bookstore-lab")
    }


@pytest.mark.parametrize("name", OURS)
def test_a_command_names_a_module_that_python_can_run(name):
    module = OURS[name]["command"][0]
    assert importlib.util.find_spec(f"{module}.__main__")


def test_three_executors_run_and_nothing_stands_in_the_way_of_more():
    executor = SERVICES["order_executor"]
    assert executor["deploy"]["replicas"] == 3
    assert not {"ports", "container_name", "hostname"} & set(executor)
    assert "BOOKSTORE_PROCESS" not in executor["environment"]


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_a_service_is_told_only_what_the_settings_know_and_they_accept_it(name):
    told = environment(DEPLOYABLES[name])
    assert set(told) <= {variable(field.name) for field in fields(Settings)}
    assert Settings.from_env(told, name).redis_url == "redis://redis:6379/0"


def test_the_executor_shows_its_debug_pages_inside_its_container_only():
    assert environment(SERVICES["order_executor"])["BOOKSTORE_HTTP_LISTEN"].startswith("127.0.0.1:")


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_an_address_leads_to_the_port_on_which_that_service_listens(name):
    addresses = {k: v for k, v in environment(DEPLOYABLES[name]).items() if k.endswith("_ADDRESS")}
    assert len(addresses) == 3
    for address in addresses.values():
        assert port(address) == port(environment(SERVICES[address.split(":")[0]])["BOOKSTORE_LISTEN"])


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_a_health_check_asks_the_port_on_which_its_service_listens(name):
    *command, kind, target = DEPLOYABLES[name]["healthcheck"]["test"]
    assert command == ["CMD", "python", "-m", "bookstore_lib.runtime.healthcheck"]
    assert importlib.util.find_spec(command[-1])
    listens = environment(DEPLOYABLES[name])["BOOKSTORE_LISTEN" if kind == "grpc" else "BOOKSTORE_HTTP_LISTEN"]
    assert port(target.removeprefix("http://")) == port(listens)


def test_no_secret_is_written_down():
    assert all("${BOOKSTORE_CARD_KEY:?" in s["environment"]["BOOKSTORE_CARD_KEY"] for s in DEPLOYABLES.values())
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:-bookstore}"


def test_the_image_does_not_run_as_root():
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["bookstore"]


def test_the_image_copies_only_what_exists_and_is_sent_to_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line[1:] for line in lines if line.startswith("!")]
    copies = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    sources = [word for words in copies for word in words if not word.startswith("--")]
    assert "*" in lines
    assert [source for source in sources if not any(fnmatch(source, name) for name in sent)] == []
    assert [source for source in sources if not (ROOT / source).exists()] == []
