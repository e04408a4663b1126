"""All panels of one bookstore together: what they cost, and that they end."""

import time

import psutil
import pytest

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.panels import Dashboard, ElectionPanel
from bookstore_lib.lab.panels.dashboard import open_dashboard
from bookstore_lib.lab.watch import watch
from tests.support import eventually


@pytest.fixture(scope="module")
def shop():
    with Bookstore(executors=3) as shop:
        yield shop


@pytest.fixture
def dashboard(shop):
    dashboard = Dashboard(shop)
    yield dashboard
    dashboard.close()


def seconds_on_a_core(pids):
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def test_it_is_updated_five_times_a_second_for_less_than_a_tenth_of_a_core_when_nothing_happens(shop, dashboard):
    (election,) = (panel for panel in dashboard.panels if isinstance(panel, ElectionPanel))
    updates: list[object] = []
    election._strip.observe(updates.append, "value")
    eventually(lambda: len(updates) > 10)  # what is drawn at first is not idle
    pids = [psutil.Process().pid, shop.supervisor_pid]
    began, spent, seen = time.monotonic(), seconds_on_a_core(pids), len(updates)

    eventually(lambda: len(updates) >= seen + 40)

    seconds = time.monotonic() - began
    share = (seconds_on_a_core(pids) - spent) / seconds
    assert share < 0.1, f"{share:.1%}"
    assert 40 / seconds >= 5, f"{40 / seconds:.1f} updates a second"


def test_nobody_looks_any_more_when_all_panels_are_closed(shop):
    looks: list[object] = []
    dashboard = Dashboard(shop)

    dashboard.close()

    watch(shop).add(looks.append)
    watch(shop).remove(looks.append)
    eventually(lambda: not watch(shop).looking)


def test_all_panels_of_a_stopped_bookstore_say_so():
    with Bookstore(executors=1) as shop:
        dashboard = Dashboard(shop)

    assert dashboard.panels
    eventually(lambda: all("was stopped" in panel.message for panel in dashboard.panels))


def test_the_page_of_the_dashboard_tells_a_problem_of_the_machine_in_a_sentence(monkeypatch):
    monkeypatch.setenv("BOOKSTORE_REDIS_URL", "redis://127.0.0.1:1/0")

    assert "Redis at redis://127.0.0.1:1/0 does not answer" in open_dashboard().value
