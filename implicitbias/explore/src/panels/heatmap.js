// A number over all positions of two axes, with a marker where the reader stands, who may drag it.
import { html, pool, say, set, svg } from "../dom.js";
import { drag } from "../drag.js";
import { number, position, power } from "../format.js";
import { width as textWidth } from "../labels.js";
import { columns, plot } from "../plot.js";
import { shades } from "../shades.js";
import { phrase } from "../text.js";

const LEFT = 42;
const RIGHT = 8;
const TOP = 20;
const BOTTOM = 26;
let clips = 0;
const HATCH = 7;

export default function heatmap(panel, figure) {
  const ground = plot();
  ground.element.classList.add("heatmap");
  const [[low, , lowRole], [high, , highRole]] = panel.ends;
  const paint = shades(ground.group("shades"), [lowRole, highRole]);
  const id = `explorable-heatmap-${clips++}`;
  const frame = svg("rect");
  ground.picture.prepend(svg("clipPath", { id }, frame));
  const lines = panel.guides.map((guide) => {
    const group = set(ground.group(`line guide ${guide.role}`), { "clip-path": `url(#${id})` });
    return group.appendChild(svg("path", { class: guide.dashed ? "dashed" : null }));
  });
  const names = ground.group("names");
  pool(names, panel.guides.length, () => svg("text"));
  const hatch = ground.group("hatch").appendChild(svg("path"));
  const cross = ground.group("cross");
  const bottom = ground.group("ticks");
  const marker = ground.group("markers run").appendChild(svg("circle", { r: 7 }));
  const reading = ground.group("readings").appendChild(svg("text", { class: "ink" }));
  const [x, y] = [panel.x, panel.y].map(figure.axis);
  pool(cross, 2, () => svg("line"));
  let size = { width: 400, height: 240 };
  let box = null;

  const at = (i, j) => ({ ...figure.index, [x.name]: i, [y.name]: j });
  const forbidden = (i, j) => panel.forbidden && figure.data.at(panel.forbidden[0], at(i, j)) !== 0;
  const value = (i, j) => figure.data.at(panel.array, at(i, j));
  const across = (i) => box.x + ((i + 0.5) * box.width) / x.values.length;
  const up = (j) => box.y + box.height - ((j + 0.5) * box.height) / y.values.length;

  function place() {
    const { width, height } = size;
    box = { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
    ground.size(width, height);
    const middle = (low + high) / 2;
    const [rows, count] = [y.values.length, x.values.length];
    paint([
      {
        ...box,
        rows,
        columns: count,
        share: (row, column) =>
          forbidden(column, rows - 1 - row) ? 0 : (2 * (value(column, rows - 1 - row) - middle)) / (high - low),
      },
    ]);
    set(frame, box);
    panel.guides.forEach((guide, k) => guideAlong(guide, lines[k], names.children[k], 16 + 15 * k));
    set(hatch, { d: hatching(rows, count) });
    const title = named(x);
    const end = width - RIGHT - textWidth(title) - 12;
    columns(
      bottom,
      [
        ...marked(x, width < 420 ? 3 : 6).map((i) => ({ x: across(i), text: label(x, i) })).filter((mark) => mark.x < end - 8),
        { x: width - RIGHT, text: title, anchor: "end", italic: true },
        ...marked(y, 6).map((j) => ({ x: LEFT - 7, y: up(j) + 4, text: label(y, j), anchor: "end" })),
        { x: LEFT, y: TOP - 7, text: named(y), anchor: "start", italic: true },
      ],
      height - 6,
    );
  }

  // Where a value lies between the positions of the y axis, beyond its ends as its last steps go.
  function height(value) {
    const place = (number) => (y.log ? Math.log(number) : number);
    const levels = y.values.map(place);
    const above = levels.findIndex((level) => level > place(value));
    const j = Math.max(1, above < 0 ? levels.length - 1 : above);
    return up(j - 1 + (place(value) - levels[j - 1]) / (levels[j] - levels[j - 1]));
  }

  // A guide, and its name where it is so far below the top of the map.
  function guideAlong(guide, line, name, below) {
    const points = x.values.map((_, i) => [across(i), height(figure.data.at(guide.array, { ...figure.index, [x.name]: i }))]);
    set(line, { d: points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("") });
    const last = points.findLast(([, py]) => py > box.y + below && py < box.y + box.height - 4);
    set(say(name, guide.label), {
      class: guide.role,
      display: last ? null : "none",
      x: (last?.[0] ?? 0) - 8,
      y: (last?.[1] ?? 0) + 4,
      "text-anchor": "end",
    });
  }

  // Strokes at 45 degrees, a few a forbidden cell, each from the lower left edges to the upper right.
  function hatching(rows, count) {
    const [wide, high] = [box.width / count, box.height / rows];
    let strokes = "";
    for (let i = 0; i < count; i++)
      for (let j = 0; j < rows; j++)
        for (let t = HATCH / 2; forbidden(i, j) && t < wide + high; t += HATCH) {
          const [left, top] = [across(i) - wide / 2, up(j) - high / 2];
          const [from, to] = [Math.max(0, t - high), Math.min(wide, t)];
          strokes += `M${(left + from).toFixed(1)} ${(top + t - from).toFixed(1)}L${(left + to).toFixed(1)} ${(top + t - to).toFixed(1)}`;
        }
    return strokes;
  }

  function key() {
    const square = (...inner) => svg("svg", { width: 14, height: 14, "aria-hidden": "true" }, ...inner);
    const swatch = (role) => square(svg("rect", { class: `shade ${role}`, width: 14, height: 14 }));
    const hatched = () => square(svg("g", { class: "hatch" }, svg("path", { d: "M0 5L5 0M0 14L14 0M9 14L14 9" })));
    const words = [...panel.ends.map(([, said]) => said), ...(panel.forbidden ? [panel.forbidden[1]] : [])];
    const glyph = (k) => (k < 2 ? swatch(panel.ends[k][2]) : hatched());
    const make = (k) => (k ? html("span", { class: "entry" }, glyph(k - 1), html("span")) : html("span"));
    const entries = pool(ground.note, 1 + words.length, make);
    say(entries[0], phrase(panel.note, figure));
    words.forEach((said, k) => say(entries[k + 1].lastChild, said));
  }

  function draw(changed) {
    if (!box || [...changed].some((name) => ![x.name, y.name, "item"].includes(name))) place();
    ground.title(phrase(panel.title, figure));
    key();
    const [i, j] = [figure.index[x.name], figure.index[y.name]];
    const [px, py] = [across(i), up(j)];
    set(cross.children[0], { x1: px, x2: px, y1: box.y, y2: box.y + box.height });
    set(cross.children[1], { x1: box.x, x2: box.x + box.width, y1: py, y2: py });
    set(marker, { cx: px, cy: py });
    const text = forbidden(i, j) ? panel.forbidden[1] : number(value(i, j));
    const right = px + 14 + textWidth(text) < size.width;
    set(reading, { x: px + (right ? 12 : -12), y: py < box.y + 22 ? py + 20 : py - 9, "text-anchor": right ? "start" : "end" });
    say(reading, text);
  }

  drag(ground.picture, (event) => {
    const corner = ground.picture.getBoundingClientRect();
    const place = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    figure.move({
      [x.name]: place((event.clientX - corner.left - box.x) / box.width, x.values.length),
      [y.name]: place(1 - (event.clientY - corner.top - box.y) / box.height, y.values.length),
    });
  });

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width, narrow) {
      size = { width, height: narrow ? 230 : 280 };
    },
    draw,
    table: () =>
      y.values.flatMap((down, j) => x.values.map((right, i) => [`${panel.array}, ${named(y)} = ${down}`, right, value(i, j)])),
  };
}

const isWhole = (exponent) => Math.abs(exponent - Math.round(exponent)) < 1e-6;

const named = (axis) => `${axis.label.toLowerCase()} ${axis.symbol}`.trim();

// Positions worth a tick: whole powers of ten on a logarithmic axis, else evenly spaced.
function marked(axis, most) {
  const all = axis.values.map((_, k) => k);
  const whole = all.filter((k) => axis.log && isWhole(Math.log10(axis.values[k])));
  const usable = whole.length > 1 ? whole : all;
  const stride = Math.ceil(usable.length / most);
  return usable.filter((_, k) => k % stride === 0);
}

const label = (axis, k) => (axis.log && isWhole(Math.log10(axis.values[k])) ? power(Math.round(Math.log10(axis.values[k]))) : position(axis, k));
