// The keyboard's way along things that a pointer would hover over: a slider whose value is spoken.
import { set } from "./dom.js";

// Things are numbered from 0. `now()` is the one pointed at or null, `show(k)` points at one, `text(k)`
// says what it is; `row` things stand in a row.
export function walk(stage, label, { now, show, text, row = 1 }) {
  set(stage, { tabindex: 0, role: "slider", "aria-label": `Look at one of: ${label}`, "aria-valuemin": 1, "aria-valuenow": 1 });
  let count = 1;
  const go = (k) => {
    const at = Math.max(0, Math.min(count - 1, k));
    show(at);
    set(stage, { "aria-valuenow": at + 1, "aria-valuetext": text(at) });
  };
  const steps = { ArrowRight: 1, ArrowUp: row > 1 ? -row : 1, ArrowLeft: -1, ArrowDown: row > 1 ? row : -1, PageUp: 10, PageDown: -10, Home: -1e6, End: 1e6 };
  stage.addEventListener("focus", () => stage.matches(":focus-visible") && go(now() ?? 0));
  stage.addEventListener("blur", () => show(null));
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return show(null);
    if (!(event.key in steps)) return;
    event.preventDefault();
    go((now() ?? 0) + steps[event.key]);
  });
  return {
    count(value) {
      count = value;
      set(stage, { "aria-valuemax": value, "aria-valuetext": text(0) });
    },
  };
}
