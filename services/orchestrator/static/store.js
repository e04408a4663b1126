// The storefront: search the catalogue, fill a basket, place the order, show what becomes of it.

import { draw } from "./diagram.js";
import { follow, showSteps } from "./follow.js";
import { RECEIVED, byId, call, element, pause } from "./shop.js";

const PAGE_SIZE = 12;
const OUTCOME_WITHIN_MS = 60_000;
const LEADER_EVERY_MS = 3_000;
// Clearing comes after the outcome, and belongs into the diagram.
const CLEARED_AFTER_MS = 1_500;

const GOOD_CUSTOMER = {
  name: "Ada Reader", contact: "ada@example.com",
  number: "4111111111111111", expirationDate: "12/30", cvv: "123",
  street: "12 Library Lane", city: "Springfield", state: "IL", zip: "62701", country: "USA",
};
const DIFFERENT_IN = {
  badCard: { number: "4111111111111112" },
  expired: { expirationDate: "01/20" },
  noCity: { city: "" },
  suspicious: { name: "Mallory Fraudster" },
  several: { city: "", zip: "?", number: "4111111111111112", name: "Mallory Fraudster" },
};

const money = (cents) => new Intl.NumberFormat("en", { style: "currency", currency: "EUR" }).format(cents / 100);
const books = (count) => (count === 1 ? "1 book" : `${count} books`);

// --- Catalogue ---
let page = 1;
let searches = 0;

async function showBooks(wanted = 1) {
  const search = ++searches;
  const query = new URLSearchParams({ page: wanted, limit: PAGE_SIZE });
  for (const [name, value] of new FormData(byId("search"))) if (value.trim()) query.set(name, value.trim());
  try {
    const { body } = await call(`books?${query}`);
    if (search !== searches) return; // A later search was faster.
    page = body.page;
    byId("books").replaceChildren(...body.books.map(bookRow));
    byId("found").textContent = books(body.total);
    const pages = Math.max(1, Math.ceil(body.total / body.limit));
    byId("page").textContent = `Page ${page} of ${pages}`;
    byId("previous").disabled = page <= 1;
    byId("next").disabled = page >= pages;
  } catch (error) {
    if (search === searches) byId("found").textContent = error.message;
  }
}

function bookRow(book) {
  const row = byId("book-row").content.cloneNode(true);
  const left = book.stock === 0 ? " · sold out" : book.stock <= 10 ? ` · only ${book.stock} left` : "";
  row.querySelector("h3").textContent = book.title;
  row.querySelector(".quiet").textContent = `${book.author} · ${book.genre}${left}`;
  row.querySelector(".price").textContent = money(Math.round(book.price * 100));
  const add = row.querySelector("button");
  add.disabled = book.stock === 0;
  add.setAttribute("aria-label", `Add ${book.title} to the basket`);
  add.addEventListener("click", () => addToBasket(book));
  return row;
}

function searchFor(title) {
  byId("search").reset();
  byId("q").value = title;
  showBooks();
  byId("q").focus();
}

// --- Basket ---
const basket = new Map(); // title -> {cents, quantity}

function addToBasket({ title, price }) {
  const quantity = (basket.get(title)?.quantity ?? 0) + 1;
  basket.set(title, { cents: Math.round(price * 100), quantity });
  showBasket();
}

function showBasket() {
  byId("basket").replaceChildren(...[...basket].map(basketRow));
  showTotal();
}

function basketRow([title, line]) {
  const row = byId("basket-row").content.cloneNode(true);
  row.querySelector("span").textContent = title;
  const quantity = row.querySelector("input");
  quantity.value = line.quantity;
  quantity.setAttribute("aria-label", `Copies of ${title}`);
  quantity.addEventListener("change", () => {
    line.quantity = Math.max(1, Math.trunc(quantity.valueAsNumber) || 1);
    quantity.value = line.quantity;
    showTotal();
  });
  const remove = row.querySelector("button");
  remove.setAttribute("aria-label", `Remove ${title} from the basket`);
  remove.addEventListener("click", () => {
    basket.delete(title);
    showBasket();
    byId("basket-heading").focus();
  });
  return row;
}

function showTotal() {
  const lines = [...basket.values()];
  const copies = lines.reduce((sum, line) => sum + line.quantity, 0);
  const cents = lines.reduce((sum, line) => sum + line.quantity * line.cents, 0);
  byId("total").textContent = copies ? `${books(copies)}, ${money(cents)}` : "Your basket is empty.";
}

// --- Checkout ---
let busy = false;
let attempt = null; // {text, key}: the order that has no answer yet; sent again unchanged, it is the same order

function fillIn(preset) {
  const form = byId("checkout").elements;
  for (const [name, value] of Object.entries({ ...GOOD_CUSTOMER, ...DIFFERENT_IN[preset] })) form[name].value = value;
  form.termsAccepted.checked = true;
}

function orderFromForm() {
  const form = byId("checkout").elements;
  const values = (...names) => Object.fromEntries(names.map((name) => [name, form[name].value]));
  return {
    user: values("name", "contact"),
    creditCard: values("number", "expirationDate", "cvv"),
    billingAddress: values("street", "city", "state", "zip", "country"),
    ...values("shippingMethod", "userComment"),
    giftWrapping: form.giftWrapping.checked,
    termsAccepted: form.termsAccepted.checked,
    items: [...basket].map(([name, { quantity }]) => ({ name, quantity })),
  };
}

