// Points, trajectories and level sets in a plane, with the same unit in both directions; or stretched.
import { contours } from "d3-contour";
import { scaleLinear } from "d3-scale";
import { html, pool, say, set, svg } from "../dom.js";
import { number, position, power } from "../format.js";
import { width as textWidth } from "../labels.js";
import { linkage } from "../linkage.js";
import { columns, exponents, plot } from "../plot.js";
import { rowsOf, through } from "../polyline.js";
import { nearest } from "../state.js";
import { phrase } from "../text.js";

const LEFT = 34;
const TOP = 8;
const BOTTOM = 26;
const GRIP = 24; // pixels around a handle that take hold of it
const NEAR = 14; // pixels around a point that name it
let clips = 0;
let hatchings = 0;

const LAYERS = { trail, outline, linkage, points, bars, levels, ellipses, forbidden };

export default function plane(panel, figure) {
  const ground = plot();
  ground.element.classList.add("plane");
  const id = `explorable-plane-${clips++}`;
  const window = svg("rect");
  ground.picture.prepend(svg("clipPath", { id }, window));
  const inside = set(ground.group("inside"), { "clip-path": `url(#${id})` });
  const bottom = ground.group("ticks");
  const above = ground.group("handles");
  const { stage } = ground;
  const layers = panel.layers.map((layer) =>
    layer.kind === "handle" ? handle(layer, figure, above, stage) : LAYERS[layer.kind](layer, figure, inside),
  );
  const bubble = html("div", { class: "bubble", "aria-hidden": "true", hidden: true });
  stage.append(bubble);
  const named = layers.find((layer) => layer.named);
  const handles = layers.filter((layer) => layer.grab);
  let size = { width: 400, height: 400 };
  let scales = null;

  function place() {
    const { width, height } = size;
    const unit = unitOf(width, height);
    const right = panel.stretched ? width - 6 : LEFT + unit * (panel.x.high - panel.x.low);
    const low = panel.stretched ? height - BOTTOM : TOP + unit * (panel.y.high - panel.y.low);
    const x = scaleOf(panel.x, [LEFT, right]);
    const y = scaleOf(panel.y, [low, TOP]);
    scales = { x, y, unit };
    ground.size(width, low + BOTTOM);
    set(window, { x: LEFT, y: TOP, width: right - LEFT, height: low - TOP });
    ground.rows(ticksOf(panel.y, y, 5).map(({ value, text }) => ({ y: y(value), text, strong: value === 0 })), LEFT, right);
    const end = textWidth(panel.x.label) + 14;
    const marks = ticksOf(panel.x, x, 5).map(({ value, text }) => ({ x: x(value), text }));
    columns(
      bottom,
      [
        ...marks.filter((mark) => mark.x < right - end),
        { x: right, text: panel.x.label, anchor: "end", italic: true },
        { x: LEFT + 6, y: TOP + 12, text: panel.y.label, anchor: "start", italic: true },
      ],
      low + 18,
    );
  }
  const unitOf = (width, height) =>
    Math.min((width - LEFT - 6) / (panel.x.high - panel.x.low), (height - TOP - BOTTOM) / (panel.y.high - panel.y.low));

  // Layers of one label share an entry: a line, and the point on it.
  const keyed = layers.filter((layer) => layer.glyph);
  const shown = keyed.filter((layer, i) => keyed.findIndex(({ label }) => label === layer.label) === i);
  const sharing = (layer) => {
    const other = keyed.find(({ label, group }) => label === layer.label && isPoints(group) !== isPoints(layer.group));
    return other ? [layer, other] : [layer];
  };

  function key() {
    const texts = shown.map((layer) => phrase(layer.label, figure));
    const entries = pool(ground.note, shown.length + 1, (i) =>
      i ? html("span", { class: "entry" }, glyphOf(sharing(shown[i - 1])), html("span")) : html("span", { class: "words" }),
    );
    const words = phrase(panel.note, figure);
    set(say(entries[0], words), { hidden: !words });
    texts.forEach((text, i) => set(entries[i + 1], { hidden: !text }) && say(entries[i + 1].lastChild, text));
  }

  function draw(changed) {
    if (changed.size === 1 && changed.has("item")) return point();
    if (!scales || changed.has("size")) place();
    ground.title(phrase(panel.title, figure));
    key();
    for (const layer of layers) layer.draw(scales);
    point();
  }

  // The name of the point under the pointer, or of the item that another panel points at.
  function point() {
    const xy = named && figure.item !== null ? named.at(figure.item) : null;
    named?.light(figure.item);
    bubble.hidden = !xy;
    if (!xy) return;
    say(bubble, figure.items[figure.item]);
    bubble.style.cssText = `left:${scales.x(xy[0]) + 12}px;top:${Math.max(0, scales.y(xy[1]) - 28)}px`;
  }

  const under = (event) => {
    const box = ground.picture.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let held = null;
  ground.picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !handles.length) return;
    const at = under(event);
    const gaps = handles.map((layer) => Math.hypot(...layer.place().map((value, k) => value - at[k])));
    const least = Math.min(...gaps);
    if (least > GRIP) return;
    held = handles[gaps.indexOf(least)];
    held.focus();
    ground.picture.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  ground.picture.addEventListener("pointermove", (event) => {
    const [px, py] = under(event);
    if (held) return held.grab(scales.x.invert(px), scales.y.invert(py));
    if (!named) return;
    const gaps = named.all().map(([x, y]) => Math.hypot(scales.x(x) - px, scales.y(y) - py));
    const least = Math.min(...gaps);
    figure.hover(least < NEAR ? gaps.indexOf(least) : null);
  });
  for (const end of ["pointerup", "pointercancel"]) ground.picture.addEventListener(end, () => (held = null));
  ground.picture.addEventListener("pointerleave", () => named && figure.hover(null));

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width, narrow) {
      size = { width, height: panel.stretched ? (narrow ? 230 : 290) : narrow ? 360 : 440 };
    },
    draw,
    table: () => layers.flatMap((layer) => layer.table?.() ?? []),
  };
}

