"""Whether each known mistake is caught: `python -m tests.mutants [--json] [mutant ...]`; without a name, all of them.

Progress goes to standard error, and one JSON object to standard output. Exits with 0 only when all are caught.
"""

import argparse
import json
import sys

from tests.mutants.run import Outcome, run_all
from tests.mutants.table import MUTANTS


def main() -> int:
    names = [mutant.name for mutant in MUTANTS]
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("mutants", nargs="*", metavar="mutant", help=", ".join(names))
    asked = parser.parse_args()
    if unknown := set(asked.mutants) - set(names):
        parser.error(f"there is no mutant {min(unknown)!r}; there are {', '.join(names)}")
    outcomes = run_all([mutant for mutant in MUTANTS if mutant.name in (asked.mutants or names)], _say)
    caught = sum(outcome.caught for outcome in outcomes)
    if asked.json:
        by_mutant = {outcome.mutant.name: _fields(outcome) for outcome in outcomes}
        sys.stdout.write(json.dumps({"mutants": len(outcomes), "caught": caught, "by_mutant": by_mutant}) + "\n")
    return 0 if caught == len(outcomes) else 1


def _say(outcome: Outcome) -> None:
    mutant = outcome.mutant
    how = "caught by" if outcome.caught else "NOT CAUGHT by"
    lines = [
        f"{mutant.name} is {how} {mutant.invariant!r} ({outcome.seconds:.1f} s)",
        f"    The mistake: {mutant.mistake.__doc__}",
        *(f"    - {note}" for note in outcome.notes),
    ]
    sys.stderr.write("\n".join(lines) + "\n")


def _fields(outcome: Outcome) -> dict[str, object]:
    return {"caught": outcome.caught, "by": outcome.mutant.invariant, "also": outcome.also}


if __name__ == "__main__":
    sys.exit(main())
