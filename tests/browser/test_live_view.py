"""The live view in a real browser: alone on a page, and in JupyterLab with and without what its kernel knew."""

import re
from random import Random

import pytest
import requests
from playwright.sync_api import expect

from bookstore_lib.lab.history import History
from bookstore_lib.lab.live_view import LiveView
from tests.browser.jupyter import TOKEN
from tests.browser.live_page import LivePage
from tests.executions import Execution, complete_order, interleaved, random_execution
from tests.gallery import rejected, taken_over

_LONG = 90_000  # ms, on a machine that is busy
_CHECKED = "executor-2: checked"
_ANSWERS = """([scene, order, chosen, cuts]) => {
    const { relation } = window.live.shownOf(scene, order, []);
    const ids = (events) => [...events].map((event) => scene.id[event]).sort();
    const place = new Map(scene.id.map((id, event) => [id, event]));
    const cones = chosen.map((id) => {
        const roles = window.live.rolesTowards(relation, place.get(id));
        const having = (role) => ids(relation.among.filter((event) => roles[event] === role));
        return [having(1), having(2)];
    });
    const judged = cuts.map((ends) => {
        const cut = window.live.cutOf(relation, ends);
        const broken = window.live.breaking(relation, cut).map(({ send, receive }) => ids([send]) + ids([receive]));
        return [broken.sort(), ids(window.live.largestConsistent(relation, cut).values())];
    });
    return [cones, judged];
}"""


@pytest.fixture
def live(page):
    page.on("pageerror", lambda error: pytest.fail(f"The script failed: {error}"))
    page.on("console", lambda message: message.type == "error" and pytest.fail(message.text))
    return LivePage(page)


def random_cuts(history, count, seed):
    random = Random(seed)
    lines = [
        [e.id for e in history.events if e.process == name] for name in sorted({e.process for e in history.events})
    ]
    return [[random.choice(line) for line in lines if random.random() < 0.8] for _ in range(count)]


def answers_of(history, cuts):
    """The questions that a view answers, answered by Python."""
    ids = [event.id for event in history.events]
    cones = [
        [sorted(each.id for each in cone(event)) for cone in (history.causal_past, history.causal_future)]
        for event in ids
    ]
    judged = [
        [
            sorted(message.send.id + message.receive.id for message in history.breaking(cut)),
            sorted(event.id for event in history.largest_consistent_cut(cut)),
        ]
        for cut in cuts
    ]
    return ids, [cones, judged]


@pytest.mark.parametrize("seed", range(5))
def test_past_future_and_cuts_are_those_of_happens_before(live, seed):
    history = History(random_execution(seed, 4, 60, loss=0.2, twice=0.3))
    view = history.live()
    cuts = random_cuts(history, 40, seed)
    ids, answers = answers_of(history, cuts)
    live.open(view)
    assert live.page.evaluate(_ANSWERS, [view.told, "", ids, cuts]) == answers


def test_of_one_order_they_are_those_of_its_own_history(live):
    history = History(interleaved(complete_order("order-1"), complete_order("order-2", status="rejected")))
    view, order = history.live(), history.order("order-2")
    cuts = random_cuts(order, 40, 1)
    ids, answers = answers_of(order, cuts)
    live.open(view)
    assert live.page.evaluate(_ANSWERS, [view.told, "order-2", ids, cuts]) == answers
    _, whole = answers_of(history, [])
    assert whole[0] != answers[0]


def test_a_click_on_an_event_tells_its_clock_past_future_and_the_rest(live):
    history = rejected()
    checked = next(event for event in history.events if event.name == "checked")
    past, future = len(history.causal_past(checked)), len(history.causal_future(checked))
    live.open(history.live()).click(_CHECKED)

    expect(live.status).to_contain_text(f"Clock {checked.clock}")
    expect(live.status).to_contain_text(f"{past} events happened before, {future} happened after")
    expect(live.status).to_contain_text(f"{len(history.events) - 1 - past - future} are concurrent")
    assert live.get("chosen") == checked.id

    live.click(_CHECKED)
    assert live.get("chosen") == ""


def test_a_cut_that_is_dragged_turns_inconsistent_and_says_which_message_breaks_it(live):
    history = rejected()
    checked = next(event for event in history.events if event.name == "checked")
    live.open(history.live()).click(_CHECKED)
    live.page.get_by_role("button", name="Cut", exact=True).click()
    expect(live.status).to_contain_text("The cut is consistent")
    assert history.is_consistent(live.get("cut"))

    spot = live.where(_CHECKED)
    earlier = live.where("executor-2 receives CheckBilling reply from transaction_verification")
    live.drag((spot["x"] + 10, spot["y"]), (earlier["x"] + 4, earlier["y"]))
    expect(live.status).to_contain_text(
        "The cut is inconsistent: transaction_verification has received CheckCard, which executor-2 has not sent."
    )
    (broken,) = history.breaking(live.get("cut"))
    assert (broken.send.name, broken.receive.process) == ("CheckCard", "transaction_verification")
    assert checked.id not in live.get("cut")

    live.page.get_by_role("button", name="Make it consistent").click()
    expect(live.status).to_contain_text("The cut is consistent")
    assert history.is_consistent(live.get("cut"))


