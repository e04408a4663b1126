"""The report of a run: whole, self-contained, the same each time, and honest about what was not checked."""

import re
from base64 import b64decode
from html.parser import HTMLParser

import pytest

from bookstore_lib import History
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import TraceEvent
from tests.executions import Execution, election, interleaved


def order(order_id: str, status: str = "approved") -> list[TraceEvent]:
    """The fewest events that an order is settled with."""
    run = Execution(order_id)
    run.local("orchestrator", "accepted")
    run.receive("executor-1", run.send("orchestrator", "order_queued", "executors"))
    run.receive("executor-1", run.serve(run.send("executor-1", "CheckBilling", "transaction_verification")))
    run.local("executor-1", "settled", epoch=1, detail={"status": status})
    return run.events


class Page(HTMLParser):
    """The texts of a page, what it loads, and the descriptions of its pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.loads: list[str | None] = []
        self.alts: list[str | None] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        self.alts += [value for name, value in attrs if name == "alt"]


@pytest.fixture(scope="module")
def history() -> History:
    return History(interleaved(order("first"), order("second", "rejected"), election("kill")))


@pytest.fixture(scope="module")
def files(history, tmp_path_factory):
    return history.report(tmp_path_factory.mktemp("report"), title="My <report>", seed="1-17")


@pytest.fixture(scope="module")
def page(files) -> Page:
    return Page(files[0].read_text())


@pytest.mark.parametrize(
    "told",
    [
        "My <report>",
        "2: 1 approved, 1 rejected",
        "killed executor-1",
        "1-17",
        "bookstore-lab",
        "System model",
        "Order first",
        "clocks correct",
        "not checked: it needs the tables of the record",
        "second",
    ],
)
def test_a_report_tells_of_orders_faults_seed_versions_and_verdict(page, told):
    assert told in page.text


def test_a_report_loads_nothing_and_describes_its_three_figures(page):
    assert len(page.loads) == 3
    assert all(each.startswith("data:image/svg+xml;base64,") for each in page.loads)
    assert [alt.split()[0] for alt in page.alts] == ["System", "Timeline", "Space-time"]
    svg = b64decode(page.loads[0].partition(",")[2]).decode()
    assert not re.search(r'(href|src)="(?!#)', svg)


def test_a_report_is_the_same_byte_for_byte(history, files, tmp_path):
    again = history.report(tmp_path / "new" / "folder", title="My <report>", seed="1-17")
    assert [each.read_bytes() for each in again] == [each.read_bytes() for each in files]


def test_the_pdf_is_sheets_of_a4_with_their_letters_and_no_date(files):
    pdf = files[1].read_bytes()
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert boxes
    assert all([round(float(side) / 72 * 25.4) for side in box] == [210, 297] for box in boxes)
    assert b"/FontFile2" in pdf
    assert b"/CreationDate" not in pdf


def test_what_is_violated_is_told_first_and_its_order_is_drawn(tmp_path):
    lost = [event for event in order("bad") if event.name != "CheckBilling"]  # a reply to what was never asked
    files = History(interleaved(order("good"), lost)).report(tmp_path)
    page = Page(files[0].read_text())
    assert "1 of the" in page.text
    assert "clocks correct: " in page.text
    assert "Order bad." in page.text
    assert "No election was recorded." in page.text


def test_a_run_without_orders_has_a_report_too(tmp_path):
    files = History(election("stop")).report(tmp_path)
    assert "No order was placed." in Page(files[0].read_text()).text


def test_a_report_of_nothing_or_to_nowhere_is_refused(history, tmp_path):
    with pytest.raises(HistoryError, match="place an order first"):
        History([]).report(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match="Choose another folder"):
        history.report(tmp_path / "file")
