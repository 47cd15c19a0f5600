// Copy link, reset, and downloads.
import { html } from "./dom.js";
import { write } from "./permalink.js";
import { picture, raster, save, table } from "./download.js";

export function actions(figure, panels) {
  const { payload } = figure;
  const button = (label, act) => {
    const element = html("button", { type: "button" }, label);
    element.addEventListener("click", () => act(element));
    return element;
  };
  const link = button("Copy link", async (element) => {
    const address = location.href.split("#")[0] + write(payload, figure.index);
    element.textContent = (await copied(address)) ? "Link copied" : address;
    setTimeout(() => (element.textContent = "Copy link"), 2500);
  });
  const drawn = () => picture(payload.title, panels);
  return html(
    "div",
    { class: "actions" },
    ...(figure.linked ? [link] : []),
    button("Reset", figure.reset),
    button("Data (CSV)", () => save(table(figure, panels), "text/csv", `${payload.name}.csv`)),
    button("Picture (SVG)", () => save(drawn().text, "image/svg+xml", `${payload.name}.svg`)),
    button("Picture (PNG)", async () => save(await raster(drawn()), "image/png", `${payload.name}.png`)),
  );
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // The page may not use the clipboard: the button then shows the address.
  }
}
