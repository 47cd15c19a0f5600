// Points in one list, x and y in turn.

// The path through them.
export function through(points, { x, y }) {
  let d = "";
  for (let k = 0; k + 1 < points.length; k += 2) d += `${k ? "L" : "M"}${x(points[k]).toFixed(1)} ${y(points[k + 1]).toFixed(1)}`;
  return d;
}

// Their rows in a table.
export const rowsOf = (label, points) =>
  Array.from({ length: points.length / 2 }, (_, k) => [
    [`${label}, x`, k, points[2 * k]],
    [`${label}, y`, k, points[2 * k + 1]],
  ]).flat();
