"""What a learner presses in each panel, and what the panel then shows."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import expect

LONG = 120_000  # ms; a leader has to be elected, on a machine that is busy


def shown(page: Any, title: str) -> Any:
    """The panel with this heading; the last one where there are several."""
    heading = page.get_by_role("heading", name=title, exact=True)
    return page.locator(".widget-vbox").filter(has=heading).last


def press_all(page: Any) -> list[str]:
    """Press what there is to press in all panels of a page; returns their titles."""
    titles = [title for title in PRESS if page.get_by_role("heading", name=title, exact=True).count()]
    for title in titles:
        PRESS[title](shown(page, title))
    return titles


def _order(panel: Any) -> None:
    panel.get_by_label("Customer").select_option("bad card")
    _press(panel, "Place order")
    _says(panel, "The card number is not valid.")
    panel.get_by_label("Customer").select_option("good")
    _press(panel, "Add to basket")
    _press(panel, "Place order")
    _says(panel, "Order Approved. You may also like")
    expect(panel.get_by_role("table")).to_contain_text("bad card")


def _kill_freeze_and_cut(panel: Any) -> None:
    _press(panel, "Kill the leader")
    _says(panel, "leads now")
    expect(panel).to_contain_text("✖ dead", timeout=LONG)
    _press(panel, "Start the dead again")
    expect(panel).not_to_contain_text("✖ dead", timeout=LONG)
    panel.get_by_title("Stop suggestions where it is").click()
    expect(panel).to_contain_text("❄ frozen", timeout=LONG)
    panel.get_by_title("Let suggestions go on").click()
    expect(panel).not_to_contain_text("❄ frozen", timeout=LONG)
    cut = panel.get_by_title("Cut every link of executor-1")
    if cut.is_enabled():
        cut.click()
        expect(panel).to_contain_text("running, cut off", timeout=LONG)
        panel.get_by_title("Mend every link of executor-1").click()
        expect(panel).not_to_contain_text("running, cut off", timeout=LONG)
    expect(panel).to_contain_text("★ leader, epoch", timeout=LONG)


def _change_the_lease(panel: Any) -> None:
    panel.get_by_role("slider").first.press("ArrowRight")
    _press(panel, "Use these times")
    _says(panel, "The lock lives for")
    expect(panel.get_by_role("img", name=re.compile("Now leading: executor-"))).to_be_visible(timeout=LONG)


def _let_orders_arrive(panel: Any) -> None:
    _press(panel, "Start")
    expect(panel.get_by_role("img", name="Orders in the queue")).to_be_visible(timeout=LONG)
    _press(panel, "Stop")
    _says(panel, "orders at")


def _freeze_by_a_fault(panel: Any) -> None:
    panel.get_by_label("Fault", exact=True).select_option("freeze a process")
    panel.get_by_label("Process", exact=True).select_option("suggestions")
    _press(panel, "Fire")
    _says(panel, "It landed: suggestions was frozen")
    expect(panel.get_by_role("table")).to_contain_text("each effect happens once")


def _look_at_the_clocks(panel: Any) -> None:
    diagram = panel.get_by_role("img", name="Space-time diagram")
    expect(diagram.or_(panel.get_by_role("application", name="Space-time diagram"))).to_be_visible(timeout=LONG)


def _press(panel: Any, name: str) -> None:
    panel.get_by_role("button", name=name, exact=True).click(timeout=LONG)


def _says(panel: Any, sentence: str) -> None:
    expect(panel.get_by_role("status").last).to_contain_text(sentence, timeout=LONG)


PRESS: Mapping[str, Callable[[Any], None]] = {
    "Orders": _order,
    "Processes": _kill_freeze_and_cut,
    "Election": _change_the_lease,
    "Load": _let_orders_arrive,
    "Faults": _freeze_by_a_fault,
    "Vector clocks": _look_at_the_clocks,
}