def test_a_cut_is_moved_by_keys(live):
    history = rejected()
    live.open(history.live()).click(_CHECKED)
    live.press("c")
    expect(live.status).to_contain_text("The cut is consistent")
    live.press(*["Shift+ArrowLeft"] * 4)
    expect(live.status).to_contain_text("has received CheckCard, which executor-2 has not sent")
    assert not history.is_consistent(live.get("cut"))
    live.press("c")
    assert live.get("cut") is None


def test_all_is_reached_by_keys_alone(live):
    history = rejected()
    live.open(history.live())
    live.canvas.focus()
    live.press("ArrowRight")
    expect(live.status).to_contain_text("orchestrator: accepted")
    live.press("ArrowRight", "ArrowDown")
    expect(live.status).to_contain_text("executor-2 receives order_queued from orchestrator")
    live.press("End")
    expect(live.status).to_contain_text("executor-2: acknowledged")
    live.press("Home", "ArrowUp", "Escape")
    assert live.get("chosen") == ""
    live.press("0", "+", "-", "-")
    live.page.keyboard.press("Shift+Tab")
    expect(live.page.get_by_role("button", name="Show the whole time")).to_be_focused()


def test_time_goes_back_and_forward_by_keys_buttons_and_the_slider(live):
    history = rejected()
    live.open(history.live())
    order = live.page.evaluate("() => JSON.parse(window.model.get('scene')).id")
    moment = live.page.locator(".bookstore-live .moment")
    expect(moment).to_have_text(f"{len(order)} of {len(order)} events")
    live.canvas.focus()
    live.press(",", ",")
    expect(moment).to_have_text(f"{len(order) - 2} of {len(order)} events")
    expect(live.status).to_contain_text(order[-3])
    live.page.get_by_role("button", name="One step forward in time").click()
    assert live.get("step") == len(order) - 1
    live.press(".")
    assert live.get("step") == -1
    live.page.get_by_role("slider", name="Time").focus()
    live.page.keyboard.press("Home")
    assert live.get("step") == 0
    live.page.keyboard.press("ArrowRight")
    expect(live.status).to_contain_text(order[0])


def test_what_has_not_happened_yet_is_not_there(live):
    history = rejected()
    live.open(history.live())
    live.where(_CHECKED)
    live.set("step", 5)
    with pytest.raises(AssertionError, match="no event on the canvas"):
        live.where(_CHECKED)


def test_orders_and_processes_are_filtered_and_gaps_close(live):
    history = History(interleaved(complete_order("order-1"), complete_order("order-2", executor="executor-1")))
    live.open(history.live())
    moment = live.page.locator(".bookstore-live .moment")
    expect(moment).to_have_text(f"{len(history.events)} of {len(history.events)} events")

    live.page.get_by_label("Order", exact=True).select_option("order-2")
    own = history.order("order-2").events
    expect(moment).to_have_text(f"{len(own)} of {len(own)} events")
    assert live.get("order") == "order-2"

    live.page.get_by_role("checkbox", name="suggestions").uncheck()
    left = [event for event in own if event.process != "suggestions"]
    expect(moment).to_have_text(f"{len(left)} of {len(left)} events")
    columns = live.page.evaluate(
        """() => {
            const shown = window.live.shownOf(JSON.parse(window.model.get("scene")), "order-2", ["suggestions"]);
            return shown.events.map((event) => [shown.scene.id[event], shown.column[event]]);
        }"""
    )
    assert {column for _, column in columns} == set(range(int(columns[-1][1]) + 1))
    place = dict(columns)
    assert all(place[a.id] < place[b.id] for a in left for b in left if a != b and history.happens_before(a, b))


def test_a_crash_is_shown_with_the_order_that_it_hit_and_has_no_past(live):
    live.open(taken_over().live()).click("executor-1: killed")
    expect(live.status).to_contain_text("it has neither a past nor a future")


def test_events_are_drawn_as_they_arrive_and_what_is_chosen_stays(live):
    events, view = complete_order(), LiveView()
    live.open(view)
    expect(live.page.get_by_text("No events yet.")).to_be_visible()

    view.show(events[:20])
    live.set("scene", view.scene)
    live.click("orchestrator: accepted")
    view.show(events)
    live.set("scene", view.scene)

    expect(live.page.locator(".bookstore-live .moment")).to_have_text(f"{len(events)} of {len(events)} events")
    expect(live.status).to_contain_text("orchestrator: accepted")
    future = len(History(events).causal_future(live.get("chosen")))
    expect(live.status).to_contain_text(f"0 events happened before, {future} happened after")


