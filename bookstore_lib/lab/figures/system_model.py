"""The system model: which processes there are, how each is, who talks to whom, and what is assumed of them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.hosts import base_name
from bookstore_lib.lab.figures.labels import Point
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.sketch import Sketch
from bookstore_lib.lab.figures.style import BLACK, FADED, GREY, LIGHT, colour_of, styled

# Inches, as all lengths here: the middles of customer, orchestrator, Redis, executors and services; PostgreSQL's.
_CUSTOMER, _ORCHESTRATOR, _REDIS, _EXECUTORS, _SERVICES, _POSTGRES = 0.75, 2.75, 5.75, 8.8, 12.2, 7.0
_WIDTH, _WIDE, _HIGH, _STEP, _STORE = 13.45, 2.1, 0.62, 0.95, (2.1, 0.9)
_HEAD, _BELOW, _FOOT, _LEGEND, _EDGE = 1.0, 1.6, 1.25, 0.35, 0.18
_ROOMS = tuple(dict.fromkeys(step.service for step in STEPS.values()))
_STORES = {"redis": "Redis\nlock, queue,\nwake-ups", "postgres": "PostgreSQL\norders, stock,\npayments, epochs"}
_MODEL = (
    "Processes: crash, freeze, and come back without their memory.",
    "Links: gRPC over TCP; a call may be late, lost or tried again.",
    "Time: no bound is known. A lease makes one leader likely, an epoch makes it safe.",
)


class _Look(NamedTuple):
    fill: str
    line: Any
    word: str


_LOOKS = {
    "running": _Look("white", "solid", ""),
    "paused": _Look(LIGHT, "dashed", "❚❚ frozen"),
    "dead": _Look("white", "dotted", "✗ dead"),
}


def draw_system(
    processes: Mapping[str, str] | Iterable[str],
    *,
    leader: str = "",
    coordinator: str = "executor",
    title: str | None = None,
    figsize: Size | None = None,
) -> Picture:
    """Draw the processes, what they say to each other, and the assumptions that all the rest stands on.

    Args:
        processes: Their names, or how each is by its name: `running`, `paused` or `dead`.
        leader: The executor that leads; empty where nobody does.
        coordinator: Who calls the services: `executor` or `orchestrator`.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: There is no process, a state that does not exist, or the leader is none of the processes.
    """
    states = dict(processes) if isinstance(processes, Mapping) else dict.fromkeys(processes, "running")
    wrong = [state for state in states.values() if state not in _LOOKS]
    if not states:
        raise HistoryError("There are no processes to draw; give the names of some.")
    if wrong:
        raise HistoryError(f"A process cannot be {wrong[0]!r}; it is {', '.join(_LOOKS)}.")
    if leader and leader not in states:
        raise HistoryError(f"The leader {leader!r} is none of the processes; there are {', '.join(states)}.")
    with styled():
        picture = _Model(states, leader, coordinator).draw(title or "System model", figsize)
    picture.alt = _alt(states, leader, coordinator)
    return picture


class _Model:
    """Where each process stands, and who talks to whom."""

    def __init__(self, states: Mapping[str, str], leader: str, coordinator: str) -> None:
        self._states, self._leader, self._coordinator = states, leader, coordinator
        self._executors = [name for name in states if base_name(name).startswith("executor")]
        known = {"orchestrator", *_STORES, *self._executors}
        self._services = sorted((name for name in states if name not in known), key=_place_of_room)
        self._low = _HEAD + max(len(self._executors), len(self._services), 1) * _STEP
        self._places = self._place()

    def draw(self, title: str, figsize: Size | None) -> Picture:
        bottom = self._low + (_BELOW if "postgres" in self._states else 0.2)
        foot = _FOOT + (_LEGEND if self._leader or set(self._states.values()) != {"running"} else 0.0)
        self._sketch = Sketch(title, _WIDTH, bottom + foot, figsize)
        if self._executors:
            self._replicas()
        for name in self._places:
            self._box(name)
        if "orchestrator" in self._places:
            self._customer()
        self._calls()
        self._to_redis()
        self._to_postgres()
        self._words(bottom)
        return self._sketch.picture

    def _place(self) -> dict[str, Point]:
        middle = (_HEAD + self._low) / 2
        places = {"orchestrator": (_ORCHESTRATOR, middle), "redis": (_REDIS, middle)}
        places["postgres"] = (_POSTGRES, self._low + 1.1)
        for x, names in ((_EXECUTORS, self._executors), (_SERVICES, self._services)):
            first = middle - (len(names) - 1) * _STEP / 2
            places |= {name: (x, first + place * _STEP) for place, name in enumerate(names)}
        return {name: at for name, at in places.items() if name in self._states}

    def _box(self, name: str) -> None:
        look, size = _LOOKS[self._states[name]], _STORE if name in _STORES else (_WIDE, _HIGH)
        dead, leads = self._states[name] == "dead", name == self._leader
        edge = GREY if dead else BLACK if name in _STORES else colour_of(name)
        self._sketch.box(self._places[name], size, line=2.4, edgecolor=edge, facecolor=look.fill, linestyle=look.line)
        text = f"★ {name}" if leads else _STORES.get(name, name)
        text = "\n".join(part for part in (text, look.word) if part)
        weight = "bold" if leads else "normal"
        self._sketch.text(self._places[name], text, 12, color=GREY if dead else BLACK, weight=weight)

    def _replicas(self) -> None:
        """A frame around the executors, for any of them does what one of them does."""
        size = _WIDE + 2 * _EDGE, len(self._executors) * _STEP + 0.05
        middle = (_EXECUTORS, (_HEAD + self._low) / 2)
        self._sketch.box(middle, size, line=1, facecolor="#F7F7F7", edgecolor=FADED, zorder=0.5)
        self._sketch.text((_EXECUTORS, middle[1] - size[1] / 2 - 0.15), "replicas, one leads", 11, style="italic")

    def _customer(self) -> None:
        y = self._places["orchestrator"][1]
        self._sketch.circle((_CUSTOMER, y - 0.28), 0.14, line=2)
        xs = [_CUSTOMER - 0.26, _CUSTOMER, _CUSTOMER + 0.26]
        self._sketch.line(xs, [y + 0.12, y - 0.13, y + 0.12], color=BLACK)
        self._sketch.text((_CUSTOMER, y + 0.3), "customer", 12)
        self._arrow((_CUSTOMER + 0.35, y), (_ORCHESTRATOR - _WIDE / 2, y), "HTTP")

    def _calls(self) -> None:
        """From who coordinates to each service; the arrows of those who could, but do not lead, are faint."""
        if self._coordinator == "orchestrator":
            self._calls_of_the_orchestrator()
            return
        for caller in self._executors:
            main = not self._leader or caller == self._leader
            for service in self._services:
                (x1, y1), (x2, y2) = self._places[caller], self._places[service]
                line, head, colour = (1.4, 12, BLACK) if main else (0.8, 8, FADED)
                start, end = (x1 + _WIDE / 2, y1), (x2 - _WIDE / 2 - 0.03, y2)
                self._sketch.arrow(start, end, line=line, head=head, color=colour, zorder=2 if main else 1)
        if self._executors and self._services:
            self._sketch.text(((_EXECUTORS + _SERVICES) / 2, _HEAD - 0.1), "gRPC", 11, style="italic")

    def _calls_of_the_orchestrator(self) -> None:
        """Over the heads of the others, down a bus beside the services."""
        if "orchestrator" not in self._places or not self._services:
            return
        x, y = self._places["orchestrator"]
        over, bus = _HEAD - 0.4, _SERVICES - _WIDE / 2 - 0.4
        lowest = max(self._places[service][1] for service in self._services)
        self._sketch.line([x, x, bus, bus], [y - _HIGH / 2, over, over, lowest], line=1.4, color=BLACK)
        for service in self._services:
            end = self._places[service]
            self._sketch.arrow((bus, end[1]), (end[0] - _WIDE / 2 - 0.03, end[1]), line=1.4)
        self._sketch.text((_REDIS, over), "gRPC", 11, boxed=True, style="italic")

    def _to_redis(self) -> None:
        if "redis" not in self._places:
            return
        x, y = self._places["redis"]
        if "orchestrator" in self._places:
            self._arrow((_ORCHESTRATOR + _WIDE / 2, y), (x - _STORE[0] / 2, y), "ids")
        if self._executors:
            self._arrow((_EXECUTORS - _WIDE / 2 - _EDGE, y), (x + _STORE[0] / 2, y), "")
            self._sketch.text((_REDIS + 1.05 + 0.38, y - 0.38), "lock,\nids", 11, style="italic")

    def _to_postgres(self) -> None:
        if "postgres" not in self._places:
            return
        x, y = self._places["postgres"]
        if "orchestrator" in self._places:
            start = _ORCHESTRATOR, self._places["orchestrator"][1] + _HIGH / 2
            self._bent(start, (x - _STORE[0] / 2, y), "accepts")
        if self._executors:
            bottom = (_HEAD + self._low) / 2 + (len(self._executors) * _STEP + 0.05) / 2
            self._bent((_EXECUTORS, bottom), (x + _STORE[0] / 2, y), "settles,\nwith its epoch")
        if "suggestions" in self._places:
            below = y + 0.25
            start = _SERVICES, self._places["suggestions"][1] + _HIGH / 2
            self._bent(start, (x + _STORE[0] / 2, below), "reads books")

    def _bent(self, start: Point, end: Point, label: str) -> None:
        """An arrow straight down, then straight to the side, with its label on the way down."""
        self._sketch.line([start[0]] * 2, [start[1], end[1]], color=BLACK, zorder=1)
        self._sketch.arrow((start[0], end[1]), end)
        self._sketch.text((start[0], (start[1] + end[1]) / 2 + 0.02), label, 11, boxed=True, style="italic")

    def _arrow(self, start: Point, end: Point, label: str) -> None:
        self._sketch.arrow(start, end)
        if label:
            self._sketch.text(((start[0] + end[0]) / 2 - 0.05, start[1] - 0.15), label, 11, style="italic")

    def _words(self, y: float) -> None:
        for place, line in enumerate(_MODEL):
            self._sketch.text((0.2, y + 0.4 + 0.27 * place), line, 12, ha="left")
        used = [state for state in _LOOKS if state in self._states.values() and state != "running"]
        handles: list[Patch | Line2D] = [
            Patch(
                facecolor=_LOOKS[state].fill,
                edgecolor=GREY if state == "dead" else BLACK,
                linestyle=_LOOKS[state].line,
                linewidth=2 * self._sketch.scale,
                label=_LOOKS[state].word.split()[1],
            )
            for state in used
        ]
        if self._leader:
            star: dict[str, Any] = {"marker": "*", "markersize": 11 * self._sketch.scale, "linestyle": ""}
            handles.append(Line2D([], [], color=BLACK, label="leads", **star))
        if handles:
            self._sketch.legend(handles, (0.2, y + 0.4 + 0.27 * len(_MODEL) + 0.1), len(handles))


def _place_of_room(name: str) -> int:
    return _ROOMS.index(base_name(name)) if base_name(name) in _ROOMS else len(_ROOMS)


def _alt(states: Mapping[str, str], leader: str, coordinator: str) -> str:
    told = ", ".join(name if state == "running" else f"{name} ({state})" for name, state in states.items())
    leads = f" {leader} leads." if leader else ""
    return f"System model. Processes: {told}.{leads} The {coordinator} calls the services. {' '.join(_MODEL)}"
