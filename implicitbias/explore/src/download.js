// The figure to take away: its numbers as CSV, its picture as SVG or PNG.
import { html, set, svg } from "./dom.js";
import { stateOf } from "./state.js";

const PAINT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font", "paint-order", "stroke-linejoin", "stroke-linecap", "display"];
const PAD = 20;

export function table(figure, panels) {
  const state = Object.entries(stateOf(figure.payload, figure.index)).map(([name, value]) => `# ${name} = ${value}`);
  const cell = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  const rows = panels.flatMap((panel) => {
    const title = panel.element.querySelector(".title").textContent;
    return panel.table().map((row) => [title, ...row].map(cell).join(","));
  });
  return [...state, "panel,series,at,value", ...rows, ""].join("\n");
}

// All panels where they stand, with the colours they have, in one SVG of its own.
export function picture(title, panels) {
  const stage = panels[0].element.parentElement;
  const corner = stage.getBoundingClientRect();
  const [width, height] = [corner.width + 2 * PAD, corner.height + 2 * PAD];
  const whole = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` });
  const ground = getComputedStyle(stage.closest(".explorable")).getPropertyValue("--paper");
  whole.append(filledTitle(title), svg("rect", { width, height, fill: ground || "white" }));
  for (const panel of panels) {
    const copy = panel.picture.cloneNode(true);
    dress(panel.picture, copy);
    const at = panel.picture.getBoundingClientRect();
    const place = [at.left - corner.left + PAD, at.top - corner.top + PAD];
    const box = svg("g", { transform: `translate(${place})` }, ...copy.childNodes);
    const heading = panel.element.querySelector(".title");
    const style = getComputedStyle(heading);
    const top = heading.getBoundingClientRect();
    const words = set(svg("text", { x: top.left - corner.left + PAD, y: top.top - corner.top + PAD + 14 }), {
      style: `font:${style.font};fill:${style.color}`,
    });
    words.textContent = heading.textContent;
    whole.append(words, box);
  }
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}

function dress(from, to) {
  const style = getComputedStyle(from);
  to.setAttribute("style", PAINT.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
  to.removeAttribute("class");
  for (let i = 0; i < from.children.length; i++) dress(from.children[i], to.children[i]);
}

function filledTitle(text) {
  const element = svg("title");
  element.textContent = text;
  return element;
}

export async function raster({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = html("canvas", { width: 2 * width, height: 2 * height });
  canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export function save(content, type, name) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const anchor = html("a", { href: address, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
