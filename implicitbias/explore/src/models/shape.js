// Two weights with w1 + w2 / 2 = 1, from a start that is unequal in weights or in layers, and one
// neuron. There is one sample x, so that the dual variable is kappa x, with one unknown.
import { root, rootFrom } from "../geometry/roots.js";

const X = [1, 0.5];
const SQUARE = 1.25; // |x|^2
const PATH = 32;
const QUARTER = 36; // points of a level set in each quadrant
const FAR = 1e4; // where it is cut off, well out of the picture
const SERIES = 0.01; // below it the closed form of the potential cancels

export default function compute({ unequal, scale, ratio }) {
  const [path, level] = unequal === "one neuron" ? neuron(scale, ratio) : network(unequal, scale, ratio);
  const [first, second] = path.at(-1);
  return { path: table(path), level: table(level), first: number(first), second: number(second) };
}

// One weight of depth two: w and its potential as functions of the dual variable, with derivatives.
const two = (alpha) => ({
  speed: 1,
  limit: Infinity,
  primal: (z) => [2 * alpha ** 2 * Math.sinh(z), 2 * alpha ** 2 * Math.cosh(z)],
  potential(z) {
    const direct = 2 * z * Math.sinh(z) - 2 * Math.cosh(z) + 2;
    const series = z ** 2 * (1 + z ** 2 / 4 + z ** 4 / 72);
    return [alpha ** 2 * (z < SERIES ? series : direct), 2 * alpha ** 2 * z * Math.cosh(z)];
  },
  alone: (w) => Math.asinh(w / (2 * alpha ** 2)),
});

// And of depth three, where all of it is rational.
const three = (alpha) => {
  const over = (z, top) => top / ((1 - z) * (1 + z)) ** 3;
  const slope = (z) => (6 * (1 + 6 * z ** 2 + z ** 4)) / ((1 - z) * (1 + z)) ** 4;
  return {
    speed: alpha,
    limit: 1,
    primal: (z) => [alpha ** 3 * over(z, 6 * z + 2 * z ** 3), alpha ** 3 * slope(z)],
    potential: (z) => [alpha ** 2 * over(z, z ** 2 * (3 + 6 * z ** 2 - z ** 4)), alpha ** 2 * z * slope(z)],
    alone: () => 1,
  };
};

function network(unequal, scale, ratio) {
  const both = scale * Math.sqrt((ratio + 1 / ratio) / 2); // the mean square of the layers
  const starts = unequal === "the layers" ? [both, both] : [scale, ratio * scale];
  const weights = starts.map(unequal === "the weights at depth three" ? three : two);
  const pull = weights.map(({ speed }, i) => X[i] * speed);
  const at = (kappa) => {
    const found = weights.map(({ primal }, i) => primal(kappa * pull[i]));
    return [X[0] * found[0][0] + X[1] * found[1][0], X[0] * pull[0] * found[0][1] + X[1] * pull[1] * found[1][1]];
  };
  const most = Math.min(...weights.map(({ alone }, i) => alone(1 / X[i]) / pull[i]));
  const path = steps(0).map((target) => {
    const kappa = target ? root(at, target, 0, most) : 0;
    return weights.map(({ primal }, i) => primal(kappa * pull[i])[0]);
  });
  return [path, levelOf(weights, root(at, 1, 0, most), pull)];
}

// The value of the potential at the end is split between the weights as sin^2 and cos^2.
function levelOf(weights, kappa, pull) {
  const whole = weights.reduce((sum, { potential }, i) => sum + potential(kappa * pull[i])[0], 0);
  const [right, up] = weights.map(({ potential, primal, limit }) =>
    Array.from({ length: QUARTER + 1 }, (_, k) => {
      const part = whole * Math.sin((k * Math.PI) / 2 / QUARTER) ** 2;
      return part ? Math.min(FAR, primal(rootFrom(potential, part, 0, 1, limit))[0]) : 0;
    }),
  );
  const quarter = up.map((w, k) => [right[QUARTER - k], w]);
  const half = [...quarter, ...turned(quarter, -1, 1)];
  return [...half, ...turned(half, 1, -1)];
}

const turned = (points, a, b) => points.slice(0, -1).reverse().map(([x, y]) => [a * x, b * y]);

// w = a v: v moves along x, and a^2 - |v|^2 is conserved.
function neuron(scale, ratio) {
  const a0 = scale * Math.sqrt(ratio);
  const v0 = [1, 1].map((one) => (one * scale) / Math.sqrt(2 * ratio));
  const along = X[0] * v0[0] + X[1] * v0[1];
  const number = (kappa) => Math.sqrt(Math.max(0, a0 ** 2 + kappa * (2 * along + kappa * SQUARE)));
  const vector = (kappa) => v0.map((v, i) => v + kappa * X[i]);
  const at = (kappa) => {
    const [a, pull] = [number(kappa), along + kappa * SQUARE];
    return [a * pull, pull ** 2 / a + a * SQUARE];
  };
  const least = (Math.sqrt(Math.max(0, along ** 2 - SQUARE * a0 ** 2)) - along) / SQUARE;
  const path = steps(a0 * along).map((target) => {
    const kappa = root(at, target, least, SQUARE ** -0.75);
    return vector(kappa).map((v) => number(kappa) * v);
  });
  return [path, around(scale, ratio, a0, v0, path.at(-1))];
}

// The level set through a point of the divergence from the start, along rays from there.
function around(scale, ratio, a0, v0, end) {
  const half = (scale ** 2 * (ratio - 1 / ratio)) / 2;
  const origin = v0.map((v) => a0 * v);
  const divergence = (w) => {
    const length = Math.hypot(...w);
    const longer = Math.sqrt(Math.hypot(length, half) + Math.abs(half));
    const [a, norm] = half >= 0 ? [longer, length / longer] : [length / longer, longer];
    const moved = w.map((value, i) => (value / (length || 1)) * norm - v0[i]);
    const value = (a * (moved[0] ** 2 + moved[1] ** 2)) / 2 + ((a - a0) ** 2 * (a + 2 * a0)) / 6;
    return [value, moved];
  };
  const [level] = divergence(end);
  return Array.from({ length: 4 * QUARTER + 1 }, (_, k) => {
    const angle = (k * Math.PI) / 2 / QUARTER;
    const ray = [Math.cos(angle), Math.sin(angle)];
    const at = (t) => {
      const [value, moved] = divergence(origin.map((w, i) => w + t * ray[i]));
      return [value, moved[0] * ray[0] + moved[1] * ray[1]];
    };
    const t = root(at, level, 0, FAR);
    return origin.map((w, i) => w + t * ray[i]);
  });
}

// Targets on the way from a start to the equation.
const steps = (from) => Array.from({ length: PATH + 1 }, (_, k) => from + ((1 - from) * k) / PATH);

const number = (value) => ({ values: Float64Array.of(value), shape: [] });
const table = (rows) => ({ values: Float64Array.from(rows.flat()), shape: [rows.length, 2] });