async function placeOrder() {
  if (busy) return;
  busy = true;
  byId("place").setAttribute("aria-disabled", "true");
  pointAt("");
  const lines = [...basket];
  const orderId = await checkout().catch(complain);
  busy = false;
  byId("place").removeAttribute("aria-disabled");
  if (!orderId) return;
  basket.clear(); // The order counts: the same basket placed again would be a second one.
  showBasket();
  history.replaceState(null, "", `#order=${orderId}`); // Whoever loads the page again finds the order.
  await showOrder(orderId, lines);
}

async function checkout() {
  const text = JSON.stringify(orderFromForm());
  // Not crypto.randomUUID(): browsers offer that on https and localhost only.
  if (attempt?.text !== text) attempt = { text, key: crypto.getRandomValues(new Uint32Array(4)).join("-") };
  const headers = { "Content-Type": "application/json", "Idempotency-Key": attempt.key, Prefer: "respond-async" };
  const { body } = await call("checkout", { method: "POST", headers, body: text });
  attempt = null;
  return body.orderId;
}

function complain(error) {
  following.abort();
  const again = attempt && error.mayPass ? " Placing the same order again does not buy it twice." : "";
  openOrder();
  showOutcome({ status: "That did not work" }, error.message + again);
  pointAt(error.field);
}

// --- Order ---
let following = new AbortController();
let drawings = 0;

/** Follows an order, and no other any more; `lines` were in the basket, and are there again if it is rejected. */
async function showOrder(orderId, lines = []) {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  openOrder();
  try {
    const order = await follow(orderId, showProgress, OUTCOME_WITHIN_MS, signal);
    if (signal.aborted) return;
    if (!order) offerAnotherLook(orderId, lines);
    else await settled(order, lines, signal);
  } catch (error) {
    if (!signal.aborted) complain(error);
  }
}

async function settled(order, lines, signal) {
  if (order.status === "Order Rejected" && !basket.size) {
    lines.forEach(([title, line]) => basket.set(title, line));
    showBasket();
  }
  showBooks(page);
  await pause(CLEARED_AFTER_MS);
  if (!signal.aborted) showClocks(order);
}

function openOrder() {
  drawings += 1;
  byId("order").hidden = false;
  byId("steps").replaceChildren();
  byId("clocks").hidden = true;
  byId("order-heading").focus({ preventScroll: true });
  byId("order").scrollIntoView();
}

function showProgress(order) {
  const now = showSteps(order);
  showOutcome(order, order.status === RECEIVED ? now : "");
  showClocks(order);
}

function offerAnotherLook(orderId, lines) {
  showOutcome({ status: RECEIVED, orderId }, "It is not settled yet, but it is kept; look again later.");
  const again = () => showOrder(orderId, lines);
  byId("outcome").append(element("button", "Look again", { type: "button", onclick: again }));
}

async function showClocks({ orderId }) {
  const drawing = ++drawings;
  const diagram = await call(`orders/${orderId}/diagram`).then(({ body }) => body, () => null);
  if (!diagram?.events.length || drawing !== drawings) return; // A later one was faster.
  byId("clocks").hidden = false;
  byId("diagram").replaceChildren(...draw(diagram, orderId, byId("diagram").clientWidth));
}

/** Leads to the part of the form that an error names. */
function pointAt(field) {
  for (const marked of document.querySelectorAll("[aria-invalid]")) {
    marked.removeAttribute("aria-invalid");
    marked.removeAttribute("aria-describedby");
  }
  const part = byId("checkout").elements[field?.split(".").at(-1)];
  if (!part) return;
  part.setAttribute("aria-invalid", "true");
  part.setAttribute("aria-describedby", "outcome");
  part.focus();
}

function showOutcome({ status, orderId, reasons = [], suggestedBooks = [] }, note = "") {
  const related = suggestedBooks.map(suggestion);
  const parts = [element("h3", status), element("p", note)];
  if (reasons.length) parts.push(element("ul", reasons.map((reason) => element("li", reason.message))));
  if (related.length) parts.push(element("p", "You may also like:"), element("ul", related));
  if (orderId) parts.push(element("p", ["Order ", element("code", orderId)], { className: "quiet" }));
  byId("outcome").dataset.status = status;
  byId("outcome").replaceChildren(...parts);
}

function suggestion({ title, author }) {
  return element("li", [element("button", title, { type: "button", onclick: () => searchFor(title) }), ` ${author}`]);
}

// --- Leader ---
async function watchLeader() {
  const { body, message } = await call("api/leader").catch((error) => error);
  const known = body?.leader ? `Leader: ${body.leader}, epoch ${body.epoch}` : "No leader; orders wait for one";
  byId("leader").dataset.state = !body ? "unreachable" : body.leader ? "leading" : "none";
  byId("leader").textContent = message ?? known;
  setTimeout(watchLeader, LEADER_EVERY_MS);
}

byId("search").addEventListener("submit", (event) => { event.preventDefault(); showBooks(); });
byId("genre").addEventListener("change", () => showBooks());
byId("previous").addEventListener("click", () => showBooks(page - 1));
byId("next").addEventListener("click", () => showBooks(page + 1));
byId("preset").addEventListener("change", (event) => fillIn(event.target.value));
byId("checkout").addEventListener("submit", (event) => { event.preventDefault(); placeOrder(); });
addEventListener("hashchange", showNamedOrder);

/** Shows the order that the page's address names. */
function showNamedOrder() {
  const named = /^#order=([0-9a-f]{32})$/.exec(location.hash);
  if (named) showOrder(named[1]);
}

fillIn("good");
showBasket();
showBooks();
watchLeader();
showNamedOrder();
