"""Seeded mistakes: each has to be caught by an invariant. They live beside the tests, out of reach of any setting."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from bookstore_lib.core.errors import SetupError

_MODULE = "tests.mutants"


class Caught(NamedTuple):
    """What became of the seeded mistakes.

    Attributes:
        by_mutant: By name, what was looked for and what was found.
        good: Whether each was caught.
    """

    by_mutant: dict[str, dict[str, Any]]
    good: bool

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        caught = sum(bool(each["caught"]) for each in self.by_mutant.values())
        return {"mutants": len(self.by_mutant), "caught": caught, "by_mutant": self.by_mutant}

    def __str__(self) -> str:
        lines = [f"{'caught' if each['caught'] else 'MISSED'}  {name}" for name, each in self.by_mutant.items()]
        return "\n".join([*lines, f"{self.to_json()['caught']} of {len(self.by_mutant)} seeded mistakes were caught."])


def catch_mutants() -> Caught:
    """Run a bookstore with each mistake.

    Raises:
        SetupError: This is not the project's folder, or they cannot be run.
    """
    if not Path(*_MODULE.split("."), "__main__.py").is_file():
        raise SetupError("The seeded mistakes live beside the tests; run this in the project's folder.")
    done = subprocess.run([sys.executable, "-m", _MODULE, "--json"], stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        raise SetupError("The seeded mistakes could not be run; see above.")
    return Caught(json.loads(done.stdout)["by_mutant"], done.returncode == 0)
