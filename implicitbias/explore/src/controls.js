// One control for each axis: native inputs with labels, so that keyboards and screen readers work.
import { html, say, set } from "./dom.js";
import { number, position } from "./format.js";
import { playButton } from "./play.js";

let groups = 0;

export function control(axis, figure) {
  const made = axis.kind === "choice" ? choice(axis, figure) : slider(axis, figure);
  const matters = () => Object.entries(axis.when).every(([name, values]) => values.includes(figure.value(name)));
  return {
    ...made,
    draw() {
      made.element.hidden = !matters() || axis.values.length < 2;
      made.draw();
    },
  };
}

function slider(axis, figure) {
  const last = axis.values.length - 1;
  const input = html("input", { type: "range", min: 0, max: last, step: 1 });
  const value = html("span", { class: "value", "aria-hidden": "true" });
  input.addEventListener("input", () => figure.move({ [axis.name]: Number(input.value) }));
  const track = html("div", { class: "track" }, input);
  if (axis.roles) input.style.cssText = `--from:var(--${axis.roles[0]});--to:var(--${axis.roles[1]})`;
  const element = html(
    "div",
    { class: `control ${axis.kind}`, "data-axis": axis.name },
    html("label", {}, name(axis), track),
    value,
  );
  if (axis.ends[0] && axis.kind !== "time")
    element.append(
      html("div", { class: "ends", "aria-hidden": "true" }, html("span", {}, axis.ends[0]), html("span", {}, axis.ends[1])),
    );
  const play = axis.kind === "time" ? playButton(axis, figure) : null;
  if (play) element.prepend(play.element);
  return {
    element,
    stop: () => play?.stop(),
    draw() {
      const k = figure.index[axis.name];
      const text = reading(axis, figure);
      input.value = k;
      set(input, { "aria-valuetext": text });
      input.style.setProperty("--done", `${(100 * k) / last}%`);
      say(value, text);
    },
  };
}

function choice(axis, figure) {
  const group = `${figure.payload.name}-${axis.name}-${groups++}`;
  const inputs = axis.values.map((_, k) => html("input", { type: "radio", name: group, value: k }));
  const options = inputs.map((input, k) => html("label", {}, input, html("span", {}, position(axis, k))));
  const element = html(
    "fieldset",
    { class: `control choice${axis.values.some(isNaN) ? "" : " numbers"}`, "data-axis": axis.name },
    html("legend", {}, name(axis)),
    html("div", { class: "options" }, ...options),
  );
  element.addEventListener("change", (event) => figure.move({ [axis.name]: Number(event.target.value) }));
  return {
    element,
    stop() {},
    draw() {
      inputs[figure.index[axis.name]].checked = true;
    },
  };
}

function name(axis) {
  const label = html("span", { class: "name" }, axis.label);
  if (axis.symbol) label.append(" ", html("i", {}, axis.symbol));
  return label;
}

function reading(axis, { data, index }) {
  const k = index[axis.name];
  if (axis.kind === "time" && axis.ends[1] && k === axis.values.length - 1) return axis.ends[1];
  if (!axis.reads) return position(axis, k);
  return `t = ${number(data.at(axis.reads, index))}`;
}
