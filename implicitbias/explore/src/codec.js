// Arrays written by implicitbias/explore/codec.py, read back.
import { inflateSync } from "fflate";

const ZERO = -32767; // the logarithm of zero, in steps

export function decode({ shape, step, log, along, data }) {
  const count = shape.reduce((a, b) => a * b, 1);
  const width = step === undefined ? 4 : 2;
  const raw = inflateSync(bytes(data));
  if (raw.length !== count * width) throw new Error("the data of an array are not complete");
  const values = step === undefined ? floats(raw, count) : levels(raw, shape, along, step, log);
  for (const value of values) if (!Number.isFinite(value)) throw new Error("a value is not finite");
  return values;
}

function bytes(text) {
  const binary = atob(text);
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

// Bytes are sorted by significance: all lowest bytes first.
function floats(raw, count) {
  const bits = new Uint32Array(count);
  for (let i = 0; i < count; i++)
    bits[i] = raw[i] | (raw[count + i] << 8) | (raw[2 * count + i] << 16) | (raw[3 * count + i] << 24);
  return new Float32Array(bits.buffer);
}

// Jumps along some dimensions, the first of which runs fastest, with their signs in the lowest bit.
function levels(raw, shape, along, step, log) {
  const count = raw.length / 2;
  const steps = new Int16Array(count); // sums wrap, as the writer's differences did
  const [length, inner] = extent(shape, along[0]);
  for (let run = 0, from = 0; from < count; run++, from += length) {
    const to = Math.floor(run / inner) * inner * length + (run % inner);
    for (let k = 0; k < length; k++) {
      const word = raw[from + k] | (raw[count + from + k] << 8);
      steps[to + k * inner] = (word >> 1) ^ -(word & 1);
    }
  }
  for (const dim of along) {
    const [length, stride] = extent(shape, dim);
    for (let i = 0; i < count; i++) if (Math.floor(i / stride) % length) steps[i] += steps[i - stride];
  }
  return Float64Array.from(steps, (level) => (!log ? level * step : level > ZERO ? 10 ** (level * step) : 0));
}

const extent = (shape, dim) => [shape[dim], shape.slice(dim + 1).reduce((a, b) => a * b, 1)];
