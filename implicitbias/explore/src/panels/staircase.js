// Weights that jump from saddle to saddle, and a flow that rounds the steps off.
import { scaleLinear } from "d3-scale";
import { pool, say, set, svg } from "../dom.js";
import { number } from "../format.js";
import { spread, width as textWidth } from "../labels.js";
import { columns, plot } from "../plot.js";
import { phrase } from "../text.js";

const LEFT = 30;
const TOP = 10;
const BOTTOM = 26;
const NEAR = 12;

export default function staircase(panel, figure) {
  const ground = plot();
  ground.element.classList.add("staircase");
  const jumps = ground.group("jumps").appendChild(svg("path"));
  const steps = ground.group("steps").appendChild(svg("path"));
  const flows = ground.group("flows run").appendChild(svg("path"));
  const lit = ground.group("lit").appendChild(svg("path"));
  const names = ground.group("names");
  const bottom = ground.group("ticks");
  const time = panel.cursor ? figure.timeAxis : null;
  const cursor = ground.group("cursor run").appendChild(svg("line"));
  let size = { width: 400, height: 320 };
  let scene = null;

  const read = (name) => figure.data.at(name, figure.index);
  const table = (times, weights) => {
    const count = weights.length / times.length;
    return { times, count, value: (k, j) => weights[k * count + j] };
  };

  function place() {
    const { width, height } = size;
    const limit = table(read(panel.jump_times), read(panel.jump_weights));
    const flow = table(read(panel.times), read(panel.weights));
    const last = limit.times.length - 1;
    const items = Array.from({ length: limit.count }, (_, j) => j);
    const ever = items.filter((j) => Array.from(limit.times).some((_, k) => Math.abs(limit.value(k, j)) > 1e-9));
    const kept = items.filter((j) => Math.abs(limit.value(last, j)) > 1e-9);
    const margin = 12 + Math.max(0, ...kept.map((j) => textWidth(figure.items[j])));
    const right = width - Math.min(margin, 0.3 * width);
    const end = flow.times.at(-1);
    const x = scaleLinear([0, end], [LEFT, right]);
    const { low, high } = figure.reach(panel.weights);
    const wide = figure.reach(panel.jump_weights);
    const y = scaleLinear([-Math.max(low, wide.low), Math.max(high, wide.high)], [height - BOTTOM - 4, TOP]);
    const stair = (j) => {
      let d = `M${LEFT} ${y(0).toFixed(1)}`;
      limit.times.forEach((time, k) => (d += `H${x(time).toFixed(1)}V${y(limit.value(k, j)).toFixed(1)}`));
      return `${d}H${right.toFixed(1)}`;
    };
    const smooth = (j) =>
      Array.from(flow.times, (time, k) => `${k ? "L" : "M"}${x(time).toFixed(1)} ${y(flow.value(k, j)).toFixed(1)}`).join("");
    scene = { x, y, right, stair, smooth, ever, flow, limit, items };
    ground.size(width, height);
    ground.rows(y.ticks(4).map((tick) => ({ y: y(tick), text: number(tick), strong: tick === 0 })), LEFT, right);
    set(jumps, { d: Array.from(limit.times, (time) => `M${x(time).toFixed(1)} ${TOP}V${height - BOTTOM}`).join("") });
    set(steps, { d: ever.map(stair).join("") });
    set(flows, { d: items.map(smooth).join("") });
    const room = textWidth(panel.clock) + 14;
    columns(
      bottom,
      [
        ...x.ticks(5).map((tick) => ({ x: x(tick), text: number(tick) })).filter((mark) => mark.x < width - room),
        { x: width, text: panel.clock, anchor: "end", italic: true },
      ],
      height - 6,
    );
    const order = kept.sort((a, b) => Math.abs(limit.value(last, b)) - Math.abs(limit.value(last, a)));
    const places = spread(order.map((j) => y(limit.value(last, j))), TOP, height - BOTTOM - 4);
    scene.named = places.kept.map((i) => order[i]);
    pool(names, scene.named.length, () => svg("text"));
    scene.named.forEach((j, i) => say(set(names.children[i], { x: right + 8, y: places.heights[i] + 4 }), figure.items[j]));
  }

  function draw(changed) {
    const only = (name) => changed.size === 1 && changed.has(name);
    if (!scene || !(only("item") || (time && only(time.name)))) place();
    const now = time && scene.x(scene.flow.times[figure.index[time.name]]);
    if (time) set(cursor, { x1: now, x2: now, y1: TOP, y2: size.height - BOTTOM });
    ground.title(phrase(panel.title, figure));
    say(ground.note, phrase(panel.note, figure));
    set(lit, { d: figure.item === null ? null : scene.smooth(figure.item) });
    scene.named.forEach((j, i) => names.children[i].classList.toggle("lit", j === figure.item));
  }

  // The weight whose flow is nearest to the pointer.
  ground.picture.addEventListener("pointermove", (event) => {
    const corner = ground.picture.getBoundingClientRect();
    const [px, py] = [event.clientX - corner.left, event.clientY - corner.top];
    const { flow, x, y, items } = scene;
    const k = flow.times.findIndex((time) => x(time) >= px);
    const gap = (j) => Math.abs(y(flow.value(k, j)) - py);
    const best = k < 0 ? -1 : items.reduce((least, j) => (gap(j) < gap(least) ? j : least));
    figure.hover(best >= 0 && gap(best) < NEAR ? best : null);
  });
  ground.picture.addEventListener("pointerleave", () => figure.hover(null));

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width, narrow) {
      size = { width, height: narrow ? 240 : 320 };
    },
    draw,
    table() {
      const { flow, limit, items } = scene;
      const rows = (kind, { times, value }) =>
        items.flatMap((j) => Array.from(times, (time, k) => [`${kind} ${figure.items[j]}`, time, value(k, j)]));
      return [...rows("jump", limit), ...rows("flow", flow)];
    },
  };
}
