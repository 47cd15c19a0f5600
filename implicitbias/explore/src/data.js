// The arrays of a figure, found by name and state. Decoded when first asked for.
import { decode } from "./codec.js";

export function dataOf(payload) {
  const sizes = Object.fromEntries(payload.axes.map((axis) => [axis.name, axis.values.length]));
  const decoded = new Map();

  // The part that a state selects, and where its numbers lie: null where an option has none.
  function view(name, index) {
    const array = payload.arrays[name];
    if (!array) throw new Error(`the array “${name}” is missing`);
    const [first, ...rest] = array.dims;
    const part = array.separate ? index[first] : 0;
    const dims = array.separate ? rest : array.dims;
    const key = `${name}/${part}`;
    if (!decoded.has(key)) {
      const code = array.parts[part];
      if (code === undefined) throw new Error(`a part of the array “${name}” is missing`);
      dims.forEach((dim, i) => {
        if (code && dim !== "item" && code.shape[i] !== sizes[dim])
          throw new Error(`the array “${name}” does not fit the axis “${dim}”`);
      });
      decoded.set(key, code && located(decode(code), dims, code.shape));
    }
    return decoded.get(key);
  }

  return {
    view,

    // One number, or the items of one state.
    at(name, index) {
      const found = view(name, index);
      if (!found) return null;
      const from = found.offset(index);
      return found.items ? found.values.subarray(from, from + found.items) : found.values[from];
    },

    // The numbers over all positions of an axis; where time runs too, at its end.
    along(name, index, axis, time) {
      const found = view(name, index);
      const at = { ...index, [axis]: 0 };
      if (time && time !== axis) at[time] = sizes[time] - 1;
      const from = found.offset(at);
      return Array.from({ length: sizes[axis] }, (_, k) => found.values[from + k * found.strides[axis]]);
    },

    // Decode the rest while nothing else is to be done.
    warm(axis) {
      for (const name of Object.keys(payload.arrays))
        for (let k = 0; k < sizes[axis]; k++) view(name, { [axis]: k });
    },
  };
}

function located(values, dims, shape) {
  const strides = {};
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[dims[i]] = stride;
    stride *= shape[i];
  }
  const moving = dims.filter((dim) => dim !== "item");
  return {
    values,
    strides,
    items: dims.at(-1) === "item" ? shape.at(-1) : 0,
    offset: (index) => moving.reduce((sum, dim) => sum + index[dim] * strides[dim], 0),
  };
}
