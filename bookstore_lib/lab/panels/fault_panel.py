"""A fault to choose, aim and fire, and what it did."""

from collections.abc import Sequence

import ipywidgets

from bookstore_lib.core.verdict import Verdict
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.faults import FIELDS, FOLLOWER, LEADER, Fault, Landing, inject
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.supervisor.plan import SERVICES
from bookstore_lib.lab.supervisor.wires import CUTS, link_names
from bookstore_lib.runtime.crash_points import HOWS, SIDES, STEPS

_WORDS = {
    "kill": "kill a process, and start it again",
    "freeze": "freeze a process",
    "cut": "cut a link",
    "slow": "make a service slow",
    "unavailable": "have a service refuse calls",
    "lose_reply": "lose the replies of a service",
    "flush": "have Redis forget everything",
    "crash_point": "crash at a step",
    "lose_tail": "have Redis lose its last writes",
}
_PROCESS, _LINK, _STEP = "process", "between", "at"


class FaultPanel(Panel):
    """Choose a fault, aim it, fire it; see that it landed, and which guarantees held.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__(shop, "Faults")
        kinds = [(words, kind) for kind, words in _WORDS.items() if kind != "cut" or shop.settings.links]
        self.kind = ipywidgets.Dropdown(options=kinds, description="Fault", layout={"width": "380px"})
        self._names = [status.name for status in shop.processes()]
        # With options from the start: the browser keeps nothing chosen where there was nothing to choose at first.
        self.process = ipywidgets.Dropdown(options=_aims(kinds[0][1], self._names), description="Process")
        self.link = ipywidgets.Dropdown(options=_links(shop), description="Link")
        self.how = ipywidgets.Dropdown(options=list(CUTS), description="How")
        self.step = ipywidgets.Dropdown(options=_crash_points(), description="Step")
        self.seconds = ipywidgets.BoundedFloatText(value=1.0, min=0.1, max=60, step=0.1, description="Seconds")
        self.fire_button = self._button(
            "Fire", "Let the fault happen, end it, and check every guarantee", lambda: self.fire(self.chosen), "danger"
        )
        self._verdict = ipywidgets.HTML()
        self.kind.observe(lambda _: self._aim(), "value")
        self._aim()
        aims = row(self.process, self.link, self.how, self.step, self.seconds)
        self._compose(row(self.kind, self.fire_button), aims, self._message, self._verdict)
        self._follow()

    def fire(self, fault: Fault) -> tuple[Landing, Verdict]:
        """What the button does, for a cell: let it happen, and check the whole run; shown in the panel.

        Raises:
            BookstoreError: It cannot be done; the sentence says why, and nothing was changed.
        """
        landing = inject(self._shop, fault)
        verdict = self._shop.history().check()
        self._say(f"{'It landed' if landing.landed else 'It had no effect'}: {landing.evidence}")
        self._verdict.value = _table(verdict)
        return landing, verdict

    @property
    def verdict(self) -> str:
        """The table of guarantees, as HTML."""
        return str(self._verdict.value)

    @property
    def chosen(self) -> Fault:
        """The fault that the widgets describe."""
        needs, may = FIELDS[self.kind.value]
        chosen = {
            "process": self.process.value,
            "between": self.link.value,
            "how": self.how.value,
            "at": self.step.value,
            "delay": self.seconds.value / 2,
            "seconds": self.seconds.value,
        }
        return Fault(self.kind.value, **{name: chosen[name] for name in (*needs, *may) if name in chosen})

    def _aim(self) -> None:
        needs, may = FIELDS[self.kind.value]
        aims = {_PROCESS: self.process, _LINK: self.link, "how": self.how, _STEP: self.step, "seconds": self.seconds}
        for field, widget in aims.items():
            widget.layout.display = "" if field in (*needs, *may) else "none"
        aims_now = _aims(self.kind.value, self._names)
        if list(self.process.options) != aims_now:
            self.process.options = aims_now


def _aims(kind: str, names: Sequence[str]) -> list[str]:
    """Whom a fault of this kind can befall."""
    if kind in ("slow", "unavailable", "lose_reply"):
        return list(SERVICES)
    if kind == "crash_point":
        return [LEADER, FOLLOWER, *(name for name in names if name.startswith(("executor-", "orchestrator")))]
    return [LEADER, FOLLOWER, *names]


def _links(shop: Bookstore) -> list[tuple[str, tuple[str, str]]]:
    servers = ("redis", "postgres")
    ends = [*((LEADER, server) for server in servers), *((FOLLOWER, server) for server in servers)]
    return [(f"{one} - {other}", (one, other)) for one, other in [*ends, *link_names(shop.settings)]]


def _crash_points() -> list[tuple[str, str]]:
    return [(f"{how} itself {side} {step}", f"{step}:{side}:{how}") for step in STEPS for side in SIDES for how in HOWS]


def _table(verdict: Verdict) -> str:
    rows = [
        ("held" if result.holds else "VIOLATED", result.name, " ".join(v.sentence for v in result.violations[:3]))
        for result in verdict.results
    ]
    return html.table("Guarantees over the whole run so far", ("Verdict", "Guarantee", "What showed it"), rows)
