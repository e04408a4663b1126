// What of a scene is shown, and where: filters by order and process, and a column for each event that is left.

const SEND = 0, RECEIVE = 1;
const [HEAD, FOOT, TEXT_LINE, MARK_ROOM, LEAST_LANE, MOST_HEIGHT] = [26, 14, 11, 14, 52, 860]; // pixels

/**
 * The events of one order, or all where there is no such order, without those of hidden processes.
 *
 * `relation` is that of the order: hidden processes still carry causes. `events` are drawn, at `column`, by place.
 * What was done to the processes of an order meanwhile is drawn as well.
 */
function shownOf(scene, order, hidden) {
  const wanted = scene.orders.indexOf(order);
  const all = scene.id.map((_, event) => event);
  const noted = new Set(scene.noted);
  const among = all.filter((event) => !noted.has(event) && (wanted < 0 || scene.order[event] === wanted));
  const drawn = wanted < 0 ? all : [...among, ...meanwhile(scene, among, noted)].sort((a, b) => a - b);
  const lanes = scene.lanes.filter((lane, index) => {
    return !hidden.includes(lane) && drawn.some((event) => laneOf(scene, event) === index);
  });
  const rows = new Map(lanes.map((lane, row) => [scene.lanes.indexOf(lane), row]));
  const events = drawn.filter((event) => rows.has(laneOf(scene, event)));
  const row = Int16Array.from(all, (event) => rows.get(laneOf(scene, event)) ?? -1);
  const visible = new Uint8Array(all.length);
  for (const event of events) visible[event] = 1;
  const inRow = lanes.map((_, place) => events.filter((event) => row[event] === place));
  return {
    scene, events, lanes, row, visible, inRow,
    spans: inRow.map((own) => spansOf(scene, own)),
    relation: causality(scene, among),
    ...columnsOf(scene, events),
    messages: scene.messages.filter(([send, receive]) => visible[send] && visible[receive]),
    clockHosts: hostsOfClocks(scene, events),
  };
}

function laneOf(scene, event) {
  return scene.laneOf[scene.host[event]];
}

/** Crashes, pauses and restarts of the processes of some events, between the first and the last of these. */
function meanwhile(scene, among, noted) {
  const walls = among.map((event) => scene.wall[event]);
  const [first, last] = [walls.reduce((a, b) => Math.min(a, b), Infinity), walls.reduce((a, b) => Math.max(a, b), -1)];
  const lanes = new Set(among.map((event) => laneOf(scene, event)));
  return Object.keys(scene.marks).map(Number).filter((event) => {
    const restart = scene.hosts[scene.host[event]].includes("~");
    const within = scene.wall[event] >= first && scene.wall[event] <= last;
    return (noted.has(event) || restart) && within && lanes.has(laneOf(scene, event));
  });
}

/** The life of a process by its events: parts from one event until another (-1: the edge), up, down or frozen. */
function spansOf(scene, own) {
  const turns = [];
  own.forEach((event, i) => {
    const [name, later] = [scene.marks[event], own[i + 1]];
    const reborn = later !== undefined && scene.host[later] !== scene.host[event];
    if (name === "killed" || name === "stopped" || reborn) turns.push([event, "down"]);
    if (reborn) turns.push([later, "up"]);
    if (name === "paused" || name === "resumed") turns.push([event, name === "paused" ? "frozen" : "up"]);
  });
  const first = turns.find(([event]) => ["paused", "resumed"].includes(scene.marks[event]));
  const parts = [[-1, first && scene.marks[first[0]] === "resumed" ? "frozen" : "up"], ...turns];
  return parts.map(([from, state], i) => ({ from, state, until: parts[i + 1]?.[0] ?? -1 }));
}

/** The layout's columns, closed up where events were filtered out; their order stays. */
function columnsOf(scene, events) {
  const column = new Float64Array(scene.id.length);
  let [now, before] = [0, events.length ? scene.x[events[0]] : 0];
  for (const event of events) {
    now += Math.min(scene.x[event] - before, scene.gap);
    before = scene.x[event];
    column[event] = now;
  }
  return { column, end: now };
}

/** The hosts that have an entry in a clock, in the order of the lanes. */
function hostsOfClocks(scene, events) {
  const hosts = new Set();
  for (const event of events) for (let i = 0; i < scene.clock[event].length; i += 2) hosts.add(scene.clock[event][i]);
  return [...hosts].sort((a, b) => a - b);
}

/** The entry of a host in the clock of an event. */
function entryOf(scene, event, host) {
  const clock = scene.clock[event];
  for (let i = 0; i < clock.length; i += 2) if (clock[i] === host) return clock[i + 1];
  return 0;
}

/**
 * Where each lane is from the top, with room for the clocks where there is enough of it.
 * A clock stands on the side of its line that the message of its event does not use: `above` or below.
 */
function rowsOf(shown) {
  const { scene, lanes, row } = shown;
  const above = sidesOf(shown);
  const [names, stack] = [2 * TEXT_LINE + MARK_ROOM, shown.clockHosts.length * TEXT_LINE];
  const rooms = lanes.map(() => [names, MARK_ROOM]);
  for (const event of shown.events) if (scene.clock[event].length) rooms[row[event]][above[event] ? 0 : 1] = names + stack;
  const heightWithClocks = rooms.flat().reduce((sum, room) => sum + room, HEAD + FOOT);
  const clocks = stack > 0 && heightWithClocks <= MOST_HEIGHT;
  const places = [];
  let y = HEAD;
  for (const [up, down] of rooms) {
    places.push(y + (clocks ? up : LEAST_LANE / 2));
    y += clocks ? Math.max(up + down, LEAST_LANE) : LEAST_LANE;
  }
  return { y: places, height: y + FOOT, above, clocks };
}

/** By the place of each event, 1 where its clock stands above its line; without a message, where fewer messages are. */
function sidesOf({ scene, events, lanes, row, messages }) {
  const [above, upwards, ends] = [new Uint8Array(scene.id.length), lanes.map(() => 0), new Set()];
  for (const [send, receive] of messages) {
    above[send] = row[receive] >= row[send] ? 1 : 0;
    above[receive] = row[send] >= row[receive] ? 1 : 0;
    for (const end of [send, receive]) {
      ends.add(end);
      upwards[row[end]] += above[end] ? -1 : 1;
    }
  }
  for (const event of events) if (!ends.has(event)) above[event] = upwards[row[event]] > 0 ? 0 : 1;
  return above;
}
