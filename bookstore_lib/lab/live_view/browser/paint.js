// Draws what can be seen of a scene on a canvas: the lanes, the messages, the marks, their texts, the cut.

const [RADIUS, PADDING, MOST_PITCH, LEAST_MARKS, LEAST_NAMES] = [4.5, 20, 64, 4, 16]; // pixels
const FONT = "11px system-ui, sans-serif", SMALL = "10px ui-monospace, 'DejaVu Sans Mono', monospace";

/**
 * Draws a frame. A picture has `shown`, `rows`, `colours`, `width`, `height`, `gutter` (what the names take on the left),
 * `left` (column at the left edge), `pitch` (pixels between columns), `limit` (place of the last event that has
 * happened), `chosen` and `roles`, `cut` and `broken` (the places of receives that break it), `hovered`.
 */
function paint(draw, picture) {
  draw.fillStyle = picture.colours.paper;
  draw.fillRect(0, 0, picture.width, picture.height);
  const seen = seenOf(picture);
  paintLanes(draw, picture, seen);
  paintMessages(draw, picture);
  paintStubs(draw, picture);
  paintMarks(draw, picture, seen);
  if (picture.cut) paintCut(draw, picture);
  if (picture.pitch >= LEAST_NAMES) paintTexts(draw, picture, seen);
  paintGutter(draw, picture);
}

const xOf = (picture, event) => {
  return picture.gutter + PADDING + (picture.shown.column[event] - picture.left) * picture.pitch;
};
const yOf = (picture, event) => picture.rows.y[picture.shown.row[event]];

/** The events that have happened and are inside the window. */
function seenOf(picture) {
  const { events, column } = picture.shown;
  const margin = 60 / picture.pitch;
  const from = firstWhere(events, (event) => column[event] >= picture.left - margin);
  const right = picture.left + picture.width / picture.pitch + margin;
  const until = firstWhere(events, (event) => column[event] > right || event > picture.limit);
  return events.slice(from, until);
}

/** The first place in a list from which on all hold, by halving. */
function firstWhere(list, holds) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) high = middle; else low = middle + 1;
  }
  return low;
}

function colourOf(picture, event) {
  const { shown: { scene }, colours, roles } = picture;
  if (scene.wrong[event]) return colours.wrong;
  if (roles) return [colours.faded, colours.past, colours.future, colours.ink][roles[event]];
  return colours.lanes[laneOf(scene, event)];
}

/** Each process as it was: a line while it was up, dots while it was down, a ribbon while it was frozen. */
function paintLanes(draw, picture, seen) {
  const { shown, rows, colours, gutter, width } = picture;
  shown.lanes.forEach((lane, row) => {
    draw.strokeStyle = picture.roles ? colours.faded : colours.lanes[shown.scene.lanes.indexOf(lane)];
    for (const { from, until, state } of shown.spans[row]) {
      const start = from < 0 ? gutter : Math.max(xOf(picture, from), gutter);
      const end = until < 0 || until > picture.limit ? width : Math.min(xOf(picture, until), width);
      if (end < start || from > picture.limit) continue;
      draw.lineWidth = { up: 1.4, down: 1, frozen: 5 }[state];
      draw.setLineDash({ up: [], down: [1, 4], frozen: [2, 3] }[state]);
      strokeLine(draw, start, rows.y[row], end, rows.y[row]);
    }
  });
  draw.setLineDash([]);
}

function strokeLine(draw, x1, y1, x2, y2) {
  draw.beginPath();
  draw.moveTo(x1, y1);
  draw.lineTo(x2, y2);
  draw.stroke();
}

function paintMessages(draw, picture) {
  const groups = new Map();
  for (const message of picture.shown.messages) {
    const [send, receive] = message;
    if (send > picture.limit || xOf(picture, receive) < picture.gutter || xOf(picture, send) > picture.width) continue;
    const look = JSON.stringify(lookOfMessage(picture, message));
    if (!groups.has(look)) groups.set(look, []);
    groups.get(look).push(message);
  }
  for (const [look, messages] of groups) paintAlike(draw, picture, JSON.parse(look), messages);
}

function lookOfMessage(picture, [send, receive, again, answer]) {
  const { colours, roles } = picture;
  if (picture.broken.has(receive)) return { colour: colours.wrong, width: 2.6, dash: [] };
  let colour = colourOf(picture, send);
  if (roles && roles[receive] !== CONCURRENT) {
    const towards = roles[receive] === PAST || roles[receive] === SELF;
    colour = towards ? colours.past : roles[send] === CONCURRENT || roles[send] === PAST ? colours.faded : colours.future;
  } else if (roles) colour = colours.faded;
  return { colour, width: answer ? 0.9 : 1.5, dash: again ? [5, 3] : [] };
}

/** Messages of one look in one path; one that is still on its way ends where the time is. */
function paintAlike(draw, picture, look, messages) {
  const heads = [];
  const now = xOf(picture, picture.limit < Infinity ? picture.limit : 0);
  draw.beginPath();
  for (const [send, receive] of messages) {
    const [x1, y1, x2, y2] = [xOf(picture, send), yOf(picture, send), xOf(picture, receive), yOf(picture, receive)];
    const arrived = receive <= picture.limit;
    const way = arrived ? 1 : Math.min(0.9, Math.max(0.15, (now - x1) / (x2 - x1)));
    const length = Math.hypot(x2 - x1, y2 - y1);
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    const far = arrived ? length - RADIUS - 1 : length * way;
    draw.moveTo(x1 + dx * Math.min(RADIUS, far), y1 + dy * Math.min(RADIUS, far));
    draw.lineTo(x1 + dx * far, y1 + dy * far);
    heads.push([x1 + dx * far, y1 + dy * far, dx, dy]);
  }
  draw.strokeStyle = draw.fillStyle = look.colour;
  draw.lineWidth = picture.pitch < LEAST_MARKS ? look.width / 2 : look.width;
  draw.setLineDash(look.dash);
  draw.stroke();
  draw.setLineDash([]);
  if (picture.pitch < LEAST_MARKS) return;
  draw.beginPath();
  for (const [x, y, dx, dy] of heads) {
    const [size, half] = look.width < 1 ? [5, 2] : [7, 3];
    polygon(draw, [
      [x, y], [x - dx * size - dy * half, y - dy * size + dx * half], [x - dx * size + dy * half, y - dy * size - dx * half],
    ]);
  }
  draw.fill();
}

