// The laboratory in two dimensions: one data point, four ways down, in primal and dual space.
import { along, geometryOf } from "../geometry/geometries.js";
import { descentsOf, iterates, ENDED } from "../geometry/descents.js";
import { flowOf } from "../geometry/flow.js";
import { levelSet, solutionLine } from "../geometry/levels.js";

const METHODS = ["mirror", "natural", "parameters"];
const SHOWN = 300; // steps drawn at most
const LATTICE = [-3, -1.8, -0.6, 0.6, 1.8, 3];
const RADIUS = 0.5; // of the largest ellipse

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
  const methods = descentsOf(geometry, w0);
  const runs = Object.fromEntries(METHODS.map((name) => [name, iterates(methods[name], w0, data, eta)]));
  const steps = Math.min(SHOWN, Math.ceil(flow.duration / eta));
  const scaled = (w) => geometry.dual(w).map((v) => v / geometry.reach);
  const line = solutionLine(data, state.geometry === "entropy");
  const path = flow.nodes.map((s) => geometry.primal(flow.dual(s)));
  return {
    geometry, flow, path, eta, runs, steps, scaled,
    fixed: {
      start: points([w0]),
      limit: points([w1]),
      kernel: points([frozen(geometry, w0, data)]),
      line: points(line),
      level: points(levelSet(geometry, w0, w1)),
      metric: table(ellipses(geometry, state.geometry === "entropy"), 5),
      dual_start: points([scaled(w0)]),
      dual_limit: points([scaled(w1)]),
      dual_line: points(line.map(scaled)),
      flow_whole: points(path),
      dual_flow_whole: points(path.map(scaled)),
      step_size: number(eta),
      ...Object.assign({}, ...METHODS.map((name) => ended(name, runs[name], w1, steps, scaled))),
    },
  };
}

function ended(name, { path, status }, w1, steps, scaled) {
  const shown = path.slice(0, steps + 1);
  const last = path.at(-1);
  return {
    [`${name}_whole`]: points(shown),
    [`dual_${name}_whole`]: points(shown.map(scaled)),
    [`${name}_status`]: number(status),
    [`${name}_miss`]: number(status === ENDED ? Math.hypot(last[0] - w1[0], last[1] - w1[1]) : 0),
  };
}

// What is there after a part of the time.
function at({ geometry, flow, path, eta, runs, steps, scaled, fixed }, part) {
  const clock = part * flow.duration;
  const s = flow.position(clock);
  const now = flow.duration ? [geometry.primal(flow.dual(s))] : [];
  const done = [...path.filter((_, k) => flow.nodes[k] < s - 1e-9 || !now.length), ...now];
  const arrays = { ...fixed, clock: number(clock), flow: points(done), dual_flow: points(done.map(scaled)) };
  for (const name of METHODS) {
    const taken = runs[name].path.slice(0, Math.min(steps, Math.floor(clock / eta + 1e-9)) + 1);
    arrays[name] = points(taken);
    arrays[`dual_${name}`] = points(taken.map(scaled));
  }
  return arrays;
}

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
const table = (rows, width) => ({ values: Float64Array.from(rows.flat()), shape: [rows.length, width] });
const points = (rows) => table(rows, 2);
