// The ground that panels share: a heading, an SVG that has the width it is given, few ticks.
import { html, pool, say, set, svg } from "./dom.js";

export function plot(title) {
  const heading = html("p", { class: "title" });
  const note = html("p", { class: "note" });
  const picture = svg("svg", { role: "img" });
  const stage = html("div", { class: "stage" }, picture);
  const element = html("div", { class: "panel" }, heading, note, stage);
  const rules = picture.appendChild(svg("g", { class: "rules" }));
  const ticks = picture.appendChild(svg("g", { class: "ticks" }));
  return {
    element,
    stage,
    picture,
    note,
    group: (name) => picture.appendChild(svg("g", { class: name })),
    title(text) {
      say(heading, text);
      set(picture, { "aria-label": text });
    },
    size(width, height) {
      set(picture, { width, height, viewBox: `0 0 ${width} ${height}` });
    },
    // Horizontal rules with their numbers: [{ y, text, strong }]
    rows(marks, x0, x1) {
      const lines = pool(rules, marks.length, () => svg("line"));
      const texts = pool(ticks, marks.length, () => svg("text", { "text-anchor": "end" }));
      marks.forEach(({ y, text, strong }, i) => {
        set(lines[i], { x1: x0, x2: x1, y1: y, y2: y, class: strong ? "strong" : null });
        say(set(texts[i], { x: x0 - 7, y: y + 4 }), text);
      });
    },
  };
}

// Tick labels along the bottom, and the names of axes: [{ x, y, text, anchor, italic }]
export function columns(group, marks, bottom) {
  const texts = pool(group, marks.length, () => svg("text"));
  marks.forEach(({ x, y = bottom, text, anchor = "middle", italic }, i) => {
    say(set(texts[i], { x, y, "text-anchor": anchor, class: italic ? "axis-name" : null }), text);
  });
}

// Whole exponents between two, at most so many.
export function exponents(low, high, most) {
  const step = Math.max(1, Math.ceil((Math.floor(high) - Math.ceil(low)) / most));
  const marks = [];
  for (let e = Math.ceil(low / step) * step; e <= high + 1e-9; e += step) marks.push(e);
  return marks;
}