// Linear, or powers of ten; what is not positive lies below all of them.
function scaleOf({ low, high, log }, range) {
  if (!log) return scaleLinear([low, high], range);
  const place = scaleLinear([Math.log10(low), Math.log10(high)], range);
  return Object.assign((value) => place(Math.log10(Math.max(value, 1e-30))), { range: place.range });
}

function ticksOf({ low, high, log, ticks }, scale, most) {
  if (ticks) return ticks.map((value) => ({ value, text: number(value) }));
  if (!log) return scale.ticks(most).map((value) => ({ value, text: number(value) }));
  return exponents(Math.log10(low), Math.log10(high), most).map((e) => ({ value: 10 ** e, text: power(e) }));
}

// A small picture of how layers are drawn, for the key.
const glyphOf = (layers) =>
  svg("svg", { width: 22, height: 14, "aria-hidden": "true" }, ...layers.map((layer) => svg("g", { class: layer.group }, layer.glyph())));
const isPoints = (group) => group.startsWith("points");

function trail(layer, figure, into) {
  const group = `trail ${layer.shape} ${layer.role}`;
  const element = into.appendChild(svg("g", { class: group }));
  const make = (kind) => element.appendChild(svg("path", { class: kind, "stroke-dasharray": kind === "dots" ? null : layer.dash || null }));
  const [whole, path, dots] = ["whole", "way", "dots"].map(make);
  const end = element.appendChild(svg("g", { class: "ends" }));
  const moved = layer.whole ? news(figure, layer.whole) : () => true;
  const time = figure.timeAxis;

  // Polylines so far, and to the end where time is an axis.
  function ways() {
    const view = figure.data.view(layer.array, figure.index);
    if (!view) return { past: [], all: [] };
    const stepped = view.shape.length === 2 && !(time && time.name in view.strides);
    if (stepped) return { past: [figure.data.at(layer.array, figure.index)], all: layer.whole ? [figure.data.at(layer.whole, figure.index)] : [] };
    const from = view.offset({ ...figure.index, [time.name]: 0 });
    const along = (j, steps) =>
      Float64Array.from({ length: 2 * steps }, (_, k) => view.values[from + (k >> 1) * view.strides[time.name] + 2 * j + (k & 1)]);
    const items = Array.from({ length: view.count / 2 }, (_, j) => j);
    return {
      past: items.map((j) => along(j, figure.index[time.name] + 1)),
      all: items.map((j) => along(j, time.values.length)),
    };
  }
  return {
    label: layer.label,
    group,
    glyph: () => svg("g", {}, svg("path", { class: "way", d: "M1 7H21", "stroke-dasharray": layer.dash || null }), layer.dots ? svg("path", { class: "dots", d: "M11 7h0" }) : ""),
    draw(scales) {
      const { past, all } = ways();
      if (moved(scales)) set(whole, { d: all.map((points) => through(points, scales)).join("") });
      set(path, { d: past.map((points) => through(points, scales)).join("") });
      const { x, y } = scales;
      const steps = layer.dots ? past.flatMap((points) => Array.from({ length: points.length / 2 }, (_, k) => `M${x(points[2 * k]).toFixed(1)} ${y(points[2 * k + 1]).toFixed(1)}h0`)) : [];
      set(dots, { d: steps.join("") });
      pool(end, past.length, SHAPES[layer.shape]);
      past.forEach((points, i) => points.length && set(end.children[i], { transform: `translate(${x(points.at(-2)).toFixed(1)} ${y(points.at(-1)).toFixed(1)})` }));
    },
    table: () => ways().past.flatMap((points, j) => rowsOf(ways().past.length > 1 ? figure.items[j] : phrase(layer.label, figure), points)),
  };
}

