// Which events can have influenced which: happens-before as in core/happens_before.py, from processes and messages.

const CONCURRENT = 0, PAST = 1, FUTURE = 2, SELF = 3;

/**
 * The happens-before relation of some events of a scene.
 * `among` are their places, in the order of the layout, in which causes come before their effects.
 */
function causality(scene, among) {
  const size = scene.id.length;
  const before = new Int32Array(size).fill(-1);
  const sent = new Int32Array(size).fill(-1);
  const known = new Uint8Array(size);
  const last = new Map();
  for (const event of among) {
    known[event] = 1;
    before[event] = last.get(scene.host[event]) ?? -1;
    last.set(scene.host[event], event);
    if (scene.send[event] >= 0 && known[scene.send[event]]) sent[event] = scene.send[event];
  }
  return { scene, among, before, sent, known };
}

/** What each event of the scene is to the chosen one: CONCURRENT, PAST, FUTURE or SELF, by its place. */
function rolesTowards(relation, chosen) {
  const { among, before, sent } = relation;
  const roles = new Uint8Array(relation.known.length);
  const at = among.indexOf(chosen);
  if (at < 0) return roles;
  roles[chosen] = PAST;
  for (let i = at; i >= 0; i -= 1) {
    if (roles[among[i]] !== PAST) continue;
    if (before[among[i]] >= 0) roles[before[among[i]]] = PAST;
    if (sent[among[i]] >= 0) roles[sent[among[i]]] = PAST;
  }
  roles[chosen] = FUTURE;
  for (let i = at + 1; i < among.length; i += 1) {
    const [earlier, send] = [before[among[i]], sent[among[i]]];
    if ((earlier >= 0 && roles[earlier] === FUTURE) || (send >= 0 && roles[send] === FUTURE)) roles[among[i]] = FUTURE;
  }
  roles[chosen] = SELF;
  return roles;
}

/** A cut as a map from each host to the place of its last event inside; `ids` name these events. */
function cutOf(relation, ids) {
  const wanted = new Set(ids);
  const { scene, among } = relation;
  return new Map(among.filter((event) => wanted.has(scene.id[event])).map((event) => [scene.host[event], event]));
}

/** Whether an event is inside a cut. */
function isInside(scene, cut, event) {
  return event <= (cut.get(scene.host[event]) ?? -1);
}

/** The messages that are received inside a cut and sent outside: it is consistent exactly when there are none. */
function breaking(relation, cut) {
  const { scene, sent, among } = relation;
  return among
    .filter((event) => sent[event] >= 0 && isInside(scene, cut, event) && !isInside(scene, cut, sent[event]))
    .map((event) => ({ send: sent[event], receive: event }));
}

/** The largest consistent cut inside a cut: each event of it that has all its causes in there, too. */
function largestConsistent(relation, cut) {
  const { scene, among, before, sent } = relation;
  const kept = new Uint8Array(relation.known.length);
  const largest = new Map();
  for (const event of among) {
    const caused = [before[event], sent[event]].every((cause) => cause < 0 || kept[cause]);
    if (!caused || !isInside(scene, cut, event)) continue;
    kept[event] = 1;
    largest.set(scene.host[event], event);
  }
  return largest;
}
