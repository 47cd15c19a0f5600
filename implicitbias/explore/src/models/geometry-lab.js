// The laboratory in two dimensions: one data point, four ways down, in primal and dual space.
import { along, geometryOf } from "../geometry/geometries.js";
import { descentsOf, iterates, ENDED } from "../geometry/descents.js";
import { flowOf } from "../geometry/flow.js";
import { levelSet, solutionLine } from "../geometry/levels.js";

const METHODS = ["mirror", "natural", "parameters"];
const SHOWN = 300; // steps drawn at most
const LATTICE = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5];
const RADIUS = 0.42; // of the largest ellipse
const FAR = 20; // out of the picture
const FORBIDDEN = [[0, 0], [0, FAR], [-FAR, FAR], [-FAR, -FAR], [FAR, -FAR], [FAR, 0]];
const CLOSE = 5e-4; // the same point, to the eye

let kept = { key: "" };

export default function compute(state) {
  const { time, ...rest } = state;
  const key = JSON.stringify(rest);
  if (kept.key !== key) kept = { key, ...whole(rest) };
  return at(kept, time / 100);
}

// All that does not depend on time.
function whole(state) {
  const geometry = geometryOf(state);
  const foot = [state.data_x, state.data_y];
  const y = Math.hypot(...foot);
  const data = { x: foot.map((v) => v / y), y };
  const w0 = geometry.place([state.start_x, state.start_y], data.x);
  const flow = flowOf(geometry, w0, data);
  const w1 = flow.duration ? geometry.primal(flow.end) : w0;
  const eta = state.step / along(geometry.inverse(w1), data.x);
  const steps = Math.min(SHOWN, Math.ceil(flow.duration / eta));
  const scaled = (w) => geometry.dual(w).map((v) => v / geometry.reach);
  const positive = state.geometry === "entropy";
  const line = solutionLine(data, positive);
  const fixed = {
    start: points([w0]),
    limit: points([w1]),
    end_first: number(w1[0]),
    end_second: number(w1[1]),
    kernel: points([frozen(geometry, w0, data)]),
    line: points(line),
    level: points(levelSet(geometry, w0, w1)),
    forbidden: points(positive ? FORBIDDEN : []),
    metric: table(ellipses(geometry, positive), 5),
    dual_start: points([scaled(w0)]),
    dual_limit: points([scaled(w1)]),
    dual_line: points(line.map(scaled)),
    step_size: number(eta),
    ...path("flow", flow.nodes.map((s) => geometry.primal(flow.dual(s))), scaled),
  };
  const methods = descentsOf(geometry, w0);
  for (const name of METHODS) {
    const run = iterates(methods[name], w0, data, eta);
    const last = run.path.at(-1);
    Object.assign(fixed, path(name, run.path.slice(0, steps + 1), scaled));
    const miss = run.status === ENDED ? Math.hypot(last[0] - w1[0], last[1] - w1[1]) : 0;
    fixed[`${name}_status`] = number(run.status);
    fixed[`${name}_miss`] = number(miss < CLOSE ? 0 : miss);
  }
  return { geometry, flow, eta, scaled, fixed };
}

const path = (name, rows, scaled) => ({
  [`${name}_whole`]: points(rows),
  [`dual_${name}_whole`]: points(rows.map(scaled)),
});

// What is there after a part of the time: the first so many points of each path.
function at({ geometry, flow, eta, scaled, fixed }, part) {
  const clock = part * flow.duration;
  const s = flow.position(clock);
  const arrays = { ...fixed, clock: number(clock) };
  const past = flow.nodes.filter((node) => node < s - 1e-9).length;
  const now = flow.duration ? geometry.primal(flow.dual(s)) : null;
  const [first_now, second_now] = now ?? fixed.start.values;
  arrays.now_first = number(first_now);
  arrays.now_second = number(second_now);
  arrays.flow = now ? joined(first(fixed.flow_whole, past), now) : fixed.start;
  arrays.dual_flow = now ? joined(first(fixed.dual_flow_whole, past), scaled(now)) : fixed.dual_start;
  const taken = Math.floor(clock / eta + 1e-9) + 1;
  for (const name of METHODS)
    for (const array of [name, `dual_${name}`]) arrays[array] = first(fixed[`${array}_whole`], taken);
  return arrays;
}

const first = ({ values, shape }, count) => {
  const kept = Math.min(count, shape[0]);
  return { values: values.subarray(0, 2 * kept), shape: [kept, 2] };
};

const joined = ({ values, shape }, point) => ({ values: Float64Array.of(...values, ...point), shape: [shape[0] + 1, 2] });

// Where the flow would end if the metric stayed what it is at the start: the kernel regime.
function frozen(geometry, w0, { x, y }) {
  const h = geometry.inverse(w0);
  const move = (y - x[0] * w0[0] - x[1] * w0[1]) / along(h, x);
  return [w0[0] + move * (h[0] * x[0] + h[1] * x[1]), w0[1] + move * (h[1] * x[0] + h[2] * x[1])];
}

// Rows x, y, g11, g12, g22: { v : v' G v = 1 } is a ball of the metric, the largest of radius RADIUS.
function ellipses(geometry, positive) {
  const lattice = LATTICE.filter((v) => v > 0 || !positive);
  const places = lattice.flatMap((a) => lattice.map((b) => [a, b]));
  const inverses = places.map(geometry.inverse);
  const widest = Math.max(...inverses.map(([a, b, c]) => (a + c) / 2 + Math.hypot((a - c) / 2, b)));
  return places.map((w, k) => {
    const [a, b, c] = inverses[k];
    const factor = widest / (a * c - b * b) / RADIUS ** 2;
    return [...w, factor * c, -factor * b, factor * a];
  });
}

const number = (value) => ({ values: Float64Array.of(value), shape: [] });
const points = (rows) => table(rows, 2);

function table(rows, width) {
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, k) => values.set(row, k * width));
  return { values, shape: [rows.length, width] };
}
