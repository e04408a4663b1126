// What stands around the canvas: filters, time, cut and zoom, the legend, and in words what is chosen.

/** An element with attributes and children; `on...` attributes listen. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function button(text, label, onclick) {
  return make("button", { type: "button", title: label, "aria-label": label, onclick }, text);
}

const KEYS = [
  ["← →", "the event before or after in the same process"],
  ["↑ ↓", "an event of the process above or below"],
  ["Home End", "the first or last event of the process"],
  [", .", "one step back or forward in time"],
  ["c", "put the cut behind the chosen event, or take it away"],
  ["Shift ← →", "move the cut in the chosen process, or in all"],
  ["+ − 0", "zoom in, out, show all"],
  ["Esc", "choose nothing"],
];

/**
 * Builds the view's elements. `act` has what they do: `order(id)`, `hide(lane, hidden)`, `step(by)`, `stepTo(count)`,
 * `toggleCut()`, `mendCut()`, `zoom(factor)`, `fit()`.
 */
function makeControls(act) {
  const order = make("select", { "aria-label": "Order", onchange: () => act.order(order.value) });
  const lanes = make("fieldset", {}, make("legend", {}, "Processes"));
  const time = make("input", { type: "range", min: 0, "aria-label": "Time", oninput: () => act.stepTo(Number(time.value)) });
  const moment = make("span", { class: "moment" });
  const cut = make("button", { type: "button", "aria-pressed": "false", onclick: act.toggleCut }, "Cut");
  const why = "Take away what has no cause in the cut";
  const mend = make("button", { type: "button", title: why, onclick: act.mendCut }, "Make it consistent");
  const canvas = make("canvas", { tabindex: 0, role: "application" });
  const spacer = make("div", {}, canvas);
  const scroller = make("div", { class: "scroller", tabindex: -1 }, spacer);
  const [title, legend] = [make("strong"), make("div", { class: "legend" })];
  const told = make("div", { role: "status", class: "told" });
  const keys = make("details", {}, make("summary", {}, "Keys"),
    make("dl", {}, ...KEYS.flatMap(([key, does]) => [make("dt", {}, key), make("dd", {}, does)])));
  const root = make("div", { class: "bookstore-live" },
    make("div", { class: "bar" }, title, make("label", { class: "orders" }, "Order ", order), lanes),
    make("div", { class: "bar" },
      make("span", { class: "group time" },
        button("◀", "One step back in time", () => act.step(-1)), time,
        button("▶", "One step forward in time", () => act.step(1)), moment),
      make("span", { class: "group" }, cut, mend),
      make("span", { class: "group" },
        button("−", "Zoom out", () => act.zoom(1 / 1.4)), button("+", "Zoom in", () => act.zoom(1.4)),
        button("All", "Show the whole time", act.fit))),
    legend, scroller, told, keys);
  return { root, title, order, lanes, time, moment, cut, mend, canvas, spacer, scroller, legend, told };
}

/** Fills in what depends on the scene: the orders and the processes. */
function fillFilters(controls, scene, hidden, act) {
  controls.title.textContent = scene.title;
  controls.canvas.setAttribute("aria-label", `${scene.about} Arrow keys choose an event.`);
  const orders = scene.orders.map((id, i) => make("option", { value: id }, `${scene.letters[i]} ${id}`.trim()));
  controls.order.replaceChildren(make("option", { value: "" }, "all"), ...orders);
  controls.order.parentElement.hidden = scene.orders.length < 2;
  const boxes = scene.lanes.map((lane, i) => {
    const box = make("input", { type: "checkbox", onchange: () => act.hide(lane, !box.checked) });
    box.checked = !hidden.includes(lane);
    return make("label", {}, box, make("span", { class: "dot", style: `background:var(--lane-${i})` }), lane);
  });
  controls.lanes.replaceChildren(controls.lanes.firstChild, ...boxes);
}

/** Which mark is what, of those that occur, and how to read the clocks. */
function fillLegend(controls, shown, rows, colours) {
  const { scene, events } = shown;
  const kinds = new Set(events.map((event) => shapeOf(scene, event)));
  const marks = Object.keys(SHAPES).filter((kind) => kinds.has(kind)).map((kind) => {
    return make("span", {}, sample(kind, kind === "wrong" ? colours.wrong : colours.faint, colours.paper), kind);
  });
  const names = shown.clockHosts.map((host) => scene.tags[host]).join(", ");
  const clocks = names && rows.clocks ? [make("span", { class: "clocks" }, `Vector clocks [${names}], from top to bottom`)] : [];
  controls.legend.replaceChildren(...clocks, ...marks);
}

