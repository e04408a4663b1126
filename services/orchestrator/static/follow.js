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
 * or with null after `withinMs` or when `signal` says that nobody wants to know any more.
 */
export function follow(orderId, show, withinMs, signal) {
  const path = `orders/${encodeURIComponent(orderId)}`;
  const enough = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  return new Promise((resolve, reject) => {
    const source = new EventSource(`${path}/events`);
    enough.addEventListener("abort", () => { source.close(); resolve(null); });
    source.addEventListener("message", ({ data }) => {
      const order = JSON.parse(data);
      show(order);
      if (order.status === RECEIVED) return;
      source.close();
      resolve(order);
    });
    source.addEventListener("error", () => {
      // If it is not closed, it comes back by itself.
      if (source.readyState === EventSource.CLOSED && !enough.aborted) poll(path, show, enough).then(resolve, reject);
    });
  });
}

/** The same by asking again and again: all seats for streams are taken, or the shop is away. */
async function poll(path, show, enough) {
  for (;;) {
    const order = await call(path).then(({ body }) => body, nothingIfItMayPass);
    if (enough.aborted) return null;
    if (order) show(order);
    if (order && order.status !== RECEIVED) return order;
    await pause(POLL_EVERY_MS);
  }
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
