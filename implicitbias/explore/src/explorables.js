// In the book: bring every figure of the page to life when it comes near the screen.
import { html } from "./dom.js";
import { explorable, problem } from "./explorable.js";
import { read, write } from "./permalink.js";

const SETTLED = 250; // milliseconds without a move before the address follows

async function bring(root) {
  try {
    const payload = await payloadOf(root);
    let timer = 0;
    const changed = (index) => {
      clearTimeout(timer);
      timer = setTimeout(() => history.replaceState(history.state, "", write(payload, index)), SETTLED);
    };
    const linked = read(payload, location.hash);
    const { figure, awake } = explorable(root, payload, { index: linked ?? {}, changed, linked: true });
    root.explorable = figure; // for scripts of the page, and for tests
    addEventListener("hashchange", () => {
      const index = read(payload, location.hash);
      if (index) figure.move({ ...figure.starts, ...index }, { quiet: true });
    });
    await awake;
    if (linked) root.scrollIntoView({ block: "nearest" });
  } catch (error) {
    problem(root, error);
  }
}

// The book keeps data beside its pages, as scripts, which a page read from disk may load too.
async function payloadOf(root) {
  const script = root.querySelector("script[type='application/json']");
  const { from: src } = script.dataset;
  if (!src) return parsed(script.textContent);
  await new Promise((resolve) => {
    const load = html("script", { src });
    load.onload = load.onerror = resolve;
    document.head.append(load);
  });
  const payload = globalThis.explorables?.[root.dataset.explorable];
  if (!payload) throw new Error("its data could not be loaded");
  return payload;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("its data are not complete");
  }
}

function start() {
  const figures = document.querySelectorAll("figure.explorable[data-explorable]");
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) {
          near.unobserve(target);
          bring(target);
        }
    },
    { rootMargin: "600px" },
  );
  for (const root of figures) {
    const named = location.hash.startsWith(`#${root.dataset.explorable}?`);
    if (named) bring(root);
    else near.observe(root);
  }
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
else start();
