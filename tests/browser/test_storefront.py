"""The storefront and the status page in a real browser, before a real bookstore."""

import re
import shutil
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.faults import make_whole
from tests.browser.jupyter import watch_requests

expect.set_options(timeout=60_000)  # ms; on a machine that is busy
PHONE = {"width": 390, "height": 844}
REJECTED = {
    "a card with a wrong digit": ("The card number is not valid.", "Credit card"),
    "an expired card": ("expired", "Credit card"),
    "an address without a city": ("The billing address has no city.", "Billing address"),
    "a suspicious customer": ("block list", "Fraud"),
}
_NAMELESS = """[...document.querySelectorAll("input, select, textarea, button, a")]
    .filter((each) => !(each.labels?.length || each.getAttribute("aria-label") || each.textContent.trim()))
    .map((each) => each.outerHTML)"""
_TOO_WIDE = """[document.documentElement, ...document.querySelectorAll("main *")]
    .filter((each) => each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX !== "visible")
    .filter((each) => !each.matches("input, select, textarea") && each.checkVisibility())
    .map((each) => each.outerHTML.slice(0, 80))"""
_HEADINGS = "[...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]))"


@pytest.fixture(scope="module")
def bookstore():
    with Bookstore(executors=2, lease_ttl=1.5) as shop:
        shop.await_leader()
        yield shop
    shutil.rmtree(shop.run_dir, ignore_errors=True)


@pytest.fixture
def shop(bookstore):
    yield bookstore
    make_whole(bookstore)


