// A state as the address writes it: #NAME?axis=value&… Whatever does not fit is no link of ours.
import { nearest } from "./state.js";

export function write({ name, axes }, index) {
  const pairs = axes.map((axis) => `${axis.name}=${spelled(axis, index[axis.name])}`);
  return `#${name}?${pairs.join("&")}`;
}

// The state of a hash, or null if it is not one of this figure.
export function read({ name, axes }, hash) {
  if (!hash.startsWith(`#${name}?`) || hash.length > 1000) return null;
  const index = {};
  for (const [key, value] of new URLSearchParams(hash.slice(name.length + 2))) {
    const axis = axes.find((candidate) => candidate.name === key);
    const k = axis ? parsed(axis, value) : -1;
    if (k < 0 || key in index) return null;
    index[key] = k;
  }
  return index;
}

const slug = (value) => String(value).toLowerCase().replace(/[^a-z0-9.]+/g, "-");

function spelled(axis, k) {
  const value = axis.values[k];
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : slug(value);
}

function parsed(axis, text) {
  if (axis.kind === "choice") return axis.values.findIndex((value) => slug(value) === text);
  if (!/^-?\d+(\.\d+)?(e[-+]?\d{1,3})?$/i.test(text)) return -1;
  const value = Number(text);
  const [low, high] = [axis.values[0], axis.values.at(-1)];
  // Values are written with three digits, so that the ends may be missed by that much.
  if (!(value >= low - 0.006 * Math.abs(low) && value <= high + 0.006 * Math.abs(high))) return -1;
  return nearest(axis, value);
}
