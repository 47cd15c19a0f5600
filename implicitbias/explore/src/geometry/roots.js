// Where a rising function of one number passes a value, to the last digits of a double.

// `at(t)` gives [value, derivative]; the root lies between `low` and `high`, where the function is
// too small and too large. Newton's method, halving the bracket where it would leave it.
export function root(at, target, low, high) {
  let t = low + (high - low) / 2;
  for (let k = 0; k < 200; k++) {
    const [value, slope] = at(t);
    if (value === target) return t;
    if (value < target) low = t;
    else high = t;
    const step = t + (target - value) / slope;
    const next = step > low && step < high ? step : low + (high - low) / 2;
    if (Math.abs(next - t) <= 1e-16 * Math.abs(t) || !(next > low && next < high)) return next;
    t = next;
  }
  return t;
}

// The root on one side of `from`, where the function is too small (or too large, for a negative
// `step`): up to `limit`, or as far as it takes.
export function rootFrom(at, target, from, step, limit) {
  if (Number.isFinite(limit)) return step > 0 ? root(at, target, from, limit) : root(at, target, limit, from);
  let near = from;
  let far = from + step;
  const beyond = (t) => (step > 0 ? !(at(t)[0] < target) : !(at(t)[0] > target));
  while (!beyond(far) && Math.abs(far) < 1e6) [near, far] = [far, from + 2 * (far - from)];
  return step > 0 ? root(at, target, near, far) : root(at, target, far, near);
}
