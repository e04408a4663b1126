"""Sheet 1 in a real browser: what a learner presses, and what the page then shows."""

import re

import pytest
from playwright.sync_api import expect

_LONG = 90_000  # ms; a leader has to be elected, on a machine that is busy


@pytest.fixture
def sheet(open_sheet):
    sheet = open_sheet("01_first_order.ipynb")
    sheet.run_all()
    return sheet


def test_a_learner_orders_and_kills_freezes_and_resumes_by_buttons(sheet, pictures):
    orders, cluster = sheet.panel("Orders"), sheet.panel("Processes")
    assert sheet.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0

    orders.get_by_label("Customer").select_option("bad card")
    orders.get_by_role("button", name="Place order").click()
    expect(orders.get_by_role("status")).to_contain_text("The card number is not valid.", timeout=_LONG)
    orders.get_by_label("Customer").select_option("good")
    orders.get_by_role("button", name="Place order").click()
    expect(orders.get_by_role("status")).to_contain_text("Order Approved", timeout=_LONG)
    expect(orders.get_by_role("table")).to_contain_text("bad card")
    expect(orders.get_by_role("img")).to_have_attribute("alt", re.compile("Space-time diagram"))

    cluster.get_by_role("button", name="Start the dead again").click()
    expect(cluster).to_contain_text("restarted once", timeout=_LONG)
    cluster.get_by_role("button", name="Kill the leader").click()
    expect(cluster.get_by_role("status").last).to_contain_text("leads now", timeout=_LONG)
    expect(cluster).to_contain_text("dead")
    cluster.get_by_title("Stop suggestions where it is").click()
    expect(cluster).to_contain_text("frozen", timeout=_LONG)
    cluster.get_by_title("Let suggestions go on").click()
    expect(cluster).not_to_contain_text("frozen", timeout=_LONG)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        sheet.theme(theme)
        name = theme.split()[-1].lower()
        for title, panel in (("orders", orders), ("cluster", cluster)):
            panel.scroll_into_view_if_needed()
            panel.screenshot(path=pictures / f"{title}-{name}.png")
        sheet.page.screenshot(path=pictures / f"sheet-1-{name}.png")
    assert sheet.strangers == []


def test_an_order_is_placed_with_the_keyboard_alone(sheet):
    orders = sheet.panel("Orders")
    orders.get_by_label("Book").focus()
    sheet.page.keyboard.type("Dracula")
    for _ in ("copies", "add", "empty", "customer", "at once", "place"):
        sheet.page.keyboard.press("Tab")
    expect(orders.get_by_role("button", name="Place order")).to_be_focused()
    sheet.page.keyboard.press("Enter")

    expect(orders.get_by_role("table")).to_contain_text("1 x Dracula", timeout=_LONG)
    expect(orders.get_by_role("status")).to_contain_text("Order Approved", timeout=_LONG)
