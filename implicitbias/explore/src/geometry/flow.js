// The flow with one data point: z moves on the line z0 + kappa x, so that all of it is the scalar
// equation dkappa/dt = c (y - <x, w(kappa)>).
import { root, rootFrom } from "./roots.js";

const CELLS = 72;
const LEFT = 1e-3; // of the residual, at the end of the picture
const NODES = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363];
const WEIGHTS = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763];

// The path of `geometry` from `w0` for <x, w> = y: where it ends, and where it is at each time.
export function flowOf(geometry, w0, { x, y }) {
  const z0 = geometry.dual(w0);
  const dual = (kappa) => [z0[0] + kappa * x[0], z0[1] + kappa * x[1]];
  const prediction = (z) => {
    const w = geometry.primal(z);
    return x[0] * w[0] + x[1] * w[1];
  };
  const at = (kappa) => [prediction(dual(kappa)), geometry.slope(dual(kappa), x)];
  const residual = y - (x[0] * w0[0] + x[1] * w0[1]);
  if (Math.abs(residual) < 1e-9) return { dual, end: 0, duration: 0, position: () => 0, nodes: [0] };

  const side = Math.sign(residual);
  const end = rootFrom(at, y, 0, 0.1 * side, farthest(geometry, z0, x, side));
  // kappa = end (1 - e^-s): in s the speed neither vanishes nor explodes.
  const last = y - LEFT * residual;
  const stop = side > 0 ? root(at, last, 0, end) : root(at, last, end, 0);
  const reach = -Math.log1p(-stop / end);
  const kappaAt = (s) => -end * Math.expm1(-s);
  const pace = (s) => {
    const z = dual(kappaAt(s));
    return (end * Math.exp(-s)) / (geometry.rate(z) * (y - prediction(z)));
  };
  const nodes = Array.from({ length: CELLS + 1 }, (_, k) => (k * reach) / CELLS);
  const rule = geometry.rough ? adaptive : gauss;
  const times = new Float64Array(CELLS + 1);
  for (let k = 0; k < CELLS; k++) times[k + 1] = times[k] + rule(pace, nodes[k], nodes[k + 1]);
  const duration = times[CELLS];

  function position(time) {
    if (time >= duration) return reach;
    let k = 0;
    while (times[k + 1] <= time) k++;
    const within = (s) => [times[k] + rule(pace, nodes[k], s), pace(s)];
    return time > times[k] ? root(within, time, nodes[k], nodes[k + 1]) : nodes[k];
  }
  return { dual: (s) => dual(kappaAt(s)), end: dual(end), duration, position, nodes };
}

// How far kappa may go before a dual variable meets its limit.
function farthest({ limits: [low, high] }, z, x, side) {
  const ways = z.map((v, i) => (x[i] ? ((side > 0 ? high : low) - v) / x[i] : side * Infinity));
  return side > 0 ? Math.min(...ways) : Math.max(...ways);
}

// Gauss's rule of eight points.
function gauss(f, a, b) {
  const [middle, half] = [(a + b) / 2, (b - a) / 2];
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += WEIGHTS[i] * (f(middle - half * NODES[i]) + f(middle + half * NODES[i]));
  return half * sum;
}

// The same, in halves until they agree: the speed may have a kink where a dual variable is zero.
function adaptive(f, a, b, whole = gauss(f, a, b), error = 1e-11 * Math.abs(whole)) {
  const middle = (a + b) / 2;
  const [left, right] = [gauss(f, a, middle), gauss(f, middle, b)];
  if (!(Math.abs(left + right - whole) > error)) return left + right;
  return adaptive(f, a, middle, left, error) + adaptive(f, middle, b, right, error);
}
