// Draws the clock diagram of an order: a lane for each process, a row for each event, a line for each message.

import { element, table } from "./shop.js";

const SVG = "http://www.w3.org/2000/svg";
const ROW = 21;
const [NARROW_LANE, WIDE_LANE] = [20, 64];
const MARGIN = 12;
const NAME_LETTER = 5.9;
const CLOCK_LETTER = 6.1;
const TILT = -50;
// Each service has a colour of its own.
const COLOURS = { orchestrator: 0, transaction_verification: 2, fraud_detection: 3, suggestions: 4 };
const OTHER_COLOURS = [6, 1, 5];
const VERBS = { send: "sends", receive: "receives", local: "" };

/** The diagram as elements: the picture, which scrolls where it is too wide, and its events as a table. */
export function draw(diagram, orderId, width) {
  const picture = element("div", "", { className: "picture", tabIndex: 0 });
  picture.setAttribute("role", "region");
  picture.setAttribute("aria-label", "Clock diagram");
  picture.append(drawing(diagram, orderId, width));
  const rows = diagram.events.map((event) => [event.process, inWords(event), inBraces(event.clock)]);
  const caption = `Events of order ${orderId.slice(0, 8)}…, causes before their effects`;
  const words = element("div", table(caption, ["Process", "Event", "Clock"], rows));
  return [picture, element("details", [element("summary", "The same as a table"), words])];
}

function drawing(diagram, orderId, width) {
  const { processes, events, messages } = diagram;
  const clocks = vectors(diagram);
  const place = places(diagram, clocks[0].length, width);
  const said = `${events.length} events in ${processes.length} processes, ${messages.length} messages`;
  const [w, h] = [place.width, place.height];
  const picture = shape("svg", { viewBox: `0 0 ${w} ${h}`, width: w, height: h, role: "img", class: "clock-diagram" });
  picture.append(
    title(`Clock diagram of order ${orderId.slice(0, 8)}…: ${said}`), arrowhead(),
    ...laneNames(events).flatMap(([lane, name]) => laneOf(lane, name, place)),
    ...messages.map(({ sent, received }) => arrow(events, sent, received, place)),
    ...events.map((event, number) => rowOf(event, number, clocks[number], place)),
  );
  return picture;
}

/** Where everything stands: lanes as far apart as there is room for, names and clocks beside them. */
function places({ processes, events }, clockLength, width) {
  const lanes = 1 + Math.max(...events.map(({ lane }) => lane));
  const longest = Math.max(...events.map(({ name }) => name.length));
  const texts = longest * NAME_LETTER + clockLength * CLOCK_LETTER + 8;
  const lane = Math.min(WIDE_LANE, Math.max(NARROW_LANE, (width - MARGIN - texts) / lanes));
  const top = headHeight(processes);
  const left = MARGIN + lanes * lane;
  return {
    top, left, width: Math.max(left + texts, Math.min(width, left + texts + 40)), height: top + ROW * events.length + 4,
    x: (number) => MARGIN + number * lane,
    y: (number) => top + ROW * (number + 0.5),
  };
}

/** The clocks as vectors, one entry for each process; entries stand below each other. */
function vectors({ processes, events }) {
  const widths = processes.map((name) => Math.max(...events.map(({ clock }) => String(clock[name] ?? 0).length)));
  const entry = (clock) => (name, at) => String(clock[name] ?? 0).padStart(widths[at]);
  return events.map(({ clock }) => `[${processes.map(entry(clock)).join(" ")}]`);
}

function laneOf(lane, name, { x, top, height }) {
  const turned = `translate(${x(lane) + 4} ${top - 6}) rotate(${TILT})`;
  return [
    shape("line", { x1: x(lane), y1: top, x2: x(lane), y2: height - 4, class: `lane ${colour(name, lane)}` }),
    shape("text", { transform: turned, class: `process ${colour(name, lane)}` }, name),
  ];
}

function arrow(events, sent, received, { x, y }) {
  const ends = { x1: x(events[sent].lane), y1: y(sent), x2: x(events[received].lane), y2: y(received) };
  return shape("line", { ...shortened(ends), class: "message", "marker-end": "url(#arrow)" });
}

function rowOf(event, number, vector, { x, y, left, width }) {
  const group = shape("g", { class: `event ${colour(event.process, event.lane)}` });
  group.append(
    title(`${event.process} ${inWords(event)}: ${inBraces(event.clock)}`),
    shape("rect", { x: 0, y: y(number) - ROW / 2, width, height: ROW, class: "row" }),
    mark(event.kind, x(event.lane), y(number)),
    shape("text", { x: left, y: y(number) + 4, class: "name" }, event.name),
    shape("text", { x: width - 2, y: y(number) + 4, class: "clock" }, vector),
  );
  return group;
}

/** How much room the turned names of the processes need above their lanes. */
function headHeight(processes) {
  const longest = Math.max(...processes.map((name) => name.length));
  return 14 + longest * 6.2 * Math.sin((-TILT * Math.PI) / 180);
}

/** The lanes with the name of the process that lives there, the last one where it was restarted. */
const laneNames = (events) => [...new Map(events.map(({ lane, process }) => [lane, process]))];
const colour = (process, lane) => `colour-${COLOURS[process.split("~")[0]] ?? OTHER_COLOURS[lane % 3]}`;
const inWords = ({ kind, name }) => `${VERBS[kind]} ${name}`.trim();
const inBraces = (clock) => `{${Object.entries(clock).map(([name, count]) => `${name}: ${count}`).join(", ")}}`;

/** A send is a full circle, a receive an empty one, anything else a square. */
function mark(kind, x, y) {
  if (kind === "local") return shape("rect", { x: x - 4, y: y - 4, width: 8, height: 8, class: "local" });
  return shape("circle", { cx: x, cy: y, r: 4.5, class: kind });
}

/** The same line, but it ends where the mark begins. */
function shortened({ x1, y1, x2, y2 }) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const kept = (length - 6) / length;
  return { x1, y1, x2: x1 + (x2 - x1) * kept, y2: y1 + (y2 - y1) * kept };
}

function arrowhead() {
  const size = { viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7 };
  const head = shape("marker", { id: "arrow", orient: "auto", ...size });
  head.append(shape("path", { d: "M0 0.5 8 4 0 7.5z", class: "arrowhead" }));
  const definitions = shape("defs", {});
  definitions.append(head);
  return definitions;
}

const title = (text) => shape("title", {}, text);

function shape(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(text);
  return made;
}
