// Many numbers of one array over time, each a line, with a cursor where the reader stands.
import { scaleLinear } from "d3-scale";
import { curveMonotoneX, line } from "d3-shape";
import { pool, say, set, svg } from "./dom.js";
import { number, power } from "./format.js";
import { spread, width as textWidth } from "./labels.js";
import { columns, exponents, plot } from "./plot.js";
import { phrase } from "./text.js";

const BOTTOM = 24;
const LABELLED = 8;
const FLAT = 0.15; // pixels: closer to a straight line, a point adds nothing
let clips = 0;

// `heights` maps the numbers to the panel: { up, domain(), ticks(y, height), room }, up being the
// identity or a logarithm, and room the width of the ticks. `named(j)` is the name of a line, and
// `hovers` whether lines are the figure's items.
export function overTime(panel, figure, { heights, named, hovers }) {
  const LEFT = heights.room;
  const ground = plot();
  ground.element.classList.add("paths");
  const time = figure.timeAxis;
  const steps = time.values.length;
  const clip = svg("rect", { y: 0, height: 4000 });
  const id = `explorable-clip-${clips++}`;
  ground.picture.prepend(svg("clipPath", { id }, clip));
  // All lines of one kind are one path: dozens of elements would be slow to lay out.
  const future = ground.group("ahead").appendChild(svg("path"));
  const past = set(ground.group("past"), { "clip-path": `url(#${id})` });
  const [rest, strong] = ["rest", "strong"].map((name) => past.appendChild(svg("path", { class: name })));
  const lit = ground.group("lit").appendChild(svg("path"));
  const names = ground.group("names");
  const bottom = ground.group("ticks");
  const cursor = ground.group("cursor run").appendChild(svg("line"));
  let size = { width: 400, height: 320 };
  let scene = null;
  let own = null; // the line pointed at, where it is no item

  // Where everything lies; made anew when more than the time has changed.
  function compose() {
    const { width, height } = size;
    const values = figure.data.view(panel.array, figure.index);
    const times = figure.data.along(panel.times, figure.index, time.name);
    const start = values.offset({ ...figure.index, [time.name]: 0 });
    const stride = values.strides[time.name];
    const value = (k, j) => values.values[start + k * stride + j];
    const order = Array.from({ length: values.count }, (_, j) => j).sort(
      (a, b) => Math.abs(value(steps - 1, b)) - Math.abs(value(steps - 1, a)),
    );
    const least = 0.2 * Math.abs(value(steps - 1, order[0]));
    const large = order.slice(0, LABELLED).filter((j) => Math.abs(value(steps - 1, j)) > least);
    const margin = 10 + Math.max(0, ...large.map((j) => textWidth(named(j))));
    const right = width - Math.min(margin, width * 0.3);

    // Time zero has no logarithm: it stands a little left of the first sample.
    const first = times.find((t) => t > 0);
    const last = times[steps - 1];
    const span = Math.max(Math.log10(last / first), 1e-6);
    const logs = times.map((t) => (t > 0 ? Math.log10(t) : Math.log10(first) - 0.04 * span));
    const x = scaleLinear([logs[0], logs[steps - 1]], [LEFT, right]);
    const y = scaleLinear(heights.domain(), [height - BOTTOM - 6, 10]);
    const at = logs.map((log) => Number(x(log).toFixed(2)));
    const curve = line().digits(1).curve(curveMonotoneX);
    const path = (j) => {
      const up = at.map((_, k) => y(heights.up(value(k, j))));
      return curve(bends(at, up).map((k) => [at[k], up[k]]));
    };
    const small = order.filter((j) => !large.includes(j));
    return { width, height, value, large, small, right, x, y, at, path, times };
  }

  function place() {
    const { width, height, value, large, small, right, x, y, path } = scene;
    ground.size(width, height);
    ground.rows(heights.ticks(y, height), LEFT, right);
    const [low, high] = x.domain();
    const marks = decades(low, high, width < 420 ? 3 : 5).map(({ log, text }) => ({ x: x(log), text }));
    const name = "time t, log scale";
    const room = textWidth(name) + 14;
    columns(
      bottom,
      [...marks.filter((mark) => mark.x < width - room - 10 && mark.x > LEFT - 2), { x: width, text: name, anchor: "end", italic: true }],
      height - 4,
    );
    set(rest, { d: small.map(path).join("") });
    set(strong, { d: large.map(path).join("") });
    const ends = large.map((j) => y(heights.up(value(steps - 1, j))));
    const { kept, heights: places } = spread(ends, 10, height - BOTTOM - 4);
    scene.named = kept.map((i) => large[i]);
    pool(names, kept.length, () => svg("text"));
    scene.named.forEach((j, i) => {
      say(set(names.children[i], { x: right + 8, y: places[i] + 4 }), named(j));
    });
    set(cursor, { y1: 4, y2: height - BOTTOM });
  }

  function draw(changed) {
    const only = (name) => changed.size === 1 && changed.has(name);
    if (!scene || !(only(time.name) || only("item"))) {
      scene = compose();
      place();
    }
    ground.title(phrase(panel.title, figure));
    say(ground.note, phrase(panel.note, figure));
    const now = scene.at[figure.index[time.name]];
    set(cursor, { x1: now, x2: now });
    set(clip, { x: 0, width: now });
    // At the end nothing is ahead.
    set(future, { display: figure.atEnd ? "none" : null });
    if (!figure.atEnd) set(future, { d: rest.getAttribute("d") + strong.getAttribute("d") });
    const item = hovers ? figure.item : own;
    set(lit, { d: item === null ? null : scene.path(item) });
    for (const [i, j] of scene.named.entries()) names.children[i].classList.toggle("lit", j === item);
  }

  function point(j) {
    if (hovers) return figure.hover(j);
    if (j === own) return;
    own = j;
    draw(new Set(["item"]));
  }

  // The path nearest to the pointer.
  ground.picture.addEventListener("pointermove", (event) => {
    const box = ground.picture.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const k = scene.at.findIndex((x) => x >= px);
    if (px < LEFT - 4 || k < 0) return point(null);
    const gap = (j) => Math.abs(scene.y(heights.up(scene.value(k, j))) - py);
    const nearest = [...scene.large, ...scene.small].reduce((best, j) => (gap(j) < gap(best) ? j : best));
    point(gap(nearest) < 14 ? nearest : null);
  });
  ground.picture.addEventListener("pointerleave", () => point(null));

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width, narrow) {
      size = { width, height: narrow ? 230 : 330 };
    },
    draw,
    table: () =>
      [...scene.large, ...scene.small].sort((a, b) => a - b).flatMap((j) =>
        scene.times.map((t, k) => [`${panel.array} ${named(j)}`, t, scene.value(k, j)]),
      ),
  };
}

// The points of a line that its neighbours do not already give, the ends among them.
function bends(x, y) {
  const kept = [0];
  for (let k = 1; k + 1 < x.length; k++) {
    const from = kept.at(-1);
    const share = (x[k] - x[from]) / (x[k + 1] - x[from]);
    const before = k - 1 > from ? y[k - 1] - y[from] - ((x[k - 1] - x[from]) / (x[k + 1] - x[from])) * (y[k + 1] - y[from]) : 0;
    if (Math.max(Math.abs(y[k] - y[from] - share * (y[k + 1] - y[from])), Math.abs(before)) > FLAT) kept.push(k);
  }
  return [...kept, x.length - 1];
}

// Ticks of a logarithmic axis: powers of ten, and 2 and 5 times them where those are too few.
function decades(low, high, most) {
  const whole = exponents(low, high, most).map((e) => ({ log: e, text: power(e) }));
  if (whole.length > 1) return whole;
  const finer = [];
  for (let e = Math.floor(low); e <= high; e++)
    for (const digit of [1, 2, 5]) {
      const log = e + Math.log10(digit);
      if (log >= low && log <= high) finer.push({ log, text: number(digit * 10 ** e, 1) });
    }
  return finer;
}
