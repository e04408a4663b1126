// Colours of the page that the view stands on, and the shapes of the marks, as in the printed diagram.

/** The colours now: those of the notebook's theme, and the scene's own, lighter on a dark page. */
function palette(element, scene) {
  const style = getComputedStyle(element);
  const [paper, ink] = [rgb(style.backgroundColor), rgb(style.color)];
  const dark = paper[0] + paper[1] + paper[2] < 380;
  const own = (colour) => (dark ? mixed(rgb(colour), [255, 255, 255], isDark(colour) ? 0.85 : 0.35) : colour);
  return {
    paper: css(paper), ink: css(ink), faint: mixed(ink, paper, 0.55), line: mixed(ink, paper, 0.85),
    faded: mixed(ink, paper, 0.72),
    lanes: scene.laneColours.map(own),
    ...Object.fromEntries(Object.entries(scene.colours).map(([name, colour]) => [name, own(colour)])),
  };
}

function rgb(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (colour.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}

function css(parts) {
  return `rgb(${parts.map(Math.round).join(",")})`;
}

/** The first colour with a share of the second. */
function mixed(one, other, share) {
  return css(one.map((part, i) => part * (1 - share) + other[i] * share));
}

function isDark(colour) {
  return rgb(colour).reduce((sum, part) => sum + part, 0) < 120;
}

/** Adds the outline of a mark to the path of a context; tells whether it is to be filled. */
const SHAPES = {
  send: (draw, x, y, r) => { polygon(draw, [[x - r, y - r], [x + r, y], [x - r, y + r]]); return true; },
  receive: (draw, x, y, r) => { draw.moveTo(x + r, y); draw.arc(x, y, r, 0, 2 * Math.PI); return false; },
  local: (draw, x, y, r) => { draw.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8); return true; },
  killed: (draw, x, y, r) => { cross(draw, x, y, r * 1.5); return true; },
  stopped: (draw, x, y, r) => { cross(draw, x, y, r * 1.5); return false; },
  paused: (draw, x, y, r) => { diamond(draw, x, y, r * 1.3); return true; },
  resumed: (draw, x, y, r) => { diamond(draw, x, y, r * 1.3); return false; },
  started: (draw, x, y, r) => { plus(draw, x, y, r * 1.4); return false; },
  wrong: (draw, x, y, r) => { star(draw, x, y, r * 1.8); return true; },
};

function polygon(draw, points) {
  points.forEach(([x, y], i) => (i ? draw.lineTo(x, y) : draw.moveTo(x, y)));
  draw.closePath();
}

function diamond(draw, x, y, r) {
  polygon(draw, [[x, y - r], [x + r, y], [x, y + r], [x - r, y]]);
}

function cross(draw, x, y, r) {
  const t = r / 3;
  polygon(draw, [
    [x - r, y - r + t], [x - r + t, y - r], [x, y - t], [x + r - t, y - r], [x + r, y - r + t], [x + t, y],
    [x + r, y + r - t], [x + r - t, y + r], [x, y + t], [x - r + t, y + r], [x - r, y + r - t], [x - t, y],
  ]);
}

function plus(draw, x, y, r) {
  const t = r / 3;
  polygon(draw, [
    [x - t, y - r], [x + t, y - r], [x + t, y - t], [x + r, y - t], [x + r, y + t], [x + t, y + t],
    [x + t, y + r], [x - t, y + r], [x - t, y + t], [x - r, y + t], [x - r, y - t], [x - t, y - t],
  ]);
}

function star(draw, x, y, r) {
  polygon(draw, Array.from({ length: 10 }, (_, i) => {
    const [angle, far] = [(i * Math.PI) / 5 - Math.PI / 2, i % 2 ? r * 0.42 : r];
    return [x + far * Math.cos(angle), y + far * Math.sin(angle)];
  }));
}

/** The name of the mark of an event. */
function shapeOf(scene, event) {
  if (scene.wrong[event]) return "wrong";
  return scene.marks[event] ?? ["send", "receive", "local"][scene.kind[event]];
}
