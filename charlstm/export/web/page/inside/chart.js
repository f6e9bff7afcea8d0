/** The six quantities of one cell along the text, as lines. */

import { say } from "../strings.js";
import { $, draw } from "./dom.js";

/** @typedef {import("./choice.js").Quantity} Quantity */
/** @typedef {import("./rows.js").Rows} Rows */

const [HEIGHT, LEFT, RIGHT, GAP] = [120, 48, 68, 22];
/** Which quantities share a scale. @type {Quantity[][]} */
const PANELS = [["i", "f", "o"], ["g", "h"], ["c"]];

/**
 * Show the quantities of a unit.
 * @param {Rows} rows
 * @param {Rows | null} before Without the changes, if there are any: drawn dashed.
 * @param {number} layer From 1.
 * @param {number} unit
 * @param {number} place
 * @param {[number, number]} read Indices of the first and the last character that are read.
 */
export function showChart(rows, before, layer, unit, place, [first, last]) {
  const width = Math.max(300, $("chart").clientWidth);
  const panels = PANELS.map((names, index) => {
    const series = (/** @type {Rows} */ some, /** @type {Quantity} */ name) => some.series(layer, name, unit).slice(first, last + 1);
    const lines = names.map((name) => ({ name, values: series(rows, name), old: before ? series(before, name) : null }));
    return panel(lines, width, index * (HEIGHT + GAP), rows.count, place, first);
  });
  const height = PANELS.length * (HEIGHT + GAP);
  $("chart").replaceChildren(draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": say("chartLabel", unit, layer) }, ...panels.flat()));
}

/**
 * @param {{name: Quantity, values: Float32Array, old: Float32Array | null}[]} lines
 * @param {number} width
 * @param {number} top
 * @param {number} count
 * @param {number} place
 * @param {number} first Index of the first character of the lines.
 * @returns {SVGElement[]}
 */
function panel(lines, width, top, count, place, first) {
  const right = width - RIGHT;
  const every = lines.flatMap(({ values, old }) => [...values, ...(old ?? [])]);
  const gate = lines.length === 3;
  const low = Math.min(gate ? 0 : -1e-3, ...every);
  const high = Math.max(gate ? 1 : 1e-3, ...every);
  const x = (/** @type {number} */ index) => LEFT + ((right - LEFT) * (index + 0.5)) / Math.max(1, count);
  const y = (/** @type {number} */ value) => top + 8 + (HEIGHT - 16) * (1 - (value - low) / (high - low));
  const path = (/** @type {ArrayLike<number>} */ values) =>
    Array.from(values, (value, index) => `${index ? "L" : "M"}${x(first + index).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const marks = [low, ...(low < 0 && high > 0 ? [0] : []), high].map((value) => [
    draw("line", { x1: LEFT, x2: right, y1: y(value), y2: y(value), class: "grid" }),
    draw("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end", class: "tick" }, short(value)),
  ]);
  const names = spread(lines.map(({ values }) => y(values.at(-1) ?? 0)));
  const drawn = lines.flatMap(({ name, values, old }, index) => [
    ...(old ? [draw("path", { d: path(old), class: `line ${name} old` })] : []),
    draw("path", { d: path(values), class: `line ${name}` }),
    draw("text", { x: right + 8, y: names[index] + 4, class: `name ${name}` }, `${name} ${place < count && place >= 0 ? short(values[place - first] ?? 0) : ""}`),
  ]);
  const here = place >= 0 && place < count ? [draw("line", { x1: x(place), x2: x(place), y1: top + 4, y2: top + HEIGHT - 4, class: "here" })] : [];
  return [...marks.flat(), ...drawn, ...here];
}

/** Return heights of labels that do not cover each other. @param {number[]} wanted */
function spread(wanted) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const result = [...wanted];
  for (let index = 1; index < order.length; index++) {
    result[order[index]] = Math.max(result[order[index]], result[order[index - 1]] + 15);
  }
  return result;
}

/** Return a number with two decimals. @param {number} value */
function short(value) {
  return value.toFixed(2).replace("-", "−");
}