def test_names_from_a_trace_are_texts_and_never_markup(live):
    run = Execution()
    run.local("orchestrator", "<img src=x onerror=fail()>")
    live.open(History(run.events).live()).press("ArrowRight")
    expect(live.status).to_contain_text("<img src=x onerror=fail()>")
    assert live.page.locator(".bookstore-live img").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [10, 300, 5000])
def test_it_can_be_looked_at_in_light_and_dark(live, pictures, size, theme):
    history = History(random_execution(1, 6, size))
    live.open(history.live(), theme)
    chosen = history.events[size // 2].id
    live.set("chosen", chosen)
    expect(live.status).to_contain_text(chosen)
    paper = live.canvas.evaluate("(canvas) => [...canvas.getContext('2d').getImageData(1, 1, 1, 1).data]")
    live.page.screenshot(path=pictures / f"live-{size}-{theme}.png")
    assert paper == {"light": [255, 255, 255, 255], "dark": [17, 17, 17, 255]}[theme]


def test_5000_events_are_drawn_in_a_frame(live):
    """The best of many frames: what the machine does besides cannot make it faster."""
    live.open(History(random_execution(1, 7, 5000)).live())
    best = live.page.evaluate(
        """async () => {
            const times = { readable: [], all: [] };
            const raf = window.requestAnimationFrame;
            let into = times.readable;
            window.requestAnimationFrame = (does) => raf((now) => {
                const began = performance.now();
                does(now);
                into.push(performance.now() - began);
            });
            const scroller = document.querySelector(".scroller");
            const pan = async () => {
                for (let i = 0; i < 40; i += 1) {
                    into.length = i ? into.length : 0;
                    scroller.scrollLeft += 20;
                    scroller.dispatchEvent(new Event("scroll"));
                    await new Promise((done) => raf(() => raf(done)));
                }
            };
            await pan();
            document.querySelector("[aria-label='Show the whole time']").click();
            into = times.all;
            await pan();
            return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, Math.min(...all)]));
        }"""
    )
    assert best["readable"] < 16
    assert best["all"] < 16


_CELLS = [
    """\
from bookstore_lib import History, TraceEvent, VectorClock

history = History.load("trace.jsonl")
view = history.live()
view""",
    "print(view.chosen, history.is_consistent(view.cut or []))",
]

_RUN_SECOND = """async () => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
    await window.jupyterapp.commands.execute("notebook:run-cell");
}"""
_SAVE = "async () => { await window.jupyterapp.shell.currentWidget.context.save(); }"


@pytest.fixture
def live_sheet(open_sheet, lab_url, request):
    """A sheet with a live view, which has been run, in the JupyterLab that is there; and its name."""
    name = f"{request.node.name}.ipynb"
    trace = "\n".join(event.to_json() for event in complete_order(status="rejected"))
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": code, "outputs": [], "execution_count": None}
        for i, code in enumerate(_CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    put(lab_url, "trace.jsonl", {"type": "file", "format": "text", "content": trace})
    put(lab_url, name, {"type": "notebook", "content": notebook})
    sheet = open_sheet(name)
    sheet.run_all()
    expect(LivePage(sheet.page).canvas).to_be_visible(timeout=_LONG)
    return sheet, name


def put(lab_url, name, model):
    headers = {"Authorization": f"token {TOKEN}"}
    requests.put(f"{lab_url}/api/contents/{name}", json=model, headers=headers, timeout=60).raise_for_status()


def picture(page):
    return page.locator("img[alt^='Space-time diagram']")


def test_in_jupyterlab_the_view_lives_and_python_knows_what_the_hand_has_set(live_sheet, pictures):
    sheet, _ = live_sheet
    live = LivePage(sheet.page)
    expect(picture(sheet.page)).to_be_hidden()
    cells = sheet.page.locator(".jp-CodeCell").count()

    live.click(_CHECKED)
    expect(live.status).to_contain_text("happened before")
    expect(live.canvas).to_be_focused()
    for key in ("c", "x", "d", "d", "Shift+ArrowLeft"):  # the notebook would copy, cut and delete the cell
        sheet.page.keyboard.press(key)
    expect(live.status).to_contain_text("The cut is")
    assert sheet.page.locator(".jp-CodeCell").count() == cells

    sheet.page.evaluate(_RUN_SECOND)
    output = sheet.page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    expect(output).to_have_text(re.compile(r"executor-2#\d+ (True|False)"), timeout=_LONG)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        sheet.theme(theme)
        sheet.page.screenshot(path=pictures / f"live-sheet-{theme.split()[-1].lower()}.png")
    assert sheet.strangers == []


def test_without_its_kernel_a_picture_of_the_last_state_stays_in_the_notebook(live_sheet, open_sheet, pictures):
    sheet, name = live_sheet
    expect(picture(sheet.page)).to_have_count(1, timeout=_LONG)
    sheet.page.evaluate(_SAVE)
    sheet.close()

    again = open_sheet(name)
    expect(picture(again.page)).to_be_visible(timeout=_LONG)
    expect(LivePage(again.page).canvas).to_have_count(0)
    again.page.screenshot(path=pictures / "live-without-kernel.png")
