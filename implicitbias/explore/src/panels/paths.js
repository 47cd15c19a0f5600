// The items of one array over time.
import { number } from "../format.js";
import { overTime } from "../overtime.js";

export default function paths(panel, figure) {
  const heights = {
    room: 30,
    up: (value) => value,
    domain() {
      const { low, high } = figure.reach(panel.array);
      return [-low, high];
    },
    ticks: (y) => y.ticks(3).map((tick) => ({ y: y(tick), text: number(tick), strong: tick === 0 })),
  };
  return overTime(panel, figure, { heights, named: (j) => figure.items[j], hovers: true });
}
