// Numbers as readers write them.
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export const raised = (exponent) => [...String(exponent)].map((sign) => RAISED[sign]).join("");

export const lowered = (index) => [...String(index)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");

// A power of ten, as on an axis.
export const power = (exponent) => (exponent === 0 ? "1" : exponent === 1 ? "10" : `10${raised(exponent)}`);

// A number with so many significant digits, a power of ten where zeros would pile up.
// Its spaces do not break: a number stays on its line.
export function number(value, digits = 2) {
  // A count keeps its digits as long as it can be read, unless it is a round number.
  const round = Number(value.toPrecision(digits)) === value;
  if (Number.isInteger(value) && Math.abs(value) < (round ? 1e4 : 1e5)) return minus(value);
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power >= -2 && power < digits + 1) return minus(Number(value.toPrecision(digits)));
  const rounded = mantissa.replace(/\.0+$/, "");
  return `${rounded === "1" ? "" : rounded === "-1" ? "−" : `${minus(rounded)}\u00a0×\u00a0`}10${raised(power)}`;
}

// A number with so many decimals.
export const decimal = (value, places = 3) => minus(value.toFixed(places)).replace(/^−(0\.?0*)$/, "$1");

const minus = (value) => String(value).replace("-", "−");

// The position of an axis, in words.
export function position(axis, k) {
  const value = axis.values[k];
  return typeof value === "number" ? number(value) : value;
}