function sample(kind, colour, paper) {
  const canvas = make("canvas", { width: 32, height: 32, "aria-hidden": "true" });
  const draw = canvas.getContext("2d");
  draw.scale(2, 2);
  draw.lineWidth = 1.6;
  draw.strokeStyle = colour;
  draw.beginPath();
  draw.fillStyle = SHAPES[kind](draw, 8, 8, RADIUS) ? colour : paper;
  draw.fill();
  draw.stroke();
  return canvas;
}

/** An event in a sentence. */
function sentenceOf(scene, event) {
  const [host, name] = [scene.hosts[scene.host[event]], scene.words[scene.name[event]]];
  const peer = scene.words[scene.peer[event]];
  const kind = scene.kind[event];
  if (kind === SEND) return `${host} sends ${name}${peer ? ` to ${peer}` : ""}`;
  if (kind === RECEIVE) return `${host} receives ${name}${peer ? ` from ${peer}` : ""}`;
  return `${host}: ${name}`;
}

/** A clock as Python writes it. */
function clockText(scene, event) {
  const entries = scene.clock[event].flatMap((host, i, clock) => (i % 2 ? [] : [[scene.hosts[host], clock[i + 1]]]));
  return `{${entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, count]) => `${host}: ${count}`).join(", ")}}`;
}

/** Says in words what is chosen, or what happened last, and whether the cut is consistent. */
function tell(controls, { shown, chosen, roles, cut, broken, limit }) {
  const { scene, events, relation } = shown;
  const latest = limit < Infinity ? limit : -1;
  const event = chosen >= 0 ? chosen : latest;
  const lines = event >= 0 ? tellEvent(scene, event) : [make("p", { class: "hint" }, hintOf(events))];
  if (chosen >= 0) lines.push(tellRoles(relation, chosen, roles));
  if (cut) lines.push(tellCut(scene, broken));
  controls.told.replaceChildren(...lines);
}

function hintOf(events) {
  if (!events.length) return "Nothing is shown: choose a process.";
  return "Click an event for its clock, its past and its future; drag a cut by its handles; Ctrl and the wheel zoom.";
}

function tellEvent(scene, event) {
  const details = [scene.id[event], ...(scene.order[event] >= 0 ? [`order ${scene.orders[scene.order[event]]}`] : [])];
  details.push(`${scene.wall[event]} ms after the first event`, ...(scene.more[event] ? [scene.more[event]] : []));
  const lines = [make("p", {}, make("b", {}, sentenceOf(scene, event)), ` (${details.join("; ")})`)];
  if (scene.clock[event].length) lines.push(make("p", {}, "Clock ", make("code", {}, clockText(scene, event))));
  return [...lines, ...(scene.wrong[event] ?? []).map((sentence) => make("p", { class: "wrong" }, sentence))];
}

function tellRoles(relation, chosen, roles) {
  if (!relation.known[chosen]) return make("p", {}, "No message tells of this: it has neither a past nor a future.");
  const count = (role) => relation.among.filter((event) => roles[event] === role).length;
  return make("p", {},
    make("span", { class: "past" }, `${count(PAST)} events happened before`), ", ",
    make("span", { class: "future" }, `${count(FUTURE)} happened after`), ", ",
    `${count(CONCURRENT)} are concurrent.`);
}

function tellCut(scene, broken) {
  if (!broken.length) return make("p", { class: "good" }, "The cut is consistent: what was received inside it was sent inside it.");
  const first = broken.slice(0, 3).map(({ send, receive }) => {
    return `${scene.hosts[scene.host[receive]]} has received ${scene.words[scene.name[send]]}, `
      + `which ${scene.hosts[scene.host[send]]} has not sent`;
  });
  const more = broken.length > 3 ? `; and ${broken.length - 3} more` : "";
  return make("p", { class: "wrong" }, `The cut is inconsistent: ${first.join("; ")}${more}.`);
}
