// Arrays written by implicitbias/explore/codec.py, read back.
import { inflateSync } from "fflate";

const ZERO = -32767; // the logarithm of zero, in steps

export function decode({ shape, step, log, along, data }) {
  const count = shape.reduce((a, b) => a * b, 1);
  const width = step === undefined ? 4 : 2;
  const raw = inflateSync(bytes(data));
  if (raw.length !== count * width) throw new Error("the data of an array are not complete");
  const values = step === undefined ? floats(raw, count) : levels(raw, shape, along, step, log);
  for (let i = 0; i < count; i++) if (!Number.isFinite(values[i])) throw new Error("a value is not finite");
  return values;
}

// Plain loops here and below: an array may hold half a million numbers, and a page waits for them.
function bytes(text) {
  const binary = atob(text);
  const codes = new Uint8Array(binary.length);
  for (let i = 0; i < codes.length; i++) codes[i] = binary.charCodeAt(i);
  return codes;
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
    for (let block = 0; block < count; block += length * stride)
      for (let i = block + stride; i < block + length * stride; i++) steps[i] += steps[i - stride];
  }
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = !log ? steps[i] * step : steps[i] > ZERO ? 10 ** (steps[i] * step) : 0;
  return values;
}

const extent = (shape, dim) => [shape[dim], shape.slice(dim + 1).reduce((a, b) => a * b, 1)];
