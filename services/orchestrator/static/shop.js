// What the pages share: asking the shop, and making elements. Text goes in as text, never as markup.
// Addresses are relative, so that the pages also work behind a proxy that serves them below a path.

const ANSWER_WITHIN_MS = 10_000;

export const RECEIVED = "Order Received";
export const byId = (id) => document.getElementById(id);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a request brought instead of an answer; `status` is the HTTP status, 0 when the shop itself said nothing. */
export class ShopError extends Error {
  constructor(message, status, field = "") {
    super(message);
    this.field = field;
    this.mayPass = status === 0 || status === 429 || status >= 500;
  }
}

/** The shop's answer, `{response, body}`; throws a ShopError. */
export async function call(path, options = {}, withinMs = ANSWER_WITHIN_MS) {
  const signal = AbortSignal.timeout(withinMs);
  const response = await fetch(path, { cache: "no-store", ...options, signal }).catch(() => null);
  const body = await response?.json().catch(() => null);
  if (response?.ok && body) return { response, body };
  const message = body?.error?.message ?? "The shop does not answer; try again in a moment.";
  throw new ShopError(message, body?.error ? response.status : 0, body?.error?.field);
}

/** An element; `content` is text, an element or a list of these. */
export function element(tag, content = "", attributes = {}) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...[content].flat());
  return made;
}

/** A table with a heading for each column; `rows` are lists of texts or elements. */
export function table(caption, columns, rows) {
  const head = element("tr", columns.map((column) => element("th", column, { scope: "col" })));
  const body = rows.map((cells) => element("tr", cells.map((cell) => element("td", cell))));
  return element("table", [element("caption", caption), element("thead", head), element("tbody", body)]);
}