class Storefront:
    """The page as a customer uses it.

    Attributes:
        strangers: The addresses outside this machine that the page asked for.
        complaints: What the browser said was wrong.
    """

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.strangers = watch_requests(page)
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)
        self.outcome = page.locator("#outcome")
        self.heading = self.outcome.get_by_role("heading")
        self.picture = page.get_by_role("img", name="Clock diagram")

    def _note(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def place(self, preset="a good customer", title="Frankenstein"):
        self.page.get_by_role("button", name=f"Add {title} to the basket").click()
        self.page.get_by_label("Fill in for").select_option(preset)
        self.page.get_by_role("button", name="Place order").click()

    def step(self, name):
        return self.page.get_by_role("list", name="Steps of the order").get_by_role("listitem").filter(has_text=name)

    def order_id(self):
        (order_id,) = re.findall(r"[0-9a-f]{32}", self.outcome.inner_text())
        return order_id


@pytest.fixture
def store(page, shop):
    store = Storefront(page, shop.url)
    yield store
    assert (store.strangers, store.complaints) == ([], [])


def test_an_order_is_followed_through_its_steps_to_its_outcome_suggestions_and_clock_diagram(store, pictures):
    store.place()

    expect(store.heading).to_have_text("Order Approved")
    for step in ("Services told", "Billing address", "Credit card", "Fraud", "Suggestions"):
        expect(store.step(step)).to_contain_text("passed")
    expect(store.step("Settled")).to_contain_text("approved")
    expect(store.outcome).to_contain_text("You may also like:")
    expect(store.picture).to_contain_text("acknowledged")
    assert {"executor-", "orchestrator", "fraud_detection"} <= set(
        re.findall(r"executor-|orchestrator|fraud_detection", store.picture.text_content())
    )
    expect(store.page.locator("#total")).to_have_text("Your basket is empty.")
    store.page.screenshot(path=pictures / "storefront-approved.png", full_page=True)


def test_the_diagram_shows_every_event_that_the_bookstore_noted_with_its_clock(store, shop):
    store.place()
    expect(store.picture).to_contain_text("acknowledged")
    events = shop.history().order(store.order_id()).events

    store.page.get_by_text("The same as a table").click()

    rows = store.page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(len(events) + 1)
    expect(store.picture.locator(".event")).to_have_count(len(events))
    last = next(event for event in events if event.name == "acknowledged")
    expect(rows.filter(has_text="acknowledged")).to_contain_text(f"{last.process}: {last.clock[last.process]}")


@pytest.mark.parametrize("preset", REJECTED)
def test_each_flaw_that_can_be_filled_in_is_rejected_with_its_reason_at_its_step(store, preset):
    reason, step = REJECTED[preset]

    store.place(preset)

    expect(store.heading).to_have_text("Order Rejected")
    expect(store.outcome).to_contain_text(reason)
    expect(store.step(step)).to_contain_text("rejected")
    expect(store.step("Suggestions")).to_contain_text("skipped")
    expect(store.outcome).not_to_contain_text("You may also like")
    expect(store.page.locator("#total")).to_contain_text("1 book")


def test_a_slow_order_shows_where_it_is_and_its_outcome_when_it_comes_even_after_a_reload(store, shop, pictures):
    shop.pause("fraud_detection")

    store.place()

    expect(store.step("Credit card")).to_contain_text("passed")
    expect(store.step("Settled")).to_contain_text("waiting")
    expect(store.heading).to_have_text("Order Received")
    expect(store.outcome).to_contain_text("Now: ")
    store.page.screenshot(path=pictures / "storefront-slow.png", full_page=True)
    store.page.reload()
    expect(store.step("Billing address")).to_contain_text("passed")
    shop.resume("fraud_detection")
    expect(store.heading).to_have_text(re.compile("Order (Approved|Failed)"))


def test_while_an_order_is_slow_another_one_can_be_placed_and_is_followed_instead(store, shop):
    shop.pause("suggestions")
    store.place()
    expect(store.step("Fraud")).to_contain_text("passed")
    first = store.order_id()

    store.place("an expired card", "Dracula")

    expect(store.heading).to_have_text("Order Rejected")
    assert store.order_id() != first
    shop.resume("suggestions")
    store.page.goto(f"{store.url}/#order={first}")
    expect(store.heading).to_have_text(re.compile("Order (Approved|Failed)"))
    expect(store.outcome).to_contain_text(first)


def test_when_all_streams_are_taken_the_order_is_asked_for_instead(store):
    store.page.route("**/orders/*/events", lambda route: route.fulfill(status=429, json={"error": {"message": "Full"}}))

    store.place()

    expect(store.heading).to_have_text("Order Approved")
    assert [complaint for complaint in store.complaints if "429" not in complaint] == []
    store.complaints.clear()


def test_an_order_is_placed_with_the_keyboard_alone_and_the_focus_leads_to_what_became_of_it(store):
    page, press = store.page, store.page.keyboard.press
    expect(page.get_by_role("button", name="Add Dracula to the basket")).to_be_visible()
    page.get_by_label("Title").focus()
    page.keyboard.type("Dracula")
    press("Enter")
    expect(page.locator("#found")).to_have_text("1 book")
    page.get_by_role("button", name="Search").focus()
    press("Tab")
    press("Enter")
    expect(page.locator("#total")).to_contain_text("1 book")
    page.get_by_label("Fill in for").focus()
    for _ in range(40):
        press("Tab")
        if page.evaluate("document.activeElement.id") == "place":
            break
    press("Enter")

    expect(page.get_by_role("heading", name="Your order")).to_be_focused()
    expect(store.heading).to_have_text("Order Approved")


def test_what_is_wrong_with_the_form_is_said_and_the_focus_leads_there(store):
    store.page.get_by_role("button", name="Add Frankenstein to the basket").click()
    store.page.get_by_label("I accept the terms").uncheck()
    store.page.get_by_role("button", name="Place order").click()

    expect(store.outcome).to_contain_text("The terms have to be accepted.")
    terms = store.page.get_by_label("I accept the terms")
    expect(terms).to_be_focused()
    expect(terms).to_have_attribute("aria-invalid", "true")
    store.complaints.clear()  # the browser complains about every answer that is an error


@pytest.mark.parametrize("path", ["", "status"])
def test_all_that_can_be_operated_has_a_name_and_what_changes_is_announced(store, path):
    store.page.goto(f"{store.url}/{path}")
    expect(store.page.get_by_role("heading", level=1)).to_be_visible()

    nameless = store.page.evaluate(_NAMELESS)
    assert nameless == []
    assert store.page.locator("[aria-live], [role=status], [role=alert]").count() >= 2
    levels = store.page.evaluate(_HEADINGS)
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_fits_a_phone(store, pictures, scheme):
    store.page.emulate_media(color_scheme=scheme)
    store.page.set_viewport_size(PHONE)
    store.page.reload()
    store.place("several mistakes at once")
    expect(store.heading).to_have_text("Order Rejected")
    expect(store.picture).to_contain_text("acknowledged")

    assert store.page.evaluate(_TOO_WIDE) == []
    store.page.screenshot(path=pictures / f"storefront-phone-{scheme}.png", full_page=True)
    store.page.goto(f"{store.url}/status")
    expect(store.page.get_by_role("table", name="Processes")).to_be_visible()
    assert store.page.evaluate(_TOO_WIDE) == []
    store.page.screenshot(path=pictures / f"status-phone-{scheme}.png", full_page=True)


def test_the_status_page_shows_the_processes_the_leader_the_queue_and_the_last_orders(store, shop, pictures):
    page = store.page
    store.place()
    expect(store.heading).to_have_text("Order Approved")
    order_id = store.order_id()
    page.goto(f"{store.url}/status")

    processes, recent = page.get_by_role("table", name="Processes"), page.get_by_role("table", name="The last orders")
    expect(page.get_by_role("status")).to_have_text(re.compile(rf"{shop.leader}, epoch \d+"))
    for name in ("orchestrator", "executor-1", "executor-2", "fraud_detection", "redis", "postgres"):
        expect(processes.get_by_role("row", name=name)).to_contain_text(re.compile("answers|connected|leads"))
    expect(recent.get_by_role("row").nth(1)).to_contain_text(f"{order_id[:8]}…")
    expect(recent.get_by_role("row").nth(1)).to_contain_text("Approved")
    assert order_id not in page.content()
    page.screenshot(path=pictures / "status.png", full_page=True)

    former = shop.leader
    shop.kill(former)
    expect(processes.get_by_role("row", name=former)).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text(shop.await_leader(other_than=former))


def test_the_status_page_can_be_held_still(store):
    store.page.clock.install()
    store.page.goto(f"{store.url}/status")
    expect(store.page.get_by_role("table", name="Processes")).to_be_visible()
    button = store.page.get_by_role("button", name="Keep up to date")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    asked = []
    store.page.on("request", lambda request: asked.append(request.url))

    store.page.clock.run_for(20_000)

    assert asked == []
