// Mirror descent, natural gradient descent, and gradient descent on the parameters.

const FAR = 20; // weights beyond it are out of every picture
const MOST = 800; // steps
const SETTLED = 1e-6; // of the residual at the start

// How a descent ends: on the line, still off it, out of the picture or its domain, or not at all.
export const [ENDED, MOVING, LEFT, NONE] = [0, 1, 2, 3];

// Each method is { state, step(state, g, eta), weights(state) }; null where there is none.
export function descentsOf(geometry, w0) {
  const { dual, primal, inverse, network, limits, warped } = geometry;
  const allowed = (z) => z.every((v) => v > limits[0] && v < limits[1]);
  const held = (w) => (geometry.inside(w) ? w : [NaN, NaN]);
  return {
    mirror: warped
      ? null
      : {
          state: dual(w0),
          step: (z, g, eta) => z.map((v, i) => v - eta * geometry.rate() * g[i]),
          weights: (z) => (allowed(z) ? primal(z) : [NaN, NaN]),
        },
    natural: {
      state: w0,
      step: (w, g, eta) => {
        const [a, b, c] = inverse(w);
        return [w[0] - eta * (a * g[0] + b * g[1]), w[1] - eta * (b * g[0] + c * g[1])];
      },
      weights: held,
    },
    parameters: network && { state: network.init(w0), step: network.step, weights: (u) => held(network.features(u)) },
  };
}

// The iterates of a method until it has settled, left the picture, or taken its steps.
export function iterates(method, w0, { x, y }, eta) {
  if (!method) return { path: [], status: NONE };
  const misfit = (w) => x[0] * w[0] + x[1] * w[1] - y;
  const path = [w0];
  const settled = SETTLED * Math.abs(misfit(w0));
  let state = method.state;
  let w = w0;
  while (path.length <= MOST) {
    const r = misfit(w);
    if (Math.abs(r) <= settled) return { path, status: ENDED };
    state = method.step(state, [r * x[0], r * x[1]], eta);
    w = method.weights(state);
    if (!(Math.max(Math.abs(w[0]), Math.abs(w[1])) <= FAR)) return { path, status: LEFT };
    path.push(w);
  }
  return { path, status: MOVING };
}
