// The geometries of the laboratory: mirror maps in closed form, metrics, and parametrisations.
//
// Each has
//   place(w, x)   the point of its domain that a start stands for
//   dual(w), primal(z)                 the mirror map and its inverse
//   rate          c of the mirror flow, dz/dt = -c grad L (a number, or a function of z)
//   inverse(w)    [h11, h12, h22], the inverse metric
//   reach         the size of dual variables in view
//   limits        [low, high] of each dual variable
//   inside(w)     whether the weights are in the domain
//   rough         whether the speed may have kinks
//   network       { init(w), step(u, g, eta), features(u) }, or null
// and either `coordinate`, for a potential that is a sum over coordinates, or `potential(w)`, its
// value and gradient. The formulas are those of the library's potentials.py.

const NUDGE = 0.01; // off the axes, where the metric of a p-norm does not exist
const EDGE = 0.02; // into the domain of the entropy
const ASIDE = 0.05; // of the saddle of the neuron

export function geometryOf({ geometry, scale, depth, p }) {
  if (geometry === "Euclidean") return separable(euclidean(), 1, 3, identity());
  if (geometry === "entropy") return positiveOnly(separable(entropy(), 1, 4, square()));
  if (geometry === "hypentropy") return separable(hypentropy(scale), 1, Math.asinh(3 / scale), signedSquare(scale));
  if (geometry === "deep network") return deep(depth, scale);
  return geometry === "p-norm" ? pNorm(p) : neuron();
}

const positiveOnly = (geometry) => ({
  ...geometry,
  place: (w) => w.map((v) => Math.max(v, EDGE)),
  inside: (w) => w.every((v) => v > 0),
});

// One coordinate: dual, primal, its slope, conjugate, the limits of the dual variable, and the
// largest Bregman divergence from w0 that is met below it (at the edge of the domain).
const euclidean = () => ({ dual: (w) => w, primal: (z) => z, slope: () => 1, conjugate: (z) => (z * z) / 2 });
const entropy = () => ({ dual: Math.log, primal: Math.exp, slope: Math.exp, conjugate: Math.exp, edge: (w0) => w0 });
const hypentropy = (beta) => ({
  dual: (w) => Math.asinh(w / beta),
  primal: (z) => beta * Math.sinh(z),
  slope: (z) => beta * Math.cosh(z),
  conjugate: (z) => beta * Math.cosh(z),
});

function separable(coordinate, rate, reach, network, limits = [-Infinity, Infinity]) {
  const inverse = (w) => w.map((v) => rate * coordinate.slope(coordinate.dual(v)));
  return {
    coordinate,
    rate: () => rate,
    reach,
    network,
    limits,
    place: (w) => w,
    inside: () => true,
    dual: (w) => w.map(coordinate.dual),
    primal: (z) => z.map(coordinate.primal),
    slope: (z, x) => z.reduce((sum, v, i) => sum + x[i] * x[i] * coordinate.slope(v), 0),
    inverse: (w) => [inverse(w)[0], 0, inverse(w)[1]],
  };
}

// w = u^D - v^D from u = v = alpha, with alpha^D the scale (Woodworth et al. 2020, theorem 3).
function deep(depth, amplitude) {
  const m = depth / (depth - 2);
  const alpha = amplitude ** (1 / depth);
  const power = (z, e) => (1 - z) ** -e + (1 + z) ** -e;
  const coordinate = {
    primal: (z) => amplitude * ((1 - z) ** -m - (1 + z) ** -m),
    slope: (z) => amplitude * m * power(z, m + 1),
    conjugate: (z) => (amplitude * (depth - 2) * (power(z, 2 / (depth - 2)) - 2)) / 2,
    dual: (w) => Math.sign(w) * (1 - slack(Math.abs(w) / amplitude, m)),
  };
  const parts = (z) => [alpha * (1 - z) ** (-1 / (depth - 2)), alpha * (1 + z) ** (-1 / (depth - 2))];
  const network = {
    init: (w) => w.flatMap((v) => parts(coordinate.dual(v))),
    step: (u, g, eta) => u.map((v, i) => v - (i % 2 ? -1 : 1) * eta * depth * v ** (depth - 1) * g[i >> 1]),
    features: (u) => [u[0] ** depth - u[1] ** depth, u[2] ** depth - u[3] ** depth],
  };
  return separable(coordinate, depth * (depth - 2) * alpha ** (depth - 2), 1, network, [-1, 1]);
}

// e = 1 - z with e^-m - (2 - e)^-m = ratio, by Newton's method on -m log e = log(ratio + (2 - e)^-m)
// from below the root, where it never overshoots.
function slack(ratio, m) {
  let e = (ratio + 1) ** (-1 / m);
  for (let k = 0; k < 30; k++) {
    const other = (2 - e) ** -m;
    const rest = ratio + other;
    const step = (Math.log(rest) + m * Math.log(e)) / (m / e + (m * other) / (2 - e) / rest);
    e = Math.min(e - step, 1);
    if (Math.abs(step) <= 1e-15 * e) break;
  }
  return e;
}

