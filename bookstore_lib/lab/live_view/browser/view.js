// The view: keeps what the user has set in the model, and draws at most once a frame.

const [READABLE_PITCH, RIGHT, NEAR, AT_THE_END] = [18, 40, 12, 4]; // pixels

class View {
  constructor(model, element) {
    this.model = model;
    this.controls = makeControls(this);
    this.zoomed = "readable"; // or "all", or "free": as the user has set it
    this.pitch = READABLE_PITCH;
    element.append(this.controls.root);
    this.listeners = [
      ["scene", () => this.readScene()],
      ...["order", "hidden"].map((name) => [name, () => this.filter()]),
      ...["cut", "step"].map((name) => [name, () => this.refresh()]),
      ["chosen", () => (this.refresh(), this.reveal(this.chosen))],
    ];
    for (const [name, does] of this.listeners) model.on(`change:${name}`, does);
    this.resized = new ResizeObserver(() => this.scene && this.resize());
    this.resized.observe(this.controls.scroller);
    this.themed = new MutationObserver(() => this.scene && this.refresh());
    this.themed.observe(document.body, { attributes: true });
    giveHands(this);
    this.readScene();
  }

  close() {
    for (const [name, does] of this.listeners) this.model.off(`change:${name}`, does);
    this.resized.disconnect();
    this.themed.disconnect();
  }

  readScene() {
    const text = this.model.get("scene");
    this.controls.root.classList.toggle("empty", !text);
    if (!text) return this.controls.told.replaceChildren("No events yet.");
    const { scroller } = this.controls;
    const first = !this.scene;
    const follows = !first && scroller.scrollLeft + scroller.clientWidth >= scroller.scrollWidth - AT_THE_END;
    this.scene = JSON.parse(text);
    this.places = new Map(this.scene.id.map((id, event) => [id, event]));
    this.filter();
    if (follows) scroller.scrollLeft = scroller.scrollWidth;
    if (first) this.reveal(this.chosen);
  }

  filter() {
    if (!this.scene) return;
    fillFilters(this.controls, this.scene, this.model.get("hidden"), this);
    this.controls.order.value = this.model.get("order");
    this.shown = shownOf(this.scene, this.model.get("order"), this.model.get("hidden"));
    this.rows = rowsOf(this.shown);
    this.refresh();
    this.resize();
  }

  /** Takes up what is chosen, cut and how far the time is. */
  refresh() {
    if (!this.scene) return;
    const { events, relation, visible } = this.shown;
    const [place, step, ids] = [this.places.get(this.model.get("chosen")), this.model.get("step"), this.model.get("cut")];
    this.chosen = place !== undefined && visible[place] ? place : -1;
    this.roles = this.chosen < 0 ? null : rolesTowards(relation, this.chosen);
    this.count = step < 0 ? events.length : Math.min(step, events.length);
    this.limit = this.count === events.length ? Infinity : this.count ? events[this.count - 1] : -1;
    this.colours = palette(this.controls.root, this.scene);
    for (const name of Object.keys(this.scene.colours)) this.controls.root.style.setProperty(`--${name}`, this.colours[name]);
    this.colours.lanes.forEach((colour, i) => this.controls.root.style.setProperty(`--lane-${i}`, colour));
    const cut = ids && cutOf(relation, ids);
    this.takeCut(ids?.length && !cut.size ? null : cut); // one of other events is none here
    fillLegend(this.controls, this.shown, this.rows, this.colours);
    this.showControls();
  }

  takeCut(cut) {
    this.cut = cut;
    this.broken = cut ? breaking(this.shown.relation, cut) : [];
    tell(this.controls, this);
    this.schedule();
  }

  showControls() {
    const { time, moment, cut, mend } = this.controls;
    time.max = this.shown.events.length;
    time.value = this.count;
    moment.textContent = `${this.count} of ${this.shown.events.length} events`;
    cut.setAttribute("aria-pressed", String(Boolean(this.cut)));
    mend.hidden = !this.cut;
  }

