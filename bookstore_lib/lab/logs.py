"""The logs of all processes of a bookstore as one, in the order of time."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.record import runs_folder

# They log in words of their own, without orders; shown when they are asked for.
_SERVERS = ("redis", "postgres")
_SHOWN = ("time", "process", "level", "message", "step", "outcome")


class LogLine(NamedTuple):
    """A line of a log.

    Attributes:
        time: UTC, as `2026-01-31T23:59:59.999Z`; of the line before where it has none; empty when that has none either.
        process: Whose log it stands in.
        fields: All of it, by name: `message`, and where known `level`, `order_id`, `request_id`, `step`, `outcome`, ...
    """

    time: str
    process: str
    fields: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {"time": self.time, "process": self.process, **self.fields}

    def __str__(self) -> str:
        """As one line for people; what stands in the message already is not told again."""
        level = self.fields.get("level", "INFO")
        marked = "" if level == "INFO" else f"{level} "
        rest = " ".join(f"{name}={value}" for name, value in self.fields.items() if name not in _SHOWN)
        return f"{self.time:24} {self.process:24} {marked}{self.fields['message']}{'  ' * bool(rest)}{rest}"


class LogReader:
    """Reads logs as they grow.

    Args:
        folder: Where they are, a file for each process.
        service: Only processes whose name begins like this; all services when empty.
        order: Only lines about this order, or those whose ids begin like this; all when empty.
    """

    def __init__(self, folder: Path, service: str = "", order: str = "") -> None:
        self._folder, self._service, self._order = folder, service, order
        self._read: dict[Path, int] = {}
        self._times: dict[Path, str] = {}

    def read(self) -> list[LogLine]:
        """What has been written since the last call, in the order of time."""
        files = [file for file in sorted(self._folder.glob("*.log")) if self._wanted(file.stem)]
        lines = [line for file in files for line in self._new_lines(file)]
        found = [line for line in lines if str(line.fields.get("order_id", "")).startswith(self._order)]
        return sorted(found, key=lambda line: line.time)

    def _wanted(self, process: str) -> bool:
        return process.startswith(self._service) if self._service else process not in _SERVERS

    def _new_lines(self, file: Path) -> Iterator[LogLine]:
        with file.open("rb") as log:
            log.seek(self._read.get(file, 0))
            data = log.read()
        # What comes after the last end of a line is being written just now.
        whole = data[: data.rfind(b"\n") + 1]
        self._read[file] = self._read.get(file, 0) + len(whole)
        for text in whole.decode(errors="replace").splitlines():
            fields = _fields(text)
            self._times[file] = fields.pop("time", self._times.get(file, ""))
            yield LogLine(self._times[file], fields.pop("process", file.stem), fields)


def find_logs(run_dir: Path | None) -> Path:
    """The folder with the logs of a bookstore.

    Args:
        run_dir: Its folder; `None` for the one that was started last.

    Raises:
        SetupError: There is none.
    """
    folders = [run_dir] if run_dir else list(runs_folder().glob("*"))
    logs = [folder / "logs" for folder in folders if (folder / "logs").is_dir()]
    if not logs:
        where = f"in {run_dir}" if run_dir else "that was started without a folder of its own"
        raise SetupError(
            f"There are no logs of a bookstore {where}; start one with `bookstore up`, or give its --run-dir."
        )
    return max(logs, key=lambda folder: folder.stat().st_mtime)


def _fields(text: str) -> dict[str, Any]:
    """A line of a log by name; what is no JSON object (a traceback, a server's own words) is a message."""
    try:
        fields = json.loads(text)
    except ValueError:
        return {"message": text}
    return fields if isinstance(fields, dict) and "message" in fields else {"message": text}
