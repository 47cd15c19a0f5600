// One explorable: controls and panels around a state, drawn once a frame at most.
import { control } from "./controls.js";
import { dataOf } from "./data.js";
import { html, say } from "./dom.js";
import { actions } from "./actions.js";
import PANELS from "./panels/*.js";
import { indexOf, positionOf } from "./state.js";
import { phrase } from "./text.js";

const NARROW = 640; // pixels: below, panels stand under one another

// Draw a figure into an element. `changed(index)` hears of every move by the reader.
export function explorable(root, payload, { index, changed = () => {}, linked = false } = {}) {
  const starts = Object.fromEntries(payload.axes.map((axis) => [axis.name, positionOf(axis, axis.start)]));
  const data = dataOf(payload);
  const reaches = new Map();
  // A choice that comes first changes the data under everything; it stands above the panels.
  const choice = payload.axes[0].kind === "choice" ? payload.axes[0] : null;
  let pending = new Set();
  let frame = 0;
  let width = -1;
  let state = "waking"; // then "awake", and "gone" when removed

  const figure = {
    payload,
    data,
    linked,
    index: { ...starts, ...index },
    item: null,
    timeAxis: payload.axes.find((axis) => axis.kind === "time"),
    value: (name) => figure.axis(name).values[figure.index[name]],
    axis: (name) => payload.axes.find((axis) => axis.name === name),
    get items() {
      return payload.items[payload.items.length > 1 ? figure.index[choice.name] : 0];
    },
    get atEnd() {
      const time = figure.timeAxis;
      return !time || figure.index[time.name] === time.values.length - 1;
    },
    // The exact values that replace a path's rounded ones when time has run out.
    final: (name) => (name && figure.atEnd ? data.at(name, figure.index) : null),
    // How far an array reaches from zero in all states of a data set: its panels keep one scale.
    reach(name) {
      const { values } = data.view(name, figure.index);
      if (!reaches.has(values)) {
        let [low, high] = [0, 0];
        for (const value of values) {
          if (value < low) low = value;
          if (value > high) high = value;
        }
        reaches.set(values, { low: -low * 1.05, high: high * 1.05 });
      }
      return reaches.get(values);
    },
    move(changes, { playing = false, quiet = false } = {}) {
      if (!playing) controls.forEach((entry) => entry.stop());
      const moved = Object.keys(changes).filter((name) => changes[name] !== figure.index[name]);
      if (!moved.length) return;
      for (const name of moved) figure.index[name] = changes[name];
      if (!quiet) changed(figure.index);
      redraw(...moved);
    },
    hover(item) {
      if (item === figure.item) return;
      figure.item = item;
      redraw("item");
    },
    busy(playing) {
      figure.playing = playing;
      said?.setAttribute("aria-busy", String(playing));
    },
    reset: () => figure.move(starts),
    starts,
  };

  const said = html("output", { class: "reading", "aria-live": "polite" });
  const controls = payload.axes.map((axis) => control(axis, figure));
  const panels = payload.panels.map((panel) => {
    if (!PANELS[panel.kind]) throw new Error(`there is no panel of the kind “${panel.kind}”`);
    return PANELS[panel.kind](panel, figure);
  });

  function redraw(...names) {
    for (const name of names) pending.add(name === choice?.name ? "data" : name);
    if (state === "awake") frame ||= requestAnimationFrame(() => sound(draw));
  }
  function draw() {
    cancelAnimationFrame(frame);
    const names = pending;
    [frame, pending] = [0, new Set()];
    if (names.has("data")) figure.item = null;
    controls.forEach((entry) => entry.draw());
    panels.forEach((panel) => panel.draw(names));
    if (names.size > 1 || !names.has("item")) say(said, phrase(payload.reading, figure));
  }

  const presets = payload.presets.map((preset) => {
    const button = html("button", { type: "button" }, preset.label);
    button.addEventListener("click", () => figure.move(indexOf(payload, preset.state)));
    return button;
  });
  const [tabs, rest] = choice ? [controls.slice(0, 1), controls.slice(1)] : [[], controls];
  const isFolded = (entry) => payload.axes[controls.indexOf(entry)].folded;
  const [sliders, folded] = [rest.filter((entry) => !isFolded(entry)), rest.filter(isFolded)];
  const stage = html("div", { class: "panels" }, ...panels.map((panel) => panel.element));
  const body = html(
    "div",
    { class: "workings", role: "group", "aria-label": payload.title },
    html("div", { class: "top" }, ...tabs.map((entry) => entry.element), html("div", { class: "presets" }, ...presets)),
    stage,
    html("div", { class: "controls" }, ...sliders.map((entry) => entry.element)),
    ...(folded.length ? [fold(folded)] : []),
    said,
    actions(figure, panels),
  );
  root.prepend(body);

  // Two panels stand side by side, more than one beside a tall one; one that has none beside it gets the whole width.
  const is = (k, kind) => panels[k]?.element.classList.contains(kind);
  const tall = (k) => is(k, "paths") || (is(k, "staircase") && is(k + 1, "curves"));
  let beside = [];
  panels.forEach(({ element }, k) => {
    beside = is(k, "stems") ? [] : [...beside, k];
    const last = k + 1 === panels.length || is(k + 1, "stems");
    if (last && beside.length % 2 && (beside.length === 1 || !beside.some(tall))) element.classList.add("alone");
  });

  function fit() {
    if (body.clientWidth === width) return;
    width = body.clientWidth;
    const narrow = width < NARROW;
    said.style.minHeight = "";
    panels.forEach((panel) => {
      panel.fit(Math.max(200, Math.floor(panel.element.clientWidth)), narrow);
    });
    redraw("size");
  }
  // The first drawing is made out of sight, an array or a panel a task: a page that wakes answers its reader.
  async function wake() {
    for (const step of waking()) {
      await turn();
      if (state === "gone") return;
      step();
    }
    controls.forEach((entry) => entry.draw());
    say(said, phrase(payload.reading, figure));
    state = "awake";
    root.classList.add("live");
    sizes.observe(body);
    lines.observe(said);
    idle = later(prepare);
    if (pending.size) draw();
  }
  function* waking() {
    for (const name of Object.keys(payload.arrays)) yield () => data.view(name, figure.index);
    yield fit;
    const first = pending;
    pending = new Set();
    for (const panel of panels) yield () => panel.draw(first);
  }
  const sizes = new ResizeObserver(fit);
  // What stands below the sentence does not move up again when the sentence is shorter.
  const lines = new ResizeObserver(() => (said.style.minHeight = `${said.offsetHeight}px`));
  const ahead = data.ahead();
  let idle = 0;
  function prepare() {
    sound(() => {
      if (!ahead.next().done) idle = later(prepare);
    });
  }
  function remove() {
    state = "gone";
    sizes.disconnect();
    lines.disconnect();
    forget(idle);
    cancelAnimationFrame(frame);
    controls.forEach((entry) => entry.stop());
    body.remove();
  }
  function fail(error) {
    remove();
    problem(root, error);
  }
  // Damage may show late, in the part of the data that another option needs.
  function sound(act) {
    try {
      act();
    } catch (error) {
      fail(error);
    }
  }
  return { figure, awake: wake().catch(fail), remove };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

// When nothing else is to be done; browsers that cannot say so get a moment.
const [later, forget] = globalThis.requestIdleCallback
  ? [requestIdleCallback, cancelIdleCallback]
  : [(act) => setTimeout(act, 50), clearTimeout];

// Controls of what is moved in a picture, for the keyboard and for exact numbers.
function fold(controls) {
  const inside = html("div", { class: "inside" }, ...controls.map((entry) => entry.element));
  return html("details", { class: "fold" }, html("summary", {}, "What you drag, as sliders"), inside);
}

// What stands in place of a figure that cannot be drawn.
export function problem(root, error) {
  root.classList.remove("live");
  root.classList.add("failed");
  root.prepend(
    html(
      "p",
      { class: "problem", role: "alert" },
      `This figure cannot be shown: ${error.message}. The rest of the page is not affected.`,
    ),
  );
}
