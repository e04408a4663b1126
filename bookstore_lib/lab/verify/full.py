"""The whole campaign, to be kept with the date, the seed and the machine."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from bookstore_lib.lab.verify.backlog import Backlog
from bookstore_lib.lab.verify.mutants import Caught
from bookstore_lib.lab.verify.report import Report


class Campaign(NamedTuple):
    """The results of all parts."""

    seed: int
    random: Report
    crash_points: Report
    stores: Report
    backlog: Backlog
    mutants: Caught

    @property
    def good(self) -> bool:
        """Whether every part is."""
        return all((self.random.good, self.crash_points.good, self.stores.good, self.backlog.good, self.mutants.good))

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        parts = {name: getattr(self, name).to_json() for name in self._fields if name != "seed"}
        return {"date": _today(), "machine": _machine(), "seed": self.seed, **parts}

    def __str__(self) -> str:
        names = ("random", "crash_points", "stores", "backlog", "mutants")
        parts = "\n\n".join(f"## {name.replace('_', ' ').capitalize()}\n\n{getattr(self, name)}" for name in names)
        return f"# Fault campaign of {_today()}, seed {self.seed}\n\nMachine: {_machine()}.\n\n{parts}"

    def write(self, out: Path) -> None:
        """Write `campaign.md` and `campaign.json` below a folder."""
        out.mkdir(parents=True, exist_ok=True)
        (out / "campaign.md").write_text(f"{self}\n")
        (out / "campaign.json").write_text(json.dumps(self.to_json(), indent=1) + "\n")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"
