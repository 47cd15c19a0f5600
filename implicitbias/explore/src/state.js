// A state has two forms: values, as Python and the reader write it, and positions on the axes.

export function nearest(axis, value) {
  const place = axis.log ? Math.log : Number;
  const gaps = axis.values.map((other) => Math.abs(place(other) - place(value)));
  return gaps.indexOf(Math.min(...gaps));
}

export const positionOf = (axis, value) =>
  typeof value === "string" ? Math.max(0, axis.values.indexOf(value)) : nearest(axis, value);

// Names that are no axes are left out.
export function indexOf({ axes }, state) {
  const known = axes.filter((axis) => axis.name in state);
  return Object.fromEntries(known.map((axis) => [axis.name, positionOf(axis, state[axis.name])]));
}

export function stateOf({ axes }, index) {
  return Object.fromEntries(axes.map((axis) => [axis.name, axis.values[index[axis.name]]]));
}
