// Cells of grids, shaded by a role\'s colour: one path for each shade, so that thousands of cells cost
// a few elements and follow the theme.
import { set, svg } from "./dom.js";

const SHADES = 24;

// `paint(grids)` draws grids { share(row, column), rows, columns, x, y, width, height }, whose
// shares run from -1 (the first role) over 0 (none) to 1 (the second), first rows on top.
export function shades(group, roles) {
  const paths = roles.map((role) =>
    Array.from({ length: SHADES }, (_, k) => group.appendChild(svg("path", { class: role, "fill-opacity": (k + 1) / SHADES }))),
  );
  return function paint(grids) {
    const drawn = roles.map(() => new Array(SHADES).fill(""));
    for (const { share, rows, columns, x, y, width, height } of grids) {
      const [wide, high] = [width / columns, height / rows];
      for (let row = 0; row < rows; row++)
        // Equal neighbours are one rectangle.
        for (let column = 0, from = 0; column < columns; column++) {
          const shade = shadeOf(share(row, column));
          if (column + 1 < columns && shadeOf(share(row, column + 1)) === shade) continue;
          const run = (column + 1 - from) * wide;
          if (shade)
            drawn[shade < 0 ? 0 : 1][Math.abs(shade) - 1] +=
              `M${(x + from * wide).toFixed(2)} ${(y + row * high).toFixed(2)}h${run.toFixed(2)}v${high.toFixed(2)}h${(-run).toFixed(2)}z`;
          from = column + 1;
        }
    }
    paths.forEach((levels, k) => levels.forEach((path, level) => set(path, { d: drawn[k][level] })));
  };
}

const shadeOf = (share) => Math.round(Math.max(-1, Math.min(1, share)) * SHADES);
