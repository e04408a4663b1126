// An order while it comes along: its steps as they happen, told by the shop's event stream.

import { RECEIVED, byId, call, element, pause } from "./shop.js";

const POLL_EVERY_MS = 2_000;

const STEPS = [
  ["Services told", "telling the services", ["initialize_verification", "initialize_fraud", "initialize_suggestions"]],
  ["Billing address", "checking the billing address", ["check_billing"]],
  ["Credit card", "checking the credit card", ["check_card"]],
  ["Fraud", "scoring fraud", ["check_fraud"]],
  ["Suggestions", "looking for suggestions", ["get_suggestions"]],
];
const ENDS = { "Order Approved": "approved", "Order Rejected": "rejected", "Order Failed": "failed" };

/**
 * Calls `show(order)` with the order as it stands now and whenever that changes; resolves with it once it is settled,
 * or with null after `withinMs`.
 */
export function follow(orderId, show, withinMs) {
  return new Promise((resolve, reject) => {
    const path = `orders/${encodeURIComponent(orderId)}`;
    const source = new EventSource(`${path}/events`);
    const end = (finish, value) => {
      clearTimeout(timer);
      source.close();
      finish(value);
    };
    const timer = setTimeout(() => end(resolve, null), withinMs);
    source.addEventListener("message", ({ data }) => {
      const order = JSON.parse(data);
      show(order);
      if (order.status !== RECEIVED) end(resolve, order);
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // It comes back by itself.
      poll(path, show, withinMs).then((order) => end(resolve, order), (error) => end(reject, error));
    });
  });
}

/** The same by asking again and again: all seats for streams are taken, or the shop is away. */
async function poll(path, show, withinMs) {
  const stopAt = Date.now() + withinMs;
  while (Date.now() < stopAt) {
    const order = await call(path).then(({ body }) => body, nothingIfItMayPass);
    if (order) show(order);
    if (order && order.status !== RECEIVED) return order;
    await pause(POLL_EVERY_MS);
  }
  return null;
}

function nothingIfItMayPass(error) {
  if (!error.mayPass) throw error;
}

/** Shows how far the order has come; returns that in words. */
export function showSteps({ status, steps }) {
  const found = STEPS.map(([name, now, parts]) => [name, together(parts.map((part) => steps[part] ?? "waiting")), now]);
  const settled = ENDS[status] ?? (found.at(-1)[1] === "passed" ? "running" : "waiting");
  byId("steps").replaceChildren(...[["Kept in the record", "passed"], ...found, ["Settled", settled]].map(row));
  const open = found.filter(([, state]) => state === "running").map(([, , now]) => now);
  if (open.length) return `Now: ${open.join(", ")}.`;
  return Object.keys(steps).length ? "Checked; it is being settled." : "It waits for the leader to take it.";
}

function row([name, state]) {
  const made = element("li", [element("span", name), element("span", state, { className: "state" })]);
  made.dataset.state = state;
  return made;
}

function together(states) {
  const first = ["failed", "rejected", "cancelled"].find((state) => states.includes(state));
  if (first) return first;
  if (new Set(states).size === 1) return states[0];
  return states.includes("skipped") ? "skipped" : "running";
}
