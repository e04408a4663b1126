// The texts of a frame: clocks and names at the events, names along the messages.

const SQUARE = 6; // pixels; texts are told apart no finer

function paintTexts(draw, picture, seen) {
  draw.textBaseline = "middle";
  draw.textAlign = "center";
  draw.font = SMALL;
  const digits = Math.max(1, ...seen.map((event) => String(Math.max(0, ...countsOf(picture, event))).length));
  const clocks = picture.rows.clocks && picture.pitch >= digits * 6 + 5;
  const room = new Room(picture.width, picture.height);
  for (const y of picture.rows.y) room.take(0, y - 7, picture.width, y + 7); // no name on a lane
  if (clocks) for (const event of seen) paintClock(draw, picture, event, digits, room);
  draw.font = FONT;
  paintLabels(draw, picture, seen, clocks, room);
  paintMessageNames(draw, picture, room);
}

/** Which squares of a frame are taken by texts. */
class Room {
  constructor(width, height) {
    this.across = Math.ceil(width / SQUARE);
    this.taken = new Uint8Array(this.across * Math.ceil(height / SQUARE));
  }

  take(left, top, right, bottom) {
    const [from, until] = [Math.max(0, Math.floor(left / SQUARE)), Math.min(this.across - 1, Math.floor(right / SQUARE))];
    for (let y = Math.max(0, Math.floor(top / SQUARE)); y <= bottom / SQUARE; y += 1) {
      this.taken.fill(1, y * this.across + from, y * this.across + until + 1);
    }
  }

  isFree(x, y) {
    return x > 0 && x < this.across * SQUARE && !this.taken[Math.floor(y / SQUARE) * this.across + Math.floor(x / SQUARE)];
  }
}

const countsOf = (picture, event) => picture.shown.scene.clock[event].filter((_, i) => i % 2);

/** A clock, its own entry bold and what it knows nothing of faint. */
function paintClock(draw, picture, event, digits, room) {
  const { shown: { scene, clockHosts }, colours } = picture;
  if (!scene.clock[event].length) return;
  const [x, top, half] = [xOf(picture, event), topOfClock(picture, event), digits * 3 + 2];
  const height = clockHosts.length * TEXT_LINE;
  draw.fillStyle = colours.paper;
  draw.fillRect(x - half, top - TEXT_LINE / 2, 2 * half, height);
  room.take(x - half, top - TEXT_LINE / 2, x + half, top + height);
  clockHosts.forEach((host, i) => {
    const count = entryOf(scene, event, host);
    const own = host === scene.host[event];
    if (own) draw.font = `bold ${SMALL}`;
    draw.fillStyle = inkOf(picture, event, count ? colours.ink : colours.faint);
    draw.fillText(count, x, top + i * TEXT_LINE);
    if (own) draw.font = SMALL;
  });
}

function topOfClock(picture, event) {
  const { shown, rows } = picture;
  const y = yOf(picture, event);
  return rows.above[event] ? y - MARK_ROOM - (shown.clockHosts.length - 0.5) * TEXT_LINE : y + MARK_ROOM + TEXT_LINE / 2;
}

function inkOf(picture, event, usual) {
  const { colours, roles, shown } = picture;
  if (shown.scene.wrong[event]) return colours.wrong;
  return roles ? [colours.faint, colours.past, colours.future, colours.ink][roles[event]] : usual;
}

/** What no arrow tells, in the first of two lines that is free on this side. */
function paintLabels(draw, picture, seen, clocks, room) {
  const { shown: { scene, row, clockHosts }, rows, colours } = picture;
  const ends = new Map();
  for (const event of seen) {
    const text = scene.words[scene.label[event]];
    if (!text) continue;
    const stack = clocks && scene.clock[event].length ? clockHosts.length * TEXT_LINE : 0;
    const half = draw.measureText(text).width / 2;
    const x = Math.max(xOf(picture, event), picture.gutter + half + 2);
    const lines = [0, 1].map((line) => `${row[event]} ${rows.above[event]} ${stack} ${line}`);
    const line = lines.findIndex((key) => x - half >= (ends.get(key) ?? -Infinity));
    if (line < 0) continue;
    ends.set(lines[line], x + half + 6);
    const y = yOf(picture, event) + (rows.above[event] ? -1 : 1) * (MARK_ROOM + stack + (line * 1.1 + 0.5) * TEXT_LINE + 1);
    halo(draw, picture, text, x, y, inkOf(picture, event, colours.ink));
    room.take(x - half, y - 6, x + half, y + 6);
  }
}

function halo(draw, picture, text, x, y, ink) {
  draw.strokeStyle = picture.colours.paper;
  draw.lineWidth = 3;
  draw.lineJoin = "round";
  draw.strokeText(text, x, y);
  draw.fillStyle = ink;
  draw.fillText(text, x, y);
}

/** Names along the messages, where these are long enough and no other text is near. */
function paintMessageNames(draw, picture, room) {
  const { shown, limit, width, gutter, colours } = picture;
  const widths = new Map();
  draw.font = `italic ${FONT}`;
  draw.textAlign = "center";
  for (const [send, receive, again] of shown.messages) {
    const name = shown.scene.said[send];
    const [x1, x2, y1, y2] = [xOf(picture, send), xOf(picture, receive), yOf(picture, send), yOf(picture, receive)];
    if (!name || again || receive > limit || x2 < gutter || x1 > width) continue;
    if (!widths.has(name)) widths.set(name, draw.measureText(name).width);
    const [length, dx, dy] = [Math.hypot(x2 - x1, y2 - y1), x2 - x1, y2 - y1];
    const at = placeAlong(room, x1, y1, dx / length, dy / length, length, widths.get(name));
    if (at < 0) continue;
    draw.save();
    draw.translate(x1 + (dx * at) / length, y1 + (dy * at) / length);
    draw.rotate(Math.atan2(dy, dx));
    halo(draw, picture, name, 0, 0, inkOfMessage(picture, send, receive));
    draw.restore();
  }
}

/** How far along an arrow the middle of a name covers nothing, -1 for nowhere; it is taken then. */
function placeAlong(room, x, y, dx, dy, length, width) {
  const [half, least] = [width / 2, width / 2 + 12];
  for (let off = 0; off <= length / 2 - least; off = off > 0 ? -off : SQUARE - off) {
    const at = length / 2 + off;
    let far = -half;
    while (far <= half && room.isFree(x + dx * (at + far), y + dy * (at + far))) far += SQUARE;
    if (far <= half) continue;
    for (far = -half; far <= half; far += SQUARE) {
      const [a, b] = [x + dx * (at + far), y + dy * (at + far)];
      room.take(a - SQUARE, b - SQUARE, a + SQUARE, b + SQUARE);
    }
    return at;
  }
  return -1;
}

function inkOfMessage(picture, send, receive) {
  const { colours, roles, broken } = picture;
  if (broken.has(receive)) return colours.wrong;
  if (!roles) return colours.ink;
  return roles[send] === CONCURRENT || roles[receive] === CONCURRENT ? colours.faint : colours.ink;
}
