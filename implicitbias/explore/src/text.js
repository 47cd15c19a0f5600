// Text that depends on the state: clauses with conditions, and names in braces.
import { number, position } from "./format.js";

export function phrase(text, { payload, data, index }) {
  const axisOf = (name) => payload.axes.find((axis) => axis.name === name);
  const value = (name) => {
    const axis = axisOf(name);
    return axis ? axis.values[index[name]] : data.at(name, index);
  };
  const word = (name) => {
    const axis = axisOf(name);
    if (axis) return axis.kind === "time" ? `${Math.round(value(name))} %` : position(axis, index[name]);
    const found = value(name);
    const floor = floorOf(payload, name);
    return found < floor ? `less than ${number(floor)}` : number(found);
  };
  const holds = (conditions) =>
    Object.entries(conditions).every(([name, values]) => values.includes(value(name)));
  const said = (clause) =>
    holds(clause.when) && !(Object.keys(clause.unless).length && holds(clause.unless));
  const clauses = typeof text === "string" ? [{ text, when: {}, unless: {} }] : text;
  return clauses
    .filter(said)
    .map((clause) => clause.text.replace(/{(\w+)}/g, (_, name) => word(name)))
    .join("")
    .replaceAll(" = ", "\u00a0=\u00a0"); // an equation stays on its line
}

// The least value that a panel tells apart from zero.
const floorOf = ({ panels }, name) =>
  panels.find((panel) => panel.lines?.some((line) => line.array === name))?.floor ?? -Infinity;