// Whether an array, or where it is drawn, is another than last time: all else need not be written.
function news(figure, array) {
  let last = [];
  return (scales) => {
    const found = figure.data.view(array, figure.index);
    const now = [scales, found?.values, found?.offset(figure.index)];
    const other = now.some((value, k) => value !== last[k]);
    last = now;
    return other;
  };
}

function outline(layer, figure, into) {
  const group = `outline ${layer.role}`;
  const path = into.appendChild(svg("path", { class: group, "stroke-dasharray": layer.dash || null }));
  const points = () => figure.data.at(layer.array, figure.index) ?? [];
  const moved = news(figure, layer.array);
  return {
    label: layer.label,
    group,
    glyph: () => svg("path", { d: "M1 7H21", "stroke-dasharray": layer.dash || null }),
    draw: (scales) => moved(scales) && set(path, { d: through(points(), scales) }),
    table: () => rowsOf(phrase(layer.label, figure), points()),
  };
}

const SHAPES = {
  dot: () => svg("circle", { r: 4.5 }),
  ring: () => svg("circle", { r: 6.5 }),
  cross: () => svg("path", { d: "M-5-5L5 5M-5 5L5-5" }),
  square: () => svg("path", { d: "M-4-4H4V4H-4Z" }),
};

function points(layer, figure, into) {
  const group = `points ${layer.shape} ${layer.role}`;
  const element = into.appendChild(svg("g", { class: group }));
  const named = figure.payload.arrays[layer.array]?.inner[0] === "item";
  const all = () => {
    const values = figure.data.at(layer.array, figure.index) ?? [];
    return Array.from({ length: values.length / 2 }, (_, k) => [values[2 * k], values[2 * k + 1]]);
  };
  return {
    label: layer.label,
    group,
    named,
    all,
    at: (item) => all()[item],
    light: (item) => Array.from(element.children, (child, k) => child.classList.toggle("lit", k === item)),
    glyph: () => set(SHAPES[layer.shape](), { transform: "translate(11 7)" }),
    draw({ x, y }) {
      const shown = all();
      pool(element, shown.length, SHAPES[layer.shape]);
      shown.forEach((xy, k) => set(element.children[k], { transform: `translate(${x(xy[0]).toFixed(1)} ${y(xy[1]).toFixed(1)})` }));
    },
    table: () => all().flatMap(([x, y], k) => rowsOf(named ? figure.items[k] : phrase(layer.label, figure), [x, y])),
  };
}

