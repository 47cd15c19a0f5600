// Arrays over all positions of one axis. Dragging moves that axis.
import { scaleLinear } from "d3-scale";
import { curveMonotoneX, line } from "d3-shape";
import { pool, say, set, svg } from "../dom.js";
import { drag } from "../drag.js";
import { number, power } from "../format.js";
import { LINE, besideLines, overlap, width as textWidth } from "../labels.js";
import { columns, exponents, plot } from "../plot.js";
import { phrase } from "../text.js";

const LEFT = 42;
const RIGHT = 8;
const TOP = 12;
const BOTTOM = 24;

// Places between two powers of ten, on a logarithmic scale that shows less than two of them.
function between(low, high, most) {
  const marks = [];
  for (let e = Math.max(-4, Math.floor(low)); e <= Math.min(4, high); e++)
    for (const digit of [1, 2, 5]) marks.push({ at: e + Math.log10(digit), digit, text: String(Number(`${digit}e${e}`)) });
  const inside = marks.filter(({ at }) => at >= low && at <= high);
  return inside.length > most ? inside.filter(({ digit }) => digit !== 2) : inside;
}

export default function curves(panel, figure) {
  const ground = plot();
  ground.element.classList.add("curves");
  const bands = svg("g", { class: "bands" });
  ground.picture.prepend(bands);
  const axis = figure.axis(panel.axis);
  const time = figure.timeAxis;
  const cursor = ground.group("cursor run").appendChild(svg("line"));
  const lines = panel.lines.map((entry) => ({
    ...entry,
    path: ground.group(`line ${entry.role}`).appendChild(svg("path", { class: entry.dashed ? "dashed" : null })),
  }));
  const names = ground.group("names");
  const bottom = ground.group("ticks");
  const markers = ground.group("markers run");
  const readings = ground.group("readings");
  const logs = axis.values.map((value) => (axis.log ? Math.log10(value) : value));
  let size = { width: 400, height: 190 };
  let scene = null;

  // Without a floor, which zero would need on a logarithmic scale, the scale is linear.
  const linear = panel.floor === null;
  const up = (value) => (linear ? value : Math.log10(Math.max(value, panel.floor)));
  const ticks = (y, height) => {
    const most = Math.max(2, Math.floor((height - BOTTOM) / 34));
    if (linear) return y.ticks(most).map((tick) => ({ y: y(tick), text: number(tick), strong: tick === 0 }));
    const whole = exponents(...y.domain(), most);
    const marks = whole.length > 1 ? whole.map((e) => ({ at: e, text: power(e) })) : between(...y.domain(), most);
    return marks.map(({ at, text }) => ({ y: y(at), text }));
  };

  function place() {
    const { width, height } = size;
    const heights = lines.map((entry) =>
      figure.data.along(entry.array, figure.index, axis.name, time?.name).map(up),
    );
    const low = Math.min(...heights.flat());
    const high = Math.max(...heights.flat());
    const pad = Math.max(0.06 * (high - low), linear ? 1e-9 : 0.1);
    const x = scaleLinear([logs[0], logs.at(-1)], [LEFT, width - RIGHT]);
    const y = scaleLinear([low - pad, high + pad], [height - BOTTOM, TOP]);
    scene = { x, y, heights };
    ground.size(width, height);
    ground.rows(ticks(y, height), LEFT, width - RIGHT);
    const curve = line().curve(curveMonotoneX).digits(2);
    const drawn = heights.map((values) => values.map((value, k) => [x(logs[k]), y(value)]));
    lines.forEach((entry, i) => entry.path.setAttribute("d", curve(drawn[i]) ?? "")); // none of no points
    paintBands(x, height);
    scene.drawn = drawn;
    scene.labels = null;
    const most = width < 300 ? 2 : 4;
    const title = `${axis.label.toLowerCase().split(" ")[0]} ${axis.symbol}`;
    const end = width - RIGHT - Math.max(44, textWidth(title));
    columns(
      bottom,
      [
        ...marked(most).map(({ at, text }) => ({ x: x(at), text })).filter((mark) => mark.x < end - 12),
        { x: width - RIGHT, text: title, anchor: "end", italic: true },
      ],
      height - 4,
    );
    set(cursor, { y1: TOP - 4, y2: height - BOTTOM });
  }

  // Whole powers of ten, or else some of the positions themselves.
  function marked(most) {
    const whole = axis.log ? exponents(logs[0], logs.at(-1), most) : [];
    if (whole.length > 1) return whole.map((e) => ({ at: e, text: power(e) }));
    const stride = Math.ceil(logs.length / (most + 1));
    return logs.flatMap((at, k) => (k % stride === 0 ? [{ at, text: number(axis.values[k]) }] : []));
  }

  function paintBands(x, height) {
    const codes = panel.bands ? figure.data.along(panel.bands, figure.index, axis.name, time?.name) : [];
    const edge = (k) => (k <= 0 ? x(logs[0]) : k >= logs.length ? x(logs.at(-1)) : x((logs[k - 1] + logs[k]) / 2));
    const found = panel.band_labels.flatMap(([code, text, role]) => {
      const from = codes.indexOf(code);
      return from < 0 ? [] : [{ from: edge(from), to: edge(codes.lastIndexOf(code) + 1), role, text }];
    });
    pool(bands, found.length, () => svg("rect", {}, svg("title")));
    found.forEach(({ from, to, role, text }, i) => {
      set(bands.children[i], { x: from, width: Math.max(0, to - from), y: TOP - 4, height: height - BOTTOM - TOP + 4, class: role });
      say(bands.children[i].firstChild, text);
    });
  }

  function draw(changed) {
    const moved = [...changed].some((name) => ![axis.name, time?.name, "item"].includes(name));
    if (!scene || moved) place();
    ground.title(phrase(panel.title, figure));
    say(ground.note, phrase(panel.note, figure));
    const here = scene.x(logs[figure.index[axis.name]]);
    set(cursor, { x1: here, x2: here });
    const now = lines.map((entry) => figure.data.at(entry.array, figure.index));
    const [bottomEdge, topEdge] = scene.y.range();
    const missing = now.map((value) => value === null);
    const at = now.map((value, i) => (missing[i] ? Infinity : Math.min(bottomEdge, Math.max(topEdge, scene.y(up(value))))));
    pool(markers, lines.length, () => svg("circle", { r: 5 }));
    pool(readings, lines.length, () => svg("text"));
    lines.forEach((_, i) => {
      for (const group of [markers, readings]) set(group.children[i], { display: missing[i] ? "none" : null });
    });
    // The lowest reading has its place first, then the others from the highest down, in the order of their markers.
    const shown = lines.map((_, i) => i).filter((i) => !missing[i]).sort((i, j) => at[i] - at[j]);
    const placed = [];
    for (const i of [...shown.slice(-1), ...shown.slice(0, -1)]) {
      const entry = lines[i];
      const later = !figure.atEnd && !figure.data.dims(entry.array).includes(time?.name);
      set(markers.children[i], { cx: here, cy: at[i], class: later ? "later" : null });
      const text = !linear && now[i] < panel.floor ? `below ${power(Math.log10(panel.floor))}` : number(now[i]);
      say(readings.children[i], text);
      // A reading that would cover another moves to the other side of its marker, or is left out.
      const place = beside(i, at, textWidth(text)).find(({ y, room }) =>
        placed.every((other) => !overlap(room, other.room) && (at[i] - other.at) * (y - other.y) >= 0),
      );
      set(readings.children[i], { x: place?.x ?? 0, y: place?.y ?? 0, "text-anchor": "middle", class: entry.role, display: place ? null : "none" });
      if (place) placed.push({ ...place, at: at[i] });
    }
    const rooms = placed.map(({ room }) => room);
    // Lines keep their names' places until a reading needs one.
    const covered = (label) => label && rooms.some((room) => overlap(room, label.area));
    if (!scene.labels || scene.labels.some(covered)) name(rooms);
  }

  function name(rooms) {
    const box = { x0: LEFT + 4, x1: size.width - RIGHT - 4, y0: TOP - 4, y1: size.height - BOTTOM };
    scene.labels = besideLines(scene.drawn, lines.map((entry) => entry.label), box, rooms);
    pool(names, lines.length, () => svg("text", { "text-anchor": "middle" }));
    scene.labels.forEach((at, i) => {
      const shown = at && lines[i].label;
      set(names.children[i], { x: at?.x ?? 0, y: at?.y ?? 0, class: lines[i].role, display: shown ? null : "none" });
      say(names.children[i], lines[i].label);
    });
  }

  // Places beside its marker. First where the line is not: the upper reading above, the lower one below.
  function beside(i, at, wide) {
    const here = scene.x(logs[figure.index[axis.name]]);
    const heights = scene.heights[i];
    const k = figure.index[axis.name];
    const falls = heights[Math.min(k + 1, heights.length - 1)] < heights[Math.max(k - 1, 0)];
    const above = at.every((other, j) => at[i] < other || (at[i] === other && i <= j));
    const atFloor = at[i] + 22 > scene.y.range()[0]; // below it are the ticks
    const reach = 10 + wide / 2;
    const aside = (right) => {
      if (here + reach + wide / 2 > size.width) return here - reach;
      return right || here - reach - wide / 2 < LEFT ? here + reach : here - reach;
    };
    const raised = above || atFloor;
    const right = falls === above;
    const [up, down] = [at[i] - 8, at[i] + 18];
    return (raised ? [up, ...(atFloor ? [] : [down]), up - LINE] : [down, up, up - LINE]).flatMap((y) =>
      [right, !right].map((toRight) => {
        const x = aside(toRight);
        return { x, y, room: { x0: x - wide / 2 - 2, x1: x + wide / 2 + 2, y0: y - 11, y1: y + 3 } };
      }),
    );
  }

  drag(ground.picture, (event) => {
    const at = event.clientX - ground.picture.getBoundingClientRect().left;
    const gaps = logs.map((log) => Math.abs(scene.x(log) - at));
    figure.move({ [axis.name]: gaps.indexOf(Math.min(...gaps)) });
  });

  return {
    element: ground.element,
    picture: ground.picture,
    fit(width, narrow) {
      // One line needs less height, unless a picture of more stands beside it.
      const share = lines.length > 1 || ground.element.parentElement.matches(":has(> .plane + .plane)") ? 1 : 0.62;
      size = { width, height: Math.round((narrow ? 190 : 172) * share) };
    },
    draw,
    table: () =>
      lines.flatMap((entry) =>
        figure.data
          .along(entry.array, figure.index, axis.name, time?.name)
          .map((value, k) => [entry.label, axis.values[k], value]),
      ),
  };
}
