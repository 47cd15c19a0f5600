// In the book: bring every figure of the page to life when it comes near the screen.
import { explorable, problem } from "./explorable.js";
import { read, write } from "./permalink.js";

const SETTLED = 250; // milliseconds without a move before the address follows

function bring(root) {
  root.classList.add("live");
  try {
    const script = root.querySelector("script[type='application/json']");
    const payload = parsed(script.textContent);
    let timer = 0;
    const changed = (index) => {
      clearTimeout(timer);
      timer = setTimeout(() => history.replaceState(history.state, "", write(payload, index)), SETTLED);
    };
    const linked = read(payload, location.hash);
    const { figure } = explorable(root, payload, { index: linked ?? {}, changed, linked: true });
    root.explorable = figure; // for scripts of the page, and for tests
    addEventListener("hashchange", () => {
      const index = read(payload, location.hash);
      if (index) figure.move({ ...figure.starts, ...index }, { quiet: true });
    });
    if (linked) root.scrollIntoView({ block: "nearest" });
  } catch (error) {
    problem(root, error);
  }
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