/** Messages without a second end: a cross where nobody received, a dot where nobody sent. */
function paintStubs(draw, picture) {
  const { shown: { scene, visible }, rows } = picture;
  if (picture.pitch < LEAST_MARKS) return;
  for (const event of [...scene.lost, ...scene.orphans]) {
    if (!visible[event] || event > picture.limit) continue;
    const lost = scene.kind[event] === SEND;
    const [x, y, down] = [xOf(picture, event), yOf(picture, event), rows.above[event] ? 1 : -1];
    const [endX, endY] = [x + (lost ? 12 : -12), y + down * 13];
    draw.strokeStyle = draw.fillStyle = colourOf(picture, event);
    draw.lineWidth = 1.3;
    draw.setLineDash(lost ? [] : [2, 2]);
    strokeLine(draw, x, y, endX, endY);
    draw.setLineDash([]);
    draw.beginPath();
    if (lost) cross(draw, endX, endY, RADIUS); else draw.arc(endX, endY, 3, 0, 2 * Math.PI);
    draw.fill();
  }
}

function paintMarks(draw, picture, seen) {
  if (picture.pitch < LEAST_MARKS) return paintTicks(draw, picture, seen);
  const groups = new Map();
  for (const event of seen) {
    const key = `${shapeOf(picture.shown.scene, event)} ${colourOf(picture, event)}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(event);
  }
  const radius = Math.min(RADIUS, picture.pitch * 0.42);
  draw.lineWidth = 1.6;
  for (const [key, events] of groups) {
    const [shape, colour] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
    let filled = true;
    draw.beginPath();
    for (const event of events) filled = SHAPES[shape](draw, xOf(picture, event), yOf(picture, event), radius);
    draw.fillStyle = filled ? colour : picture.colours.paper;
    draw.strokeStyle = colour;
    draw.fill();
    draw.stroke();
  }
  paintHalos(draw, picture, seen);
}

/** Marks too close to tell apart. */
function paintTicks(draw, picture, seen) {
  for (const event of seen) {
    draw.fillStyle = colourOf(picture, event);
    const tall = picture.shown.scene.wrong[event] || event === picture.chosen ? 11 : 4;
    draw.fillRect(xOf(picture, event) - 0.75, yOf(picture, event) - tall, 1.5, 2 * tall);
  }
}

/** Rings around the past, squares around the future, so that colours are not all that tells them apart. */
function paintHalos(draw, picture, seen) {
  if (!picture.roles) return;
  draw.lineWidth = 1.2;
  for (const event of seen) {
    const role = picture.roles[event];
    if (role === CONCURRENT || (role !== SELF && picture.pitch < LEAST_NAMES)) continue;
    draw.strokeStyle = colourOf(picture, event);
    draw.beginPath();
    const [x, y] = [xOf(picture, event), yOf(picture, event)];
    if (role === FUTURE) draw.rect(x - 7.5, y - 7.5, 15, 15);
    else draw.arc(x, y, role === SELF ? 10 : 7.5, 0, 2 * Math.PI);
    draw.stroke();
  }
}

function paintCut(draw, picture) {
  const points = cutPoints(picture);
  const { colours, broken } = picture;
  draw.strokeStyle = draw.fillStyle = broken.size ? colours.wrong : colours.good;
  draw.lineWidth = 2.2;
  draw.setLineDash(broken.size ? [7, 4] : []);
  draw.beginPath();
  points.forEach(([x, y], i) => (i ? draw.lineTo(x, y) : (draw.moveTo(x, 4), draw.lineTo(x, y))));
  if (points.length) draw.lineTo(points.at(-1)[0], picture.height - 4);
  draw.stroke();
  draw.setLineDash([]);
  for (const [x, y] of points) {
    draw.beginPath();
    draw.roundRect(x - 4, y - 9, 8, 18, 3);
    draw.fill();
  }
}

/** Where the cut crosses each row: behind the last event inside. */
function cutPoints(picture) {
  const { shown, cut, rows } = picture;
  return shown.lanes.map((_, row) => {
    const events = shown.inRow[row];
    const next = firstWhere(events, (event) => !isInside(shown.scene, cut, event));
    const [last, later] = [events[next - 1], events[next]];
    if (last === undefined) return [xOf(picture, events[0]) - Math.min(10, picture.pitch / 2), rows.y[row]];
    const gap = later === undefined ? Infinity : xOf(picture, later) - xOf(picture, last);
    return [xOf(picture, last) + Math.min(10, gap / 2), rows.y[row]];
  });
}

/** The names of the processes, on top of what was scrolled below them. */
function paintGutter(draw, picture) {
  const { shown, colours, rows, gutter, height } = picture;
  draw.fillStyle = colours.paper;
  draw.fillRect(0, 0, gutter, height);
  draw.textAlign = "right";
  draw.textBaseline = "middle";
  draw.font = FONT;
  draw.fillStyle = colours.ink;
  shown.lanes.forEach((lane, row) => draw.fillText(picture.laneNames[row], gutter - 8, rows.y[row], gutter - 12));
}
