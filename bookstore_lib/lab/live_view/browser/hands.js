// Mouse, fingers and keys on the canvas.

/** Lets a view be pointed at, dragged and driven by keys. */
function giveHands(view) {
  const { canvas, scroller } = view.controls;
  canvas.addEventListener("pointerdown", (event) => grab(view, event));
  canvas.addEventListener("pointermove", (event) => hover(view, event));
  // Only the cut keeps a finger from scrolling.
  canvas.addEventListener("touchstart", (event) => view.dragged !== undefined && event.preventDefault(), { passive: false });
  canvas.addEventListener("keydown", (event) => pressKey(view, event));
  scroller.addEventListener("scroll", () => view.schedule());
  scroller.addEventListener("wheel", (event) => turnWheel(view, event), { passive: false });
}

function grab(view, down) {
  if (!view.scene || down.button !== 0) return;
  const { canvas, scroller } = view.controls;
  const [row, start] = [handleAt(view, down.offsetX, down.offsetY), scroller.scrollLeft];
  let moved = false;
  const move = (event) => {
    moved ||= Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > 3;
    if (row !== undefined) dragCut(view, row, event.offsetX);
    else if (moved && down.pointerType === "mouse") scroller.scrollLeft = start + down.clientX - event.clientX;
  };
  const release = () => {
    canvas.removeEventListener("pointermove", move);
    view.dragged = undefined;
    if (row !== undefined) view.keepCut();
    else if (!moved) toggleChosen(view, eventAt(view, down.offsetX, down.offsetY));
  };
  view.dragged = row;
  canvas.setPointerCapture(down.pointerId);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("lostpointercapture", release, { once: true });
}

function toggleChosen(view, event) {
  view.choose(event === view.chosen ? -1 : event);
}

/** The row of the cut's handle at a point: -1 for the one on top, which moves all; undefined for none. */
function handleAt(view, x, y) {
  if (!view.cut) return undefined;
  const points = cutPoints({ ...view, left: view.left });
  const row = points.findIndex(([handleX, handleY]) => Math.abs(x - handleX) < 9 && Math.abs(y - handleY) < NEAR);
  if (row >= 0) return row;
  return points.length && Math.abs(x - points[0][0]) < 9 && y < 18 ? -1 : undefined;
}

/** Moves the cut in a row, or in all, to where the pointer is. */
function dragCut(view, row, x) {
  const column = view.left + (x - view.gutter - PADDING) / view.pitch;
  const { events } = view.shown;
  const next = firstWhere(events, (event) => view.shown.column[event] > column);
  const rows = row < 0 ? view.shown.lanes.keys() : [row];
  for (const each of rows) view.cutRow(each, next ? events[next - 1] : -1);
}

/** The event that is nearest to a point, -1 for none. */
function eventAt(view, x, y) {
  const { events, column } = view.shown;
  const picture = { ...view, left: view.left };
  const reach = NEAR / view.pitch;
  const at = view.left + (x - view.gutter - PADDING) / view.pitch;
  let [best, distance] = [-1, NEAR];
  for (let i = firstWhere(events, (event) => column[event] >= at - reach); i < events.length; i += 1) {
    if (column[events[i]] > at + reach || events[i] > view.limit) break;
    const far = Math.hypot(xOf(picture, events[i]) - x, yOf(picture, events[i]) - y);
    if (far < distance) [best, distance] = [events[i], far];
  }
  return x < view.gutter ? -1 : best;
}

function hover(view, event) {
  if (!view.scene || event.buttons) return;
  const handle = handleAt(view, event.offsetX, event.offsetY) !== undefined;
  const at = handle ? -1 : eventAt(view, event.offsetX, event.offsetY);
  const { canvas } = view.controls;
  canvas.style.cursor = handle ? "ew-resize" : at < 0 ? "grab" : "pointer";
  canvas.title = at < 0 ? "" : sentenceOf(view.scene, at);
}

function turnWheel(view, event) {
  if (!view.scene || !(event.ctrlKey || event.metaKey)) return; // else it scrolls the page
  event.preventDefault();
  view.zoom(Math.exp(-event.deltaY / 300), event.offsetX);
}

function pressKey(view, event) {
  const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift ${event.key}` : event.key;
  const does = view.scene && ACTIONS[key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  does(view);
}

const ACTIONS = {
  ArrowLeft: (view) => walk(view, -1),
  ArrowRight: (view) => walk(view, 1),
  ArrowUp: (view) => crossOver(view, -1),
  ArrowDown: (view) => crossOver(view, 1),
  Home: (view) => view.choose(ownRow(view)[0] ?? -1),
  End: (view) => view.choose(ownRow(view).at(-1) ?? -1),
  "Shift ArrowLeft": (view) => moveCut(view, -1),
  "Shift ArrowRight": (view) => moveCut(view, 1),
  ",": (view) => view.step(-1),
  ".": (view) => view.step(1),
  c: (view) => view.toggleCut(),
  "+": (view) => view.zoom(1.4),
  "-": (view) => view.zoom(1 / 1.4),
  0: (view) => view.fit(),
  Escape: (view) => view.choose(-1),
};

/** The events that have happened in the row of the chosen event, or in all rows where none is chosen. */
function ownRow(view) {
  const { inRow, row, events } = view.shown;
  const own = view.chosen < 0 ? events : inRow[row[view.chosen]];
  return own.filter((event) => event <= view.limit);
}

/** To the event before or after in the same process; from nowhere, to the first one inside the window. */
function walk(view, by) {
  const own = ownRow(view);
  const picture = { ...view, left: view.left };
  const first = own.find((event) => xOf(picture, event) >= view.gutter) ?? own.at(-1) ?? -1;
  const next = view.chosen < 0 ? first : own[own.indexOf(view.chosen) + by];
  if (next !== undefined) view.choose(next);
}

/** To the nearest event of the next row above or below that has any. */
function crossOver(view, by) {
  if (view.chosen < 0) return walk(view, by);
  const { inRow, row, column } = view.shown;
  for (let at = row[view.chosen] + by; inRow[at]; at += by) {
    const happened = inRow[at].filter((event) => event <= view.limit);
    const far = (event) => Math.abs(column[event] - column[view.chosen]);
    if (happened.length) return view.choose(happened.reduce((best, event) => (far(event) < far(best) ? event : best)));
  }
  return undefined;
}

/** Moves the cut by an event, in the row of the chosen event or in all. */
function moveCut(view, by) {
  if (!view.cut) return view.toggleCut();
  const { row, inRow, relation, lanes } = view.shown;
  for (const each of view.chosen >= 0 ? [row[view.chosen]] : lanes.keys()) {
    const own = inRow[each].filter((event) => relation.known[event]);
    const inside = own.filter((event) => isInside(view.scene, view.cut, event)).length;
    view.cutRow(each, own[Math.min(inside + by, own.length) - 1] ?? -1);
  }
  return view.keepCut();
}
