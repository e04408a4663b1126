"""All panels in JupyterLab: pressed, in both themes, by keyboard, and after a learner's mistakes."""

import pytest
from playwright.sync_api import expect

from tests.browser.access import faint, nameless, unreachable
from tests.browser.learner import LONG, PRESS, press_all, shown

pytestmark = pytest.mark.timeout(900)
START, ORDERS, CLUSTER = 0, 1, 2  # cells of the notebook


@pytest.fixture
def sheet(open_sheet):
    return open_sheet("all_panels.ipynb")


def test_every_button_does_what_it_says_and_everybody_can_read_and_reach_it(sheet, pictures):
    sheet.run_all()
    press_all(sheet.page, PRESS)

    for title in PRESS:
        panel = shown(sheet.page, title)
        assert nameless(panel) == []
        assert unreachable(panel) == []
    for theme in ("Light", "Dark"):
        sheet.theme(f"JupyterLab {theme}")
        for title in PRESS:
            panel = shown(sheet.page, title)
            assert faint(panel) == [], theme
            panel.screenshot(path=pictures / f"{title.lower().replace(' ', '-')}-{theme.lower()}.png")
    assert sheet.strangers == []


def test_an_order_is_placed_with_the_keyboard_alone(sheet):
    sheet.run_above(CLUSTER)
    cells = len(sheet.counts)
    orders = shown(sheet.page, "Orders")
    orders.get_by_label("Book").focus()
    sheet.page.keyboard.type("Dracula")  # the notebook would add a cell at each A
    for label in ("Copies", "Add to basket", "Empty basket", "Customer", "At once", "Place order"):
        sheet.page.keyboard.press("Tab")
        expect(orders.get_by_label(label).or_(orders.get_by_role("button", name=label))).to_be_focused()
    sheet.page.keyboard.press("Enter")

    expect(orders.get_by_role("table")).to_contain_text("1 x Dracula", timeout=LONG)
    expect(orders.get_by_role("status")).to_contain_text("Order Approved", timeout=LONG)
    assert len(sheet.counts) == cells


def test_a_panel_of_a_bookstore_that_was_started_anew_says_what_to_do(sheet):
    sheet.run_above(CLUSTER + 1)

    sheet.run_cell(START)

    for title in ("Orders", "Processes"):
        expect(shown(sheet.page, title)).to_contain_text("was stopped; start a new one", timeout=LONG)
    shown(sheet.page, "Orders").get_by_role("button", name="Place order").click()
    expect(shown(sheet.page, "Orders").get_by_role("status")).to_contain_text("was stopped; start a new one")
    sheet.run_cell(ORDERS)
    shown(sheet.page, "Orders").get_by_role("button", name="Place order").click()
    expect(shown(sheet.page, "Orders").get_by_role("status")).to_contain_text("Order Approved", timeout=LONG)


def test_a_kernel_restarted_in_the_middle_of_an_order_starts_again(sheet):
    sheet.run_above(CLUSTER + 1)
    shown(sheet.page, "Processes").get_by_title("Stop fraud_detection where it is").click()
    orders = shown(sheet.page, "Orders")
    orders.get_by_role("button", name="Place order").click()
    expect(orders.get_by_role("status")).to_contain_text("Waiting for the outcome")

    sheet.restart()

    expect(sheet.page.locator(".jupyter-widgets-disconnected").first).to_be_attached()  # the sign of a dead widget
    sheet.run_above(CLUSTER)
    shown(sheet.page, "Orders").get_by_role("button", name="Place order").click()
    expect(shown(sheet.page, "Orders").get_by_role("status")).to_contain_text("Order Approved", timeout=LONG)
    assert sheet.errors == []
