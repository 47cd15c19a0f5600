// The items of one array as stems from zero, beside values they are compared with.
import { scaleLinear } from "d3-scale";
import { html, pool, say, set, svg } from "../dom.js";
import { decimal, number } from "../format.js";
import { LINE, overlap, width as textWidth } from "../labels.js";
import { plot } from "../plot.js";
import { phrase } from "../text.js";
import { walk } from "../walk.js";

const LEFT = 30;
const RIGHT = 12;
const LABELLED = 6;

export default function stems(panel, figure) {
  const ground = plot();
  ground.element.classList.add("stems");
  const marks = panel.marks.map((mark) => ({ ...mark, group: ground.group(`${mark.shape} ${mark.role}`) }));
  // All sticks are one path and all dots another: dozens of elements would be slow to lay out.
  const [sticks, dots] = ["sticks run", "dots run"].map((name) => ground.group(name).appendChild(svg("path")));
  const lit = ground.group("lit-dot run").appendChild(svg("circle"));
  const names = ground.group("names");
  const bubble = html("div", { class: "bubble", "aria-hidden": "true" });
  const { stage } = ground;
  stage.append(bubble);
  const walker = walk(stage, panel.label, { now: () => figure.item, show: figure.hover, text: (j) => readout(j).join(", ") });
  let size = { width: 600, height: 230 };
  let x, y, reach;

  const values = () => figure.final(panel.final) ?? figure.data.at(panel.array, figure.index);
  const compared = () =>
    marks.map((mark) => ({ ...mark, values: figure.data.at(mark.array, figure.index) }));

  // As many decimals as the largest value needs.
  function digits(value) {
    const { low, high } = figure.reach(panel.array);
    return decimal(value, Math.max(2, 3 - Math.floor(Math.log10(Math.max(low, high) / 1.05))));
  }

  function readout(j) {
    const others = compared().filter((mark) => mark.values);
    return [
      `${figure.items[j]}: ${digits(values()[j])}`,
      ...others.map((mark) => `${phrase(mark.label, figure)} ${digits(mark.values[j])}`),
    ];
  }

  function key() {
    const present = compared().filter((mark) => mark.values);
    ground.note.replaceChildren(
      entry("dots run", svg("circle", { r: 4.4, cx: 7, cy: 7 }), panel.label),
      ...present.map((mark) =>
        entry(
          `${mark.shape} ${mark.role}`,
          mark.shape === "ring" ? svg("circle", { r: 5.6, cx: 7, cy: 7 }) : svg("line", { x1: 0, x2: 14, y1: 7, y2: 7 }),
          phrase(mark.label, figure),
        ),
      ),
    );
  }

  function draw(changed) {
    const weights = values();
    const count = weights.length;
    const { width, height } = size;
    // Other weights, on another scale; or others to compare with. Else only the stems move.
    const anew = changed.has("size") || reach !== figure.reach(panel.array);
    if (anew || marks.some((mark) => figure.data.dims(mark.array).some((dim) => changed.has(dim)))) {
      const gap = (width - LEFT - RIGHT) / count;
      x = (j) => LEFT + gap * (j + 0.5);
      reach = figure.reach(panel.array);
      y = scaleLinear([-reach.low, reach.high], [height - 22, 20]);
      ground.size(width, height);
      ground.rows(
        y.ticks(3).map((value) => ({ y: y(value), text: number(value), strong: value === 0 })),
        LEFT,
        width,
      );
      const radius = Math.max(2, Math.min(4.8, gap * 0.33));
      for (const mark of compared()) {
        const shown = mark.values
          ? Array.from(mark.values, (value, j) => ({ value, j })).filter(
              ({ value }) => mark.shape === "tick" || Math.abs(value) > 1e-9,
            )
          : [];
        const half = Math.min(8, gap * 0.42);
        pool(mark.group, shown.length, () => svg(mark.shape === "ring" ? "circle" : "line"));
        shown.forEach(({ value, j }, i) =>
          set(
            mark.group.children[i],
            mark.shape === "ring"
              ? { cx: x(j), cy: y(value), r: radius + 4 }
              : { x1: x(j) - half, x2: x(j) + half, y1: y(value), y2: y(value) },
          ),
        );
      }
      set(dots, { "stroke-width": 2 * radius });
      set(lit, { r: radius + 0.5 });
      walker.count(count);
      key();
    }
    ground.title(phrase(panel.title, figure));
    const zero = y(0).toFixed(1);
    let [stick, dot] = ["", ""];
    for (let j = 0; j < count; j++) {
      const [across, up] = [x(j).toFixed(1), y(weights[j]).toFixed(1)];
      stick += `M${across} ${zero}V${up}`;
      dot += `M${across} ${up}h0`;
    }
    set(sticks, { d: stick });
    set(dots, { d: dot });
    label(weights);
    point(weights);
  }

  // Names of the largest, where there is room; of all, if they fit beside each other.
  function label(weights) {
    const gap = (size.width - LEFT - RIGHT) / weights.length;
    const fits = weights.every((_, j) => textWidth(figure.items[j]) + 6 < gap);
    const order = Array.from(weights.keys()).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
    const largest = Math.abs(weights[order[0]]);
    const rooms = [];
    const placed = [];
    const rings = compared().filter((mark) => mark.shape === "ring" && mark.values);
    for (const j of order.slice(0, LABELLED)) {
      if (!fits && !(Math.abs(weights[j]) > 0.2 * largest)) break;
      const half = textWidth(figure.items[j]) / 2;
      const up = weights[j] >= 0;
      // Beyond the dot, and beyond a ring that is close to it.
      const near = rings.map((mark) => y(mark.values[j])).filter((at) => Math.abs(at - y(weights[j])) < 26);
      const edge = (up ? Math.min : Math.max)(y(weights[j]), ...near);
      const at = { x: Math.min(Math.max(x(j), LEFT + half), size.width - half), y: edge + (up ? -13 : 22) };
      const room = { x0: at.x - half - 3, x1: at.x + half + 3, y0: at.y - 11, y1: at.y + 3 };
      const covers = (i, value, r) => i !== j && overlap(room, { x0: x(i) - r, x1: x(i) + r, y0: y(value) - r, y1: y(value) + r });
      const ringed = (mark) => mark.values.some((value, i) => Math.abs(value) > 1e-9 && covers(i, value, 9));
      const outside = room.y0 < -8 || room.y1 > size.height + 2;
      if (outside || rooms.some((other) => overlap(other, room)) || weights.some((value, i) => covers(i, value, 4)) || rings.some(ringed)) continue;
      rooms.push(room);
      placed.push({ ...at, text: figure.items[j] });
    }
    pool(names, placed.length, () => svg("text", { "text-anchor": "middle" }));
    placed.forEach(({ x, y, text }, i) => say(set(names.children[i], { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }), text));
  }

  function point(weights) {
    const j = figure.item;
    bubble.hidden = j === null;
    set(lit, { display: j === null ? "none" : null });
    if (j === null) return;
    set(lit, { cx: x(j), cy: y(weights[j]) });
    const lines = readout(j);
    bubble.replaceChildren(...lines.map((line) => html("span", {}, line)));
    const left = x(j) < size.width / 2;
    const top = Math.max(0, Math.min(size.height - LINE * (lines.length + 1), y(weights[j]) - 20));
    bubble.style.cssText = `top:${top}px;${left ? `left:${x(j) + 14}px` : `right:${size.width - x(j) + 14}px`}`;
  }

  stage.addEventListener("pointermove", (event) => {
    const at = event.clientX - ground.picture.getBoundingClientRect().left;
    const gap = x(1) - x(0);
    figure.hover(Math.max(0, Math.min(values().length - 1, Math.round((at - x(0)) / gap))));
  });
  stage.addEventListener("pointerleave", () => figure.hover(null));

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width, narrow) {
      size = { width, height: narrow ? 180 : 204 };
    },
    draw,
    table: () =>
      Array.from(values(), (value, j) => [panel.label, figure.items[j], value]).concat(
        compared().flatMap((mark) =>
          mark.values ? Array.from(mark.values, (value, j) => [phrase(mark.label, figure), figure.items[j], value]) : [],
        ),
      ),
  };
}


function entry(kind, glyph, text) {
  const picture = svg("svg", { width: 14, height: 14, class: kind, "aria-hidden": "true" }, glyph);
  return html("span", { class: "entry" }, picture, text);
}
