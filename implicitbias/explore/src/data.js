// The arrays of a figure, found by name and state: decoded when first asked for, or computed anew in
// every state by the figure's model.
import { decode } from "./codec.js";
import MODELS from "./models/*.js";
import { stateOf } from "./state.js";

export function dataOf(payload) {
  const sizes = Object.fromEntries(payload.axes.map((axis) => [axis.name, axis.values.length]));
  const decoded = new Map();
  const computed = payload.model ? computing(payload) : null;

  // The part that a state selects, and where its numbers lie: null where an option has none.
  function view(name, index) {
    if (computed?.has(name)) return located(computed.at(name, index), []);
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
        if (code && code.shape[i] !== sizes[dim]) throw new Error(`the array “${name}” does not fit the axis “${dim}”`);
      });
      decoded.set(key, code && located({ values: decode(code), shape: code.shape }, dims));
    }
    return decoded.get(key);
  }

  return {
    view,

    // The axes over which an array is given.
    dims: (name) => (computed?.has(name) ? Object.keys(sizes) : payload.arrays[name].dims),

    // One number, or those of one state in one row.
    at(name, index) {
      const found = view(name, index);
      if (!found) return null;
      const from = found.offset(index);
      return found.shape.length ? found.values.subarray(from, from + found.count) : found.values[from];
    },

    // The numbers over all positions of an axis, none where an option has none; where time runs too,
    // at its end.
    along(name, index, axis, time) {
      const found = view(name, index);
      if (!found) return [];
      const at = { ...index, [axis]: 0 };
      if (time && time !== axis) at[time] = sizes[time] - 1;
      const from = found.offset(at);
      return Array.from({ length: sizes[axis] }, (_, k) => found.values[from + k * found.strides[axis]]);
    },

    // What other options need, decoded ahead: one part a step.
    *ahead() {
      for (const [name, { dims, parts }] of Object.entries(payload.arrays))
        for (let k = 0; k < parts.length; k++) yield view(name, { [dims[0]]: k });
    },
  };
}

// Numbers over some axes, and what they run over in each state: `shape`, which has `count` of them.
function located({ values, shape }, dims) {
  const strides = {};
  const inner = shape.slice(dims.length);
  const count = inner.reduce((product, size) => product * size, 1);
  let stride = count;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[dims[i]] = stride;
    stride *= shape[i];
  }
  const offset = (index) => dims.reduce((sum, dim) => sum + index[dim] * strides[dim], 0);
  return { values, strides, shape: inner, count, offset };
}

// The arrays of the model, kept for the last state asked for.
function computing(payload) {
  const { name, arrays } = payload.model;
  const compute = MODELS[name];
  if (!compute) throw new Error(`there is no model “${name}”`);
  let key, found;
  return {
    has: (array) => array in arrays,
    at(array, index) {
      const asked = payload.axes.map((axis) => index[axis.name]).join();
      if (asked !== key) [key, found] = [asked, compute(stateOf(payload, index))];
      const { values, shape } = found[array];
      if (!values.every(Number.isFinite)) throw new Error(`the array “${array}” is not finite`);
      return { values, shape };
    },
  };
}
