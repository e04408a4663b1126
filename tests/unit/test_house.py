"""The rules of the house that no linter knows: who may import whom, what is generated, and what nobody does here."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "bookstore_lib" / "pb"
OURS = [
    path
    for folder in ("bookstore_lib", "services", "protos", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if STUBS not in path.parents
]
LIBRARY = [path for path in OURS if path.relative_to(ROOT).parts[0] in ("bookstore_lib", "services")]
RUNNING = [path for path in LIBRARY if path.relative_to(ROOT).parts[1] != "lab"]
# Each loses something: the id before its work is done, or the lock's end between two commands.
UNSAFE_ON_REDIS = {
    "lpop",
    "rpop",
    "blpop",
    "brpop",
    "lmpop",
    "blmpop",
    "expire",
    "pexpire",
    "expireat",
    "pexpireat",
    "setnx",
    "getset",
}


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; empty for what is no such name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def places(files: list[Path], wrong: Callable[[ast.AST], bool]) -> Iterator[str]:
    """`file:line` of everything in `files` that is wrong."""
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if wrong(node):
                yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def imported(node: ast.AST, module: str, name: str) -> bool:
    """Whether the node imports this name out of its module, which would hide it from the scans here."""
    return isinstance(node, ast.ImportFrom) and node.module == module and name in {each.name for each in node.names}


def test_imports_only_go_down(tmp_path):
    # In a process of its own: it changes the logging of the one that it runs in.
    lint = [Path(sys.executable).parent / "lint-imports", "--cache-dir", tmp_path]
    result = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"An import goes where it may not; import-linter says:\n{result.stdout}"


def test_the_stubs_are_those_that_the_protos_make(tmp_path):
    subprocess.run([sys.executable, ROOT / "protos" / "generate.py", tmp_path], check=True)
    fresh = {path.name: path.read_text() for path in (tmp_path / "bookstore_lib" / "pb").iterdir()}
    kept = {path.name: path.read_text() for path in STUBS.glob("*_pb2*")}
    stale = sorted(name for name in fresh.keys() | kept.keys() if fresh.get(name) != kept.get(name))
    assert not stale, f"Run `make stubs`: {', '.join(stale)} in bookstore_lib/pb differ from what protos/ makes."


def test_nobody_bends_the_path_that_modules_are_found_on():
    bent = list(places(OURS, lambda node: dotted(node) == "sys.path" or imported(node, "sys", "path")))
    assert not bent, f"Import by package instead of changing sys.path: {bent}"


def test_channels_are_opened_in_one_place_and_kept():
    allowed = {ROOT / "bookstore_lib" / "runtime" / name for name in ("rpc_client.py", "healthcheck.py")}
    allowed.add(ROOT / "bookstore_lib" / "lab" / "bench" / "peers" / "unary.py")  # for an event loop
    others = [path for path in LIBRARY if path not in allowed]
    opened = list(places(others, lambda node: dotted(node).startswith("grpc.") and dotted(node).endswith("_channel")))
    assert not opened, f"Use ServiceClient, which keeps its channel and sets deadlines: {opened}"


def test_nothing_that_runs_sleeps_where_it_should_wait_for_something():
    slept = list(places(RUNNING, lambda node: dotted(node) == "time.sleep" or imported(node, "time", "sleep")))
    assert not slept, f"Wait for an event or a condition, which a stop can end, instead of sleeping: {slept}"


def test_redis_is_never_told_what_can_lose_an_id_or_leave_a_lock_without_an_end():
    unsafe = list(places(RUNNING, lambda node: isinstance(node, ast.Attribute) and node.attr in UNSAFE_ON_REDIS))
    assert not unsafe, f"Use LMOVE, or SET with NX and PX, or a script that compares first: {unsafe}"


def test_no_script_for_redis_takes_an_id_from_a_list_without_keeping_it():
    def pops(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and "POP" in str(node.value) and "redis.call" in str(node.value)

    popping = list(places(RUNNING, pops))
    assert not popping, f"Use LMOVE in the script, so that the id is always in some list: {popping}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("services/*/__main__.py")), ids=lambda path: path.parent.name)
def test_an_entry_point_only_puts_parts_together(path):
    lines = len(path.read_text().splitlines())
    assert lines <= 20, f"{path.relative_to(ROOT)} has {lines} lines; move what it does into a module beside it."


def test_every_service_has_an_entry_point():
    rooms = {path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()}
    assert {path.parent.name for path in ROOT.glob("services/*/__main__.py")} == rooms