function bars(layer, figure, into) {
  const group = `bars ${layer.role}`;
  const element = into.appendChild(svg("g", { class: group }));
  const [whiskers, dots] = ["way", "dots"].map((kind) => element.appendChild(svg("path", { class: kind })));
  const rows = () => {
    const values = figure.data.at(layer.array, figure.index) ?? [];
    return Array.from({ length: values.length / 3 }, (_, k) => [values[3 * k], values[3 * k + 1], values[3 * k + 2]]);
  };
  return {
    label: layer.label,
    group,
    glyph: () => svg("g", {}, svg("path", { class: "way", d: "M11 1V13M8 1H14M8 13H14" }), svg("path", { class: "dots", d: "M11 7h0" })),
    draw({ x, y }) {
      const at = rows().map(([right, up, half]) => [x(right), y(up), y(up - half), y(up + half)].map((value) => value.toFixed(1)));
      set(whiskers, { d: at.map(([cx, , low, high]) => `M${cx} ${low}V${high}m-3 0h6M${cx - 3} ${low}h6`).join("") });
      set(dots, { d: at.map(([cx, cy]) => `M${cx} ${cy}h0`).join("") });
    },
    table: () =>
      rows().flatMap(([right, up, half], k) => [...rowsOf(phrase(layer.label, figure), [right, up]), [`${phrase(layer.label, figure)}, ±`, k, half]]),
  };
}

function levels(layer, figure, into) {
  const group = `levels ${layer.role}`;
  const path = into.appendChild(svg("path", { class: group }));
  return {
    label: layer.label,
    group,
    glyph: () => svg("path", { class: group, d: "M2 12C6 2 16 2 20 12" }),
    draw({ x, y }) {
      const { shape } = figure.data.view(layer.array, figure.index);
      const values = figure.data.at(layer.array, figure.index);
      const [rows, count] = shape;
      const [x0, x1] = x.range();
      const [y0, y1] = y.range();
      // A cell's middle holds its value; the first and the last stand on the edges.
      const at = ([column, row]) =>
        `${(x0 + ((column - 0.5) / (count - 1)) * (x1 - x0)).toFixed(1)} ${(y0 + ((row - 0.5) / (rows - 1)) * (y1 - y0)).toFixed(1)}`;
      const trace = contours().size([count, rows]);
      const rings = Array.from(figure.data.at(layer.at, figure.index)).flatMap((level) => trace.contour(values, level).coordinates.flat());
      set(path, { d: rings.map((ring) => `M${ring.map(at).join("L")}Z`).join("") });
    },
  };
}

function ellipses(layer, figure, into) {
  const group = `ellipses ${layer.role}`;
  const moved = news(figure, layer.array);
  const path = into.appendChild(svg("path", { class: group }));
  return {
    label: layer.label,
    group,
    glyph: () => svg("ellipse", { cx: 11, cy: 7, rx: 8, ry: 4.5 }),
    draw(scales) {
      if (!moved(scales)) return;
      const { x, y, unit } = scales;
      const rows = figure.data.at(layer.array, figure.index);
      let d = "";
      for (let k = 0; k < rows.length; k += 5) d += ellipse(x(rows[k]), y(rows[k + 1]), rows.subarray(k + 2, k + 5), unit * layer.length);
      set(path, { d });
    },
    table() {
      const rows = figure.data.at(layer.array, figure.index);
      const names = ["x", "y", "g11", "g12", "g22"];
      return Array.from(rows, (value, k) => [`${phrase(layer.label, figure)}, ${names[k % 5]}`, Math.floor(k / 5), value]);
    },
  };
}

