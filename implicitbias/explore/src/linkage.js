// Rigid links joined one to the next, such as an arm: from where it is fixed to its hand.
import { set, svg } from "./dom.js";
import { FRAME, isStill } from "./play.js";
import { rowsOf, through } from "./polyline.js";
import { phrase } from "./text.js";

const FOOT = "M-7 6V-2H7V6Z";

export function linkage(layer, figure, into) {
  const group = `linkage ${layer.role}${layer.faint ? " faint" : ""}`;
  const [links, joints, foot, hand] = [
    svg("path", { class: "links" }),
    svg("path", { class: "joints" }),
    svg("path", { class: "foot", d: FOOT }),
    svg("circle", { class: "hand", r: 5 }),
  ];
  into.append(svg("g", { class: group }, links, foot, joints, hand));
  const wanted = () => figure.data.at(layer.array, figure.index) ?? [];
  let shown = [];
  let frame = 0;

  function write(points, scales) {
    shown = points;
    const { x, y } = scales;
    const at = (k) => `${x(points[2 * k]).toFixed(1)} ${y(points[2 * k + 1]).toFixed(1)}`;
    const count = points.length / 2;
    for (const end of [foot, hand]) set(end, { hidden: !count });
    set(links, { d: through(points, scales) });
    set(joints, { d: Array.from({ length: Math.max(0, count - 2) }, (_, k) => `M${at(k + 1)}h0`).join("") });
    if (!count) return;
    set(foot, { transform: `translate(${at(0)})` });
    set(hand, { transform: `translate(${at(count - 1)})` });
  }

  // While time runs, from where it is to where it will be; else at once.
  function draw(scales) {
    cancelAnimationFrame(frame);
    const [from, to, start] = [shown, Float64Array.from(wanted()), performance.now()];
    if (!figure.playing || isStill() || from.length !== to.length) return write(to, scales);
    const step = (now) => {
      const share = Math.min(1, Math.max(0, (now - start) / FRAME));
      write(to.map((value, k) => from[k] + share * (value - from[k])), scales);
      if (share < 1) frame = requestAnimationFrame(step);
    };
    step(start);
  }
  return {
    label: layer.label,
    group,
    glyph: () => svg("g", {}, svg("path", { class: "links", d: "M3 11L10 4L19 9" }), svg("path", { class: "joints", d: "M10 4h0" })),
    draw,
    table: () => rowsOf(phrase(layer.label, figure), wanted()),
  };
}
