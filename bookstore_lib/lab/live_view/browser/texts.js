// The texts of a frame: clocks and names at the events, names along the messages.

function paintTexts(draw, picture, seen) {
  draw.textBaseline = "middle";
  paintMessageNames(draw, picture);
  draw.textAlign = "center";
  draw.font = SMALL;
  const digits = Math.max(1, ...seen.map((event) => String(Math.max(0, ...countsOf(picture, event))).length));
  const clocks = picture.rows.clocks && picture.pitch >= digits * 6 + 5;
  if (clocks) for (const event of seen) paintClock(draw, picture, event, digits);
  draw.font = FONT;
  paintLabels(draw, picture, seen, clocks);
}

const countsOf = (picture, event) => picture.shown.scene.clock[event].filter((_, i) => i % 2);

/** A clock, its own entry bold and what it knows nothing of faint. */
function paintClock(draw, picture, event, digits) {
  const { shown: { scene, clockHosts }, rows, colours } = picture;
  if (!scene.clock[event].length) return;
  const x = xOf(picture, event);
  const top = topOfClock(picture, event);
  draw.fillStyle = colours.paper;
  draw.fillRect(x - digits * 3 - 2, top - TEXT_LINE / 2, digits * 6 + 4, clockHosts.length * TEXT_LINE);
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

/** What no arrow tells, where it covers no other label of the same side. */
function paintLabels(draw, picture, seen, clocks) {
  const { shown: { scene, row, clockHosts }, rows, colours } = picture;
  const ends = new Map();
  for (const event of seen) {
    const text = scene.words[scene.label[event]];
    if (!text) continue;
    const side = rows.above[event];
    const stack = clocks && scene.clock[event].length ? clockHosts.length * TEXT_LINE : 0;
    const key = `${row[event]} ${side} ${stack > 0}`;
    const half = draw.measureText(text).width / 2;
    const x = Math.max(xOf(picture, event), picture.gutter + half + 2);
    if (x - half < (ends.get(key) ?? -Infinity)) continue;
    ends.set(key, x + half + 6);
    const y = yOf(picture, event) + (side ? -1 : 1) * (MARK_ROOM + stack + TEXT_LINE / 2 - 1);
    halo(draw, picture, text, x, y, inkOf(picture, event, colours.ink));
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

/** Names along the messages, those that are long enough and not too near to another name. */
function paintMessageNames(draw, picture) {
  const { shown, limit, width, gutter, colours } = picture;
  const placed = [];
  draw.font = `italic ${FONT}`;
  draw.textAlign = "center";
  for (const [send, receive, again] of shown.messages) {
    const name = shown.scene.said[send];
    const [x1, x2, y1, y2] = [xOf(picture, send), xOf(picture, receive), yOf(picture, send), yOf(picture, receive)];
    if (!name || again || receive > limit || x2 < gutter || x1 > width) continue;
    const half = draw.measureText(name).width / 2;
    const angle = Math.atan2(y2 - y1, x2 - x1);
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (length < 2 * half + 24) continue;
    const share = roomFor([x1, y1, x2, y2], half, angle, placed);
    if (share === null) continue;
    const [x, y] = [x1 + (x2 - x1) * share, y1 + (y2 - y1) * share];
    draw.save();
    draw.translate(x, y);
    draw.rotate(angle);
    halo(draw, picture, name, 0, 0, inkOfMessage(picture, send, receive));
    draw.restore();
  }
}

/** Where along an arrow a name is far enough from the names before it; they are tested as rows of dots. */
function roomFor([x1, y1, x2, y2], half, angle, placed) {
  for (const share of [0.5, 0.35, 0.65]) {
    const [x, y] = [x1 + (x2 - x1) * share, y1 + (y2 - y1) * share];
    const dots = [-1, -0.5, 0, 0.5, 1].map((part) => [x + part * half * Math.cos(angle), y + part * half * Math.sin(angle)]);
    if (dots.every(([a, b]) => placed.every(([c, d]) => Math.hypot(a - c, b - d) > 12))) {
      placed.push(...dots);
      return share;
    }
  }
  return null;
}

function inkOfMessage(picture, send, receive) {
  const { colours, roles, broken } = picture;
  if (broken.has(receive)) return colours.wrong;
  if (!roles) return colours.ink;
  return roles[send] === CONCURRENT || roles[receive] === CONCURRENT ? colours.faint : colours.ink;
}