// The potential |w|_p^2 / 2, whose conjugate is that of q.
function pNorm(p) {
  const q = p / (p - 1);
  const gradient = ([a, b], p) => {
    const norm = pLength(a, b, p);
    const part = (v) => norm * Math.sign(v) * (Math.abs(v) / norm) ** (p - 1);
    return norm ? [part(a), part(b)] : [0, 0];
  };
  const dual = (w) => gradient(w, p);
  const hessianOfConjugate = (z) => {
    const norm = pLength(z[0], z[1], q);
    const [a, b] = z.map((v) => (Math.abs(v) / norm) ** (q - 2));
    const [u, v] = [(a * z[0]) / norm, (b * z[1]) / norm]; // the unit w
    return [(q - 1) * a + (2 - q) * u * u, (2 - q) * u * v, (q - 1) * b + (2 - q) * v * v];
  };
  return {
    dual,
    primal: (z) => gradient(z, q),
    potential(w) {
      const z = dual(w);
      return [(w[0] * z[0] + w[1] * z[1]) / 2, z];
    },
    rate: () => 1,
    reach: 3 * Math.max(1, 2 ** ((2 - p) / p)),
    limits: [-Infinity, Infinity],
    rough: true,
    network: null,
    inside: () => true,
    place: (w) => w.map((v) => (Math.abs(v) < NUDGE ? (v < 0 ? -NUDGE : NUDGE) : v)),
    slope: (z, x) => along(hessianOfConjugate(z), x),
    inverse: (w) => hessianOfConjugate(dual(w)),
  };
}

function pLength(a, b, p) {
  const largest = Math.max(Math.abs(a), Math.abs(b));
  return largest && largest * (Math.abs(a / largest) ** p + Math.abs(b / largest) ** p) ** (1 / p);
}

// w = a v with a = |v|: no mirror flow in t, but one in the time in which a dt passes, with dual
// variable v and potential 2/3 |w|^(3/2) (Azulay et al. 2021).
function neuron() {
  const dual = (w) => w.map((v) => v / Math.sqrt(Math.hypot(...w)));
  const spread = (s, [a, b]) => [s + (a * a) / s, (a * b) / s, s + (b * b) / s]; // |v| (I + v v' / |v|^2)
  return {
    dual,
    primal: (z) => z.map((v) => v * Math.hypot(...z)),
    potential: (w) => [(2 / 3) * Math.hypot(...w) ** 1.5, Math.hypot(...w) ? dual(w) : [0, 0]],
    rate: (z) => Math.hypot(...z),
    reach: Math.sqrt(3),
    limits: [-Infinity, Infinity],
    warped: true,
    rough: true,
    network: {
      init: (w) => [Math.sqrt(Math.hypot(...w)), ...dual(w)],
      step: ([a, ...v], g, eta) => [a - eta * (v[0] * g[0] + v[1] * g[1]), v[0] - eta * a * g[0], v[1] - eta * a * g[1]],
      features: ([a, ...v]) => v.map((entry) => a * entry),
    },
    inside: () => true,
    // From zero, or from straight behind it, the flow would stop at the saddle w = 0.
    place(w, x) {
      const aside = x[0] * w[1] - x[1] * w[0];
      if (x[0] * w[0] + x[1] * w[1] > 0 || Math.abs(aside) >= ASIDE) return w;
      const move = (aside < 0 ? -ASIDE : ASIDE) - aside;
      return [w[0] - x[1] * move, w[1] + x[0] * move];
    },
    slope: (z, x) => along(spread(Math.hypot(...z), z), x),
    inverse: (w) => spread(Math.hypot(...w), w),
  };
}

export const along = ([a, b, c], [x, y]) => a * x * x + 2 * b * x * y + c * y * y;

const identity = () => ({
  init: (w) => w,
  step: (u, g, eta) => u.map((v, i) => v - eta * g[i]),
  features: (u) => u,
});
// w = u^2 / 4, of metric 1 / w.
const square = () => ({
  init: (w) => w.map((v) => 2 * Math.sqrt(v)),
  step: (u, g, eta) => u.map((v, i) => v - (eta * v * g[i]) / 2),
  features: (u) => u.map((v) => (v * v) / 4),
});
// w = (u^2 - v^2) / 4 with u v = 2 beta, of metric 1 / sqrt(w^2 + beta^2).
const signedSquare = (beta) => ({
  init: (w) =>
    w.flatMap((value) => {
      const large = Math.sqrt(2 * (Math.hypot(value, beta) + Math.abs(value)));
      return value < 0 ? [(2 * beta) / large, large] : [large, (2 * beta) / large];
    }),
  step: (u, g, eta) => u.map((v, i) => v - ((i % 2 ? -1 : 1) * eta * v * g[i >> 1]) / 2),
  features: (u) => [(u[0] ** 2 - u[1] ** 2) / 4, (u[2] ** 2 - u[3] ** 2) / 4],
});