function forbidden(layer, figure, into) {
  const group = "forbidden";
  const id = `explorable-hatching-${hatchings++}`;
  const fill = `url(#${id})`;
  const lines = { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  const path = svg("path", { fill });
  into.append(svg("g", { class: group }, svg("pattern", lines, svg("path", { class: "hatch", d: "M3.5 0V7" })), path));
  return {
    label: layer.label,
    group,
    glyph: () => svg("rect", { x: 1, y: 1, width: 20, height: 12, fill }),
    draw(scales) {
      const corners = figure.data.at(layer.array, figure.index) ?? [];
      set(path, { d: corners.length ? `${through(corners, scales)}Z` : "" });
    },
  };
}

// Where v' g v is the squared length, around a centre, in pixels.
function ellipse(cx, cy, [a, b, c], length) {
  const mean = (a + c) / 2;
  const gap = Math.hypot((a - c) / 2, b);
  const [short, long] = [length / Math.sqrt(mean + gap), length / Math.sqrt(Math.max(mean - gap, 1e-12))];
  const angle = Math.atan2(2 * b, a - c) / 2; // of the short axis
  const [dx, dy] = [short * Math.cos(angle), -short * Math.sin(angle)];
  const turn = (-angle * 180) / Math.PI;
  const arc = `A${short.toFixed(2)} ${long.toFixed(2)} ${turn.toFixed(1)} 1 0`;
  const [p, q] = [[cx + dx, cy + dy], [cx - dx, cy - dy]].map((xy) => xy.map((value) => value.toFixed(2)).join(" "));
  return `M${p}${arc} ${q}${arc} ${p}`;
}

// What keys do to a handle: which of its axes moves, which way, and by how many strides.
const KEYS = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowDown: [1, -1],
  ArrowUp: [1, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageDown: [1, -Infinity],
  PageUp: [1, Infinity],
};
const STRIDES = 60; // from one end of an axis to the other; with Shift, every position is one

function handle(layer, figure, into, stage) {
  const element = into.appendChild(svg("g", { class: `handle ${layer.role}` }, svg("circle", { class: "halo", r: 13 }), svg("circle", { class: "grip", r: 6.5 }), svg("title", {}, `${layer.label}: drag it`)));
  const axes = [layer.first, layer.second].map(figure.axis);
  // A picture has no parts for assistive technology: what takes the keys lies over it.
  const focus = html("div", {
    class: "hold",
    role: "slider",
    tabindex: 0,
    "aria-label": layer.label,
    "aria-roledescription": "two-dimensional slider",
    "aria-valuemin": axes[0].values[0],
    "aria-valuemax": axes[0].values.at(-1),
  });
  focus.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [which, strides] = KEYS[event.key];
    const axis = axes[which];
    const last = axis.values.length - 1;
    const stride = event.shiftKey ? 1 : Math.max(1, Math.round(last / STRIDES));
    figure.move({ [axis.name]: Math.max(0, Math.min(last, figure.index[axis.name] + strides * stride)) });
  });
  stage.append(focus);
  let at = [0, 0];
  return {
    place: () => at,
    focus: () => focus.focus({ preventScroll: true }),
    grab(x, y) {
      const wanted = layer.polar ? [((Math.atan2(y, x) * 180) / Math.PI + 360) % 360, Math.hypot(x, y)] : [x, y];
      figure.move(Object.fromEntries(axes.map((axis, k) => [axis.name, nearest(axis, wanted[k])])));
    },
    draw({ x, y }) {
      const [a, b] = axes.map((axis) => axis.values[figure.index[axis.name]]);
      const angle = (a * Math.PI) / 180;
      const polar = [b * Math.cos(angle), b * Math.sin(angle)];
      const place = layer.at ? figure.data.at(layer.at, figure.index) : layer.polar ? polar : [a, b];
      at = [x(place[0]), y(place[1])];
      const where = at.map((value) => value.toFixed(1));
      set(element, { transform: `translate(${where.join(" ")})` });
      const spoken = axes.map((axis) => position(axis, figure.index[axis.name])).join(", ");
      set(focus, { "aria-valuenow": a, "aria-valuetext": spoken, style: `left:${where[0]}px;top:${where[1]}px` });
    },
  };
}
