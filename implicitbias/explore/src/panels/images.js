// Matrices as pictures: filters, kernels, maps of weights.
import { pool, say, set, svg } from "../dom.js";
import { number } from "../format.js";
import { plot } from "../plot.js";
import { shades } from "../shades.js";
import { phrase } from "../text.js";
import { walk } from "../walk.js";

const GAP = 18;
const HEAD = 20;
const LEAST = 120; // pixels across an image and its gap

export default function images(panel, figure) {
  const ground = plot();
  ground.element.classList.add("images");
  const paint = shades(ground.group("shades"), ["rich", "kernel"]);
  const frames = ground.group("frames");
  const names = ground.group("ticks");
  const reading = ground.group("readings").appendChild(svg("text", { class: "ink" }));
  const { stage } = ground;
  let full = 400;
  let places = [];
  let at = null; // the cell pointed at, counted through all images

  const values = () => figure.data.at(panel.array, figure.index);
  const shape = () => figure.data.view(panel.array, figure.index).shape;
  const [, , wide] = shape();
  const walker = walk(stage, phrase(panel.title, figure), { now: () => at, show: point, text: saying, row: wide });

  function saying(k) {
    const [, rows, columns] = shape();
    const image = Math.floor(k / (rows * columns));
    const where = `row ${(Math.floor(k / columns) % rows) + 1}, column ${(k % columns) + 1}`;
    return `${phrase(panel.labels[image], figure)}: ${where}: ${number(values()[k], 3)}`;
  }

  function place() {
    const [count, rows, columns] = shape();
    const most = Math.max(1, Math.floor((full + GAP) / LEAST));
    const across = Math.ceil(count / Math.ceil(count / most)); // rows of one length, if they can be
    const width = Math.min(260, (full - GAP * (across - 1)) / across);
    const height = (width * rows) / columns;
    places = Array.from({ length: count }, (_, k) => ({
      x: (k % across) * (width + GAP),
      y: HEAD + Math.floor(k / across) * (height + HEAD + 24),
      width,
      height,
    }));
    ground.size(full, places.at(-1).y + height + 22);
    pool(frames, count, () => svg("rect"));
    pool(names, count, () => svg("text", { "text-anchor": "start" }));
    places.forEach((box, k) => {
      set(frames.children[k], box);
      set(names.children[k], { x: box.x, y: box.y - 7 });
    });
    walker.count(values().length);
  }

  function draw(changed) {
    if (!places.length || changed.has("size") || changed.has("data")) place();
    ground.title(phrase(panel.title, figure));
    say(ground.note, phrase(panel.note, figure));
    panel.labels.forEach((label, k) => say(names.children[k], phrase(label, figure)));
    const [, rows, columns] = shape();
    const { low, high } = figure.reach(panel.array);
    const unit = Math.max(low, high) / 1.05;
    const all = values();
    paint(
      places.map((box, k) => ({
        ...box,
        rows,
        columns,
        share: (row, column) => all[(k * rows + row) * columns + column] / unit,
      })),
    );
    point();
  }

  function point(k = at) {
    at = k;
    set(reading, { display: at === null ? "none" : null });
    if (at === null) return;
    const [, rows, columns] = shape();
    const box = places[Math.floor(at / (rows * columns))];
    set(reading, { x: box.x, y: box.y + box.height + 16 });
    say(reading, saying(at).split(": ").slice(1).join(": "));
  }

  ground.picture.addEventListener("pointermove", (event) => {
    const corner = ground.picture.getBoundingClientRect();
    const [px, py] = [event.clientX - corner.left, event.clientY - corner.top];
    const [, rows, columns] = shape();
    const image = places.findIndex(({ x, y, width, height }) => px >= x && px < x + width && py >= y && py < y + height);
    const { x, y, width, height } = places[image] ?? {};
    const [row, column] = [Math.floor(((py - y) / height) * rows), Math.floor(((px - x) / width) * columns)];
    point(image < 0 ? null : (image * rows + row) * columns + column);
  });
  ground.picture.addEventListener("pointerleave", () => point(null));

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width) {
      full = width;
    },
    draw,
    table() {
      const [count, rows, columns] = shape();
      return Array.from({ length: count * rows * columns }, (_, k) => [
        phrase(panel.labels[Math.floor(k / (rows * columns))], figure),
        `row ${(Math.floor(k / columns) % rows) + 1} column ${(k % columns) + 1}`,
        values()[k],
      ]);
    },
  };
}
