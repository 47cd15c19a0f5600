// The button that lets time run.
import { html, svg } from "./dom.js";

export const FRAME = 70; // milliseconds a step
const STILL = 900; // milliseconds a step where motion is not wanted, and eight steps only
export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function playButton(axis, figure) {
  const icon = svg("path", {});
  const element = html(
    "button",
    { type: "button", class: "play" },
    svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, icon),
  );
  let timer = 0;

  function show() {
    icon.setAttribute("d", timer ? "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z" : "M8 4.8v14.4L19.5 12z");
    element.setAttribute("aria-label", timer ? "Pause" : "Play");
    figure.busy(Boolean(timer));
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    show();
  }
  function start() {
    const last = axis.values.length - 1;
    const still = isStill();
    const stride = still ? Math.ceil(last / 8) : 1;
    const step = (from) => {
      const k = Math.min(last, from + stride);
      figure.move({ [axis.name]: k }, { playing: true });
      if (k === last) stop();
    };
    timer = setInterval(() => step(figure.index[axis.name]), still ? STILL : FRAME);
    show();
    if (figure.index[axis.name] === last) figure.move({ [axis.name]: 0 }, { playing: true });
  }
  element.addEventListener("click", () => (timer ? stop() : start()));
  show();
  return { element, stop: () => timer && stop() };
}
