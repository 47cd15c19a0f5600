// Direct labels that never collide.
export const LINE = 15; // height of a line of text, in pixels
const SHIFT = 9; // how far a label may stand from its place
const canvas = document.createElement("canvas").getContext("2d");
canvas.font = "600 12px Inter, 'Helvetica Neue', Arial, sans-serif";
const widths = new Map();

export function width(text) {
  if (!widths.has(text)) widths.set(text, canvas.measureText(text).width);
  return widths.get(text);
}

// Heights at least a line apart, inside [low, high] and near the wanted ones, the most important
// first: those that would push another label far from its place are not kept.
export function spread(wanted, low, high) {
  let kept = [];
  let heights = [];
  wanted.forEach((_, i) => {
    const tried = [...kept, i];
    const placed = apart(tried.map((k) => wanted[k]), low, high);
    if (placed.every((at, k) => Math.abs(at - wanted[tried[k]]) <= SHIFT)) [kept, heights] = [tried, placed];
  });
  return { kept, heights };
}

function apart(wanted, low, high) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const placed = wanted.slice();
  order.forEach((i, k) => {
    const before = order[k - 1];
    if (k && placed[i] - placed[before] < LINE) {
      // Two that touch share the shift.
      const middle = (placed[i] + placed[before]) / 2;
      placed[before] = middle - LINE / 2;
      placed[i] = middle + LINE / 2;
      if (k > 1) placed[before] = Math.max(placed[before], placed[order[k - 2]] + LINE);
      placed[i] = Math.max(placed[i], placed[before] + LINE);
    }
  });
  return placed.map((at) => Math.min(high, Math.max(low, at)));
}

export const overlap = (a, b) => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;

// A place for the label of each line, above or below it, far from the other lines.
// Lines are lists of [x, y]; the answer holds the centre of each label's baseline.
export function besideLines(lines, texts, box, occupied) {
  const taken = [...occupied];
  return lines.map((line, i) => {
    const half = width(texts[i]) / 2 + 4;
    let best = null;
    for (let x = box.x0 + half; x <= box.x1 - half; x += 8)
      for (const side of [-1, 1]) {
        const own = within(line, x - half, x + half);
        const edge = side < 0 ? Math.min(...own) - 6 : Math.max(...own) + LINE;
        const area = { x0: x - half, x1: x + half, y0: edge - 12, y1: edge + 4 };
        if (area.y0 < box.y0 || area.y1 > box.y1 || taken.some((other) => overlap(other, area))) continue;
        const slope = Math.max(...own) - Math.min(...own);
        const clear = Math.min(30, ...lines.filter((other) => other !== line).map((other) => distance(other, area)));
        const score = 3 * clear - 3 * slope - 0.01 * Math.abs(x - (box.x0 + box.x1) / 2);
        if (!best || score > best.score) best = { x, y: edge, score, area };
      }
    if (best) taken.push(best.area);
    return best;
  });
}

// The heights of a line between two abscissas.
function within(line, x0, x1) {
  const heights = [];
  for (let k = 1; k < line.length; k++) {
    const [[ax, ay], [bx, by]] = [line[k - 1], line[k]];
    if (bx < x0 || ax > x1) continue;
    for (const x of [Math.max(x0, ax), Math.min(x1, bx)]) heights.push(ay + ((by - ay) * (x - ax)) / (bx - ax || 1));
  }
  return heights;
}

function distance(line, { x0, x1, y0, y1 }) {
  const heights = within(line, x0, x1);
  if (Math.min(...heights) <= y1 && Math.max(...heights) >= y0) return -30;
  return Math.min(...heights.map((y) => Math.min(Math.abs(y - y0), Math.abs(y - y1))));
}
