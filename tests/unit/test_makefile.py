import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def make(*arguments, cwd=ROOT):
    # What the make around this test run says to its children is not meant for this one.
    ours = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "UV"}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if key not in ours},
        capture_output=True,
        text=True,
        check=False,
    )


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path):
    """A folder with a space in its name and a Python whose venvs only note what they are asked to do."""
    folder = tmp_path / "book store"
    (folder / "bin").mkdir(parents=True)
    (folder / "Makefile").write_text(MAKEFILE)
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    program(folder / "bin/venv-python", 'echo "$@" >> calls; [ ! -e offline ]')
    program(
        folder / "bin/python",
        f"""case "$*" in
        *sys.executable*) echo "$0" ;;
        *ensurepip*) ;;
        "-m venv .venv") mkdir -p .venv/bin; cp bin/venv-python .venv/bin/python; echo venv >> calls ;;
        *) exec "{sys.executable}" "$@" ;;
        esac""",
    )
    return folder


def set_up(folder):
    """Runs `make setup` with pip; returns its exit code and what the venv was asked for since the last time."""
    calls = folder / "calls"
    calls.write_text("")
    code = make("setup", "UV=", "PYTHON=bin/python", cwd=folder).returncode
    return code, [line.split(" -e ")[0] for line in calls.read_text().splitlines()]


INSTALL = "-m pip install -qq --disable-pip-version-check"


def test_set_up_makes_the_venv_and_installs_into_it(checkout):
    assert set_up(checkout) == (0, ["venv", INSTALL])


def test_set_up_does_nothing_the_second_time(checkout):
    set_up(checkout)
    assert set_up(checkout) == (0, [])


def test_set_up_installs_again_when_a_pin_changed(checkout):
    set_up(checkout)
    (checkout / "constraints.txt").touch()
    stamp = checkout / ".venv/.set-up"
    os.utime(stamp, (1, 1))
    assert set_up(checkout) == (0, [INSTALL])


def test_set_up_that_failed_half_way_starts_over_the_next_time(checkout):
    (checkout / "offline").touch()
    assert set_up(checkout) == (2, ["venv", INSTALL])
    (checkout / "offline").unlink()
    assert set_up(checkout) == (0, ["venv", INSTALL])


def test_set_up_starts_over_in_a_checkout_that_was_moved(checkout):
    set_up(checkout)
    moved = checkout.rename(checkout.with_name("moved store"))
    assert set_up(moved) == (0, ["venv", INSTALL])


def test_set_up_starts_over_when_the_python_of_the_venv_is_gone(checkout):
    set_up(checkout)
    (checkout / ".venv/bin/python").unlink()
    assert set_up(checkout) == (0, ["venv", INSTALL])


def test_two_set_ups_at_the_same_time_do_the_work_once(checkout):
    command = ["make", "-s", "setup", "UV=", "PYTHON=bin/python"]
    both = [subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert (checkout / "calls").read_text().count("venv\n") == 1


def test_a_python_that_does_not_run_is_refused_in_one_sentence(checkout):
    program(checkout / "bin/python", "echo 'command not found' >&2; exit 127")
    result = make("setup", "UV=", "PYTHON=bin/python", cwd=checkout)
    assert result.returncode == 2
    assert result.stderr.splitlines()[0].startswith("No Python 3.11 to 3.14 runs here: install one")


def test_a_python_without_ensurepip_is_told_which_package_to_install(checkout):
    program(
        checkout / "bin/python",
        f'case "$*" in *ensurepip*) exit 1 ;; *executable*) echo "$0" ;; *) exec "{sys.executable}" "$@" ;; esac',
    )
    result = make("setup", "UV=", "PYTHON=bin/python", cwd=checkout)
    assert result.returncode == 2
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    assert f"run 'apt install {package}' as root" in result.stderr.splitlines()[0]


def test_the_newest_python_that_runs_is_taken(checkout):
    for name in ("python3.13", "python3.11"):
        program(checkout / "bin" / name, 'case "$2" in *executable*) echo "$0" ;; esac')
    program(checkout / "bin/python3.14", "exit 127")
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert make("python", "UV=", f"PATH={path}", cwd=checkout).stdout == f"{checkout}/bin/python3.13\n"


def test_the_secret_for_docker_compose_is_made_once_and_for_its_owner_only(checkout):
    make(".env", cwd=checkout)
    secret = (checkout / ".env").read_text()
    assert re.fullmatch(r"BOOKSTORE_CARD_KEY=[\w-]{43}=\n", secret)
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600
    make(".env", cwd=checkout)
    assert (checkout / ".env").read_text() == secret


def test_make_alone_lists_every_target_a_person_can_call():
    listed = set(re.findall(r"^  make (\S+)", make().stdout, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)
    assert phony
    assert listed == set(phony[1].split()) - {"venv", "stale"}


def test_ci_runs_make_test_and_nothing_after_it():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().endswith("\nexec make test\n")
