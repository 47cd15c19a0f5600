// Singular values or eigenvalues over time, on a logarithmic scale.
import { power, lowered } from "../format.js";
import { overTime } from "../overtime.js";
import { exponents } from "../plot.js";

export default function spectrum(panel, figure) {
  const up = (value) => Math.log10(Math.max(value, panel.floor));
  const heights = {
    room: 42,
    up,
    domain() {
      const { high } = figure.reach(panel.array);
      return [up(0), up(high)];
    },
    ticks: (y, height) =>
      exponents(...y.domain(), Math.max(2, Math.floor(height / 48))).map((e) => ({ y: y(e), text: power(e) })),
  };
  return overTime(panel, figure, { heights, named: (j) => `${panel.symbol}${lowered(j + 1)}`, hovers: false });
}
