// Level sets of the Bregman divergence from the start, and of the data: closed and open polylines.
import { rootFrom } from "./roots.js";

const QUARTER = 36; // points of a level set in each quadrant around the start
const SAMPLES = 48; // of the solution line, on either side of each axis
const SPAN = 60;

const TINY = 1e-14;

// The boundary of { w : D(w, w0) <= D(w1, w0) } in the domain: it touches the line at w1.
export function levelSet(geometry, w0, w1) {
  return geometry.coordinate ? ofSums(geometry, w0, w1) : ofRays(geometry, w0, w1);
}

// D is a sum, split as sin^2 and cos^2 of an angle between the two coordinates.
function ofSums({ coordinate, limits, dual }, w0, w1) {
  const z0 = dual(w0);
  const divergence = (i, z) =>
    coordinate.conjugate(z0[i]) - coordinate.conjugate(z) + coordinate.primal(z) * (z - z0[i]);
  const level = dual(w1).reduce((sum, z, i) => sum + divergence(i, z), 0);
  const shares = Array.from({ length: QUARTER + 1 }, (_, k) => Math.sin((k * Math.PI) / 2 / QUARTER) ** 2);
  const branch = (i, side) =>
    shares.map((share) => {
      const part = level * share;
      if (part < TINY) return w0[i];
      if (side < 0 && coordinate.edge && part >= coordinate.edge(w0[i])) return 0;
      const at = (z) => [side * divergence(i, z), side * coordinate.slope(z) * (z - z0[i])];
      return coordinate.primal(rootFrom(at, side * part, z0[i], side, limits[side < 0 ? 0 : 1]));
    });
  const [left, right, down, up] = [branch(0, -1), branch(0, 1), branch(1, -1), branch(1, 1)];
  const turn = (across, along, rising) =>
    shares.slice(1).map((_, k) => (rising ? [across[QUARTER - k - 1], along[k + 1]] : [across[k + 1], along[QUARTER - k - 1]]));
  return [[right[QUARTER], w0[1]], ...turn(right, up, true), ...turn(left, up, false), ...turn(left, down, true), ...turn(right, down, false)];
}

// Along the rays from the start D rises.
function ofRays({ potential }, w0, w1) {
  const [value0, z0] = potential(w0);
  const divergence = (w) => {
    const [value, z] = potential(w);
    const [a, b] = [w[0] - w0[0], w[1] - w0[1]];
    return [value - value0 - z0[0] * a - z0[1] * b, z[0] - z0[0], z[1] - z0[1]];
  };
  const [level] = divergence(w1);
  return Array.from({ length: 4 * QUARTER + 1 }, (_, k) => {
    const angle = (k * Math.PI) / 2 / QUARTER;
    const [a, b] = [Math.cos(angle), Math.sin(angle)];
    const at = (t) => {
      const [value, da, db] = divergence([w0[0] + t * a, w0[1] + t * b]);
      return [value, da * a + db * b];
    };
    const t = level < TINY ? 0 : rootFrom(at, level, 0, 1, Infinity);
    return [w0[0] + t * a, w0[1] + t * b];
  });
}

// The solution line, with points close together where it crosses an axis: there the mirror map is
// steep. Only what lies in the domain.
export function solutionLine({ x, y }, positive) {
  const steps = Array.from({ length: 2 * SAMPLES + 1 }, (_, k) => k / SAMPLES - 1);
  const spaced = steps.map((q) => SPAN * Math.sign(q) * Math.abs(q) ** 5);
  const points = spaced.flatMap((v) => [
    [v, (y - x[0] * v) / x[1]],
    [(y - x[1] * v) / x[0], v],
  ]);
  return points
    .filter((w) => Math.max(...w.map(Math.abs)) <= SPAN && (!positive || Math.min(...w) > 0))
    .sort(([a, b], [c, d]) => c - a || b - d);
}