  set(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  // --- What the controls do ---

  order(id) {
    this.set("order", id);
  }

  hide(lane, hidden) {
    const others = this.model.get("hidden").filter((each) => each !== lane);
    this.set("hidden", hidden ? [...others, lane] : others);
  }

  choose(event) {
    this.set("chosen", event < 0 ? "" : this.scene.id[event]);
  }

  step(by) {
    this.stepTo(this.count + by);
  }

  stepTo(count) {
    const { events } = this.shown;
    const now = Math.max(0, Math.min(count, events.length));
    this.set("step", now === events.length ? -1 : now);
    this.reveal(events[now - 1]);
  }

  keepCut() {
    this.set("cut", [...this.cut.values()].map((event) => this.scene.id[event]));
    this.showControls();
  }

  /** A new cut is all up to the chosen event, or up to the middle of the window: as if time had stopped there. */
  toggleCut = () => {
    if (this.cut) return this.set("cut", null);
    const { events, relation, column } = this.shown;
    const middle = this.left + (this.controls.scroller.clientWidth - this.gutter) / 2 / this.pitch;
    const last = this.chosen >= 0 ? this.chosen : events.filter((event) => column[event] <= middle).at(-1) ?? -1;
    const inside = relation.among.filter((event) => event <= last);
    this.takeCut(new Map(inside.map((event) => [this.scene.host[event], event])));
    this.keepCut();
  };

  mendCut = () => {
    this.takeCut(largestConsistent(this.shown.relation, this.cut));
    this.keepCut();
  };

  /** Moves the cut in one row behind the last event that is not after a place. */
  cutRow(row, place) {
    const { inRow, relation } = this.shown;
    const own = inRow[row].filter((event) => relation.known[event]);
    for (const event of own) this.cut.delete(this.scene.host[event]);
    for (const event of own) if (event <= place) this.cut.set(this.scene.host[event], event);
    this.takeCut(this.cut);
  }

  // --- Zoom ---

  get left() {
    return this.controls.scroller.scrollLeft / this.pitch;
  }

  get room() {
    return this.controls.scroller.clientWidth - this.gutter - 2 * PADDING - RIGHT;
  }

  zoom(factor, at = this.gutter + this.room / 2) {
    const { scroller } = this.controls;
    const from = at - this.gutter - PADDING;
    const anchor = this.left + from / this.pitch;
    this.zoomed = "free";
    this.pitch = Math.min(MOST_PITCH, Math.max(this.pitch * factor, Math.min(this.pitch, this.fitting())));
    this.resize();
    scroller.scrollLeft = anchor * this.pitch - from;
  }

  fit = () => {
    this.zoomed = "all";
    this.resize();
  };

  fitting() {
    return Math.min(MOST_PITCH, this.room / Math.max(this.shown.end, 1));
  }

  reveal(event) {
    if (!(event >= 0)) return;
    const { scroller } = this.controls;
    const x = xOf(this, event);
    if (x > this.gutter + PADDING / 2 && x < scroller.clientWidth - PADDING) return;
    scroller.scrollLeft = this.shown.column[event] * this.pitch - this.room / 2;
  }

  // --- Drawing ---

  resize() {
    const { canvas, spacer, scroller } = this.controls;
    const draw = canvas.getContext("2d");
    draw.font = FONT;
    const narrow = scroller.clientWidth < 560;
    this.laneNames = this.shown.lanes.map((lane) => {
      return narrow ? this.scene.laneTags[this.scene.lanes.indexOf(lane)] : lane;
    });
    this.gutter = 16 + Math.max(24, ...this.laneNames.map((name) => draw.measureText(name).width));
    if (this.zoomed !== "free") this.pitch = Math.max(this.fitting(), this.zoomed === "all" ? 0 : READABLE_PITCH);
    spacer.style.width = `${this.gutter + 2 * PADDING + RIGHT + this.shown.end * this.pitch}px`;
    const [width, height, ratio] = [scroller.clientWidth, this.rows.height, window.devicePixelRatio];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    this.schedule();
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.scene) this.draw();
    });
  }

  draw() {
    const { canvas } = this.controls;
    const draw = canvas.getContext("2d");
    const ratio = window.devicePixelRatio;
    draw.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(draw, {
      ...this, left: this.left, width: canvas.width / ratio, height: canvas.height / ratio,
      broken: new Set(this.broken.map(({ receive }) => receive)),
    });
  }
}

function render({ model, el }) {
  const view = new View(model, el);
  return () => view.close();
}

export default { render };
export { breaking, causality, cutOf, largestConsistent, rolesTowards, shownOf };
