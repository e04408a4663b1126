"""Every guarantee can fail: known mistakes violate it, and the same faults without a mistake violate nothing."""

import shutil
from pathlib import Path

import pytest

from bookstore_lib.core.invariants import INVARIANTS
from bookstore_lib.lab.verify.stage import Stage
from tests.mutants.run import run_all
from tests.mutants.table import MUTANTS

pytestmark = pytest.mark.timeout(900)  # the first test of a mutant waits for all of them

ROOT = Path(__file__).parents[2]
SCHEDULES = {mutant.schedule.name: mutant.schedule for mutant in MUTANTS}


@pytest.fixture(scope="module")
def outcomes():
    """What became of each mutant, by name; a bookstore each, so they are run once."""
    return {outcome.mutant.name: outcome for outcome in run_all(MUTANTS)}


@pytest.fixture(scope="module")
def stage():
    """A bookstore without mistakes."""
    with Stage() as stage:
        yield stage
    shutil.rmtree(stage.shop.run_dir, ignore_errors=True)


def test_every_guarantee_has_a_mutant_that_it_has_to_catch():
    assert {mutant.invariant for mutant in MUTANTS} == {invariant.name for invariant in INVARIANTS}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_caught_by_the_guarantee_that_it_breaks(mutant, outcomes):
    outcome = outcomes[mutant.name]
    assert outcome.caught, outcome.notes


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=list(SCHEDULES))
def test_the_same_faults_without_a_mistake_violate_nothing(schedule, stage):
    done = stage.run(schedule)
    assert done.verdict.holds, done.verdict
    assert all(landing.landed for _, landing in done.landings), done.landings


@pytest.mark.parametrize(
    "folder", ["services", "bookstore_lib/core", "bookstore_lib/runtime", "bookstore_lib/lab/supervisor"]
)
def test_nothing_that_runs_knows_of_the_mistakes(folder):
    assert not [path for path in (ROOT / folder).rglob("*.py") if "mutants" in path.read_text(encoding="utf-8")]
