// The status page: asks the shop how it is every two seconds, as long as somebody looks.

import { byId, call, element, pause, table } from "./shop.js";

const EVERY_MS = 2_000;
const STATES = { answers: "good", connected: "good", silent: "bad" };
const STATUSES = { "Order Approved": "good", "Order Rejected": "bad", "Order Failed": "bad", "Order Received": "wait" };

async function look() {
  try {
    const { body } = await call("api/status");
    show(body);
    say(byId("trouble"), "");
  } catch (error) {
    say(byId("trouble"), error.message);
  }
}

function show({ processes, leader, epoch, queue, recentOrders }) {
  byId("leader").dataset.state = leader ? "leading" : "none";
  say(byId("leader"), `${leader ?? "Nobody leads"}, epoch ${epoch ?? "unknown"}`);
  say(byId("waiting"), queue ? orders(queue.waiting, "wait") : "Redis does not answer.");
  const taken = Object.entries(queue?.processing ?? {});
  byId("processing").replaceChildren(...taken.map(([name, count]) => element("li", `${name} has taken ${count}`)));
  const ours = processes.map(({ name, role, state }) => [
    [name, " ", element("span", role, { className: "quiet" })],
    marked(name === leader ? "leads" : state, STATES[state]),
  ]);
  byId("processes").replaceChildren(table("Processes of the shop", ["Process", "State"], ours));
  const recent = recentOrders?.map((order) => [
    element("code", `${order.shortId}…`), marked(order.status.replace("Order ", ""), STATUSES[order.status]),
    ago(order.age), order.took === null ? "" : `${order.took.toFixed(2)} s`,
  ]);
  byId("recent").replaceChildren(
    !recent ? "The record does not answer."
      : recent.length ? table("The last orders, newest first", ["Order", "Status", "Accepted", "Took"], recent)
        : "There are none yet.",
  );
}

/** Sets a text; a live region shall speak only when it changes. */
function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

const orders = (count, verb) => (count === 1 ? `1 order ${verb}s` : `${count} orders ${verb}`);

function marked(text, state) {
  const made = element("span", text, { className: "marked" });
  made.dataset.state = state;
  return made;
}

function ago(seconds) {
  const [amount, unit] = seconds < 60 ? [seconds, "s"] : seconds < 3600 ? [seconds / 60, "min"] : [seconds / 3600, "h"];
  return `${Math.floor(amount)} ${unit} ago`;
}

const wanted = () => byId("watch").getAttribute("aria-pressed") === "true" && !document.hidden;

byId("watch").addEventListener("click", ({ target }) => {
  target.setAttribute("aria-pressed", String(target.getAttribute("aria-pressed") !== "true"));
});

await look();
for (;;) {
  await pause(EVERY_MS);
  if (wanted()) await look();
}
