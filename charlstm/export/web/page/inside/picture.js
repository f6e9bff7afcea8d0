/** The picture of one cell: the six equations as wires, with the numbers of one step on them. */

import { say } from "../strings.js";
import { decimal, draw } from "./dom.js";

/** @typedef {import("../../inspection/terms.js").UnitStep} UnitStep */

const [WIDTH, HEIGHT] = [520, 330];
/** The centres of the four gates: where their boxes stand. @type {Record<"f" | "i" | "g" | "o", number>} */
const GATES = { f: 105, i: 200, g: 290, o: 376 };
const [TOP, MIDDLE, BOXES, INPUTS] = [62, 136, 214, 286]; // heights of the wire of c, the product i g, the gates, the inputs
const SUM = 245; // where i g is added to c
const OUT = 436; // where c leaves for the output

/**
 * Return the symbol of an activation, as the equations have it.
 * @param {string} activation
 */
export function symbol(activation) {
  return activation === "sigmoid" ? "σ" : activation;
}

/**
 * Return the picture of a step.
 * @param {UnitStep} step
 * @param {string} character What is read, as it is shown.
 * @param {string} squash Activation of the candidate and of c.
 * @returns {SVGElement}
 */
export function picture(step, character, squash) {
  const { gates } = step;
  const wires = [
    wire(`M10 ${TOP}H${WIDTH - 10}`, "strong"),
    wire(`M${GATES.f} ${BOXES - 20}V${TOP + 13}`), wire(`M${GATES.i} ${BOXES - 20}V${MIDDLE}H${SUM - 13}`),
    wire(`M${GATES.g} ${BOXES - 20}V${MIDDLE}H${SUM + 13}`), wire(`M${SUM} ${MIDDLE - 13}V${TOP + 13}`),
    wire(`M${OUT} ${TOP}V${MIDDLE - 34}`), wire(`M${OUT} ${MIDDLE - 8}V${BOXES - 13}`), wire(`M${GATES.o + 30} ${BOXES}H${OUT - 13}`),
    wire(`M${OUT} ${BOXES + 13}V${INPUTS}H${WIDTH - 10}`, "strong"),
    wire(`M10 ${INPUTS}H${GATES.o}`, "strong"), wire(`M60 ${HEIGHT - 8}V${INPUTS}`),
    ...Object.values(GATES).map((x) => wire(`M${x} ${INPUTS}V${BOXES + 20}`)),
  ];
  const boxes = Object.entries(GATES).map(([gate, x]) => box(gate, x, gates[/** @type {"f"} */ (gate)]));
  const signs = [
    sign(GATES.f, TOP, "×"), sign(SUM, MIDDLE, "×"), sign(SUM, TOP, "+"), sign(OUT, BOXES, "×"),
    draw("rect", { x: OUT - 34, y: MIDDLE - 34, width: 68, height: 26, rx: 13, class: "sign" }),
    label(OUT, MIDDLE - 16, symbol(squash), "middle"),
  ];
  const kept = gates.f.value * step.cBefore;
  const added = gates.i.value * gates.g.value;
  const numbers = [
    label(12, TOP - 32, "c", "start", "t−1"), value(12, TOP - 12, step.cBefore, "start"),
    label(WIDTH - 12, TOP - 32, "c", "end", "t"), value(WIDTH - 12, TOP - 12, step.c, "end", step.set),
    value(GATES.f + 20, TOP - 12, kept, "start"), value(SUM + 8, TOP + 36, added, "start"),
    value(OUT - 8, BOXES - 30, step.squashed, "end"),
    label(12, INPUTS - 30, "h", "start", "t−1"), value(12, INPUTS - 10, step.hBefore, "start"),
    label(72, HEIGHT - 12, `x`, "start", "t", ` = ${character}`),
    label(WIDTH - 12, INPUTS - 30, "h", "end", "t"), value(WIDTH - 12, INPUTS - 10, step.h, "end"),
  ];
  const title = draw("title", {}, say("pictureTitle", decimal(step.c), decimal(step.h)));
  return draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title.textContent ?? "" }, title, ...wires, ...boxes, ...signs, ...numbers);
}

/** @param {string} path @param {string} [kind] */
function wire(path, kind = "") {
  return draw("path", { d: path, class: `wire ${kind}` });
}

/** @param {number} x @param {number} y @param {string} text */
function sign(x, y, text) {
  return draw("g", {}, draw("circle", { cx: x, cy: y, r: 13, class: "sign" }), label(x, y + 6, text, "middle"));
}

/**
 * The box of a gate: filled as far as it is open, or from the middle for a candidate, which has a sign.
 * @param {string} gate
 * @param {number} x
 * @param {import("../../inspection/terms.js").GateTerms} terms
 */
function box(gate, x, { value: open, activation, held }) {
  const share = Math.min(1, Math.abs(open));
  const height = 40 * share;
  const kind = open < 0 ? "below" : "above";
  return draw("g", { class: held ? "gate held" : "gate" },
    draw("rect", { x: x - 30, y: BOXES - 20, width: 60, height: 40, rx: 6 }),
    draw("rect", { x: x - 30, y: BOXES + 20 - height, width: 60, height, rx: 6, class: kind }),
    label(x, BOXES + 5, `${gate}: ${symbol(activation).replace("hard_sigmoid", "hard")}`, "middle"),
    value(x, BOXES + 36, open, "middle", held));
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {"start" | "middle" | "end"} anchor
 * @param {string} [below] A subscript.
 * @param {string} [more]
 */
function label(x, y, text, anchor, below = "", more = "") {
  const sub = below ? [draw("tspan", { dy: 4, "font-size": 11 }, below), draw("tspan", { dy: -4 }, more)] : [];
  return draw("text", { x, y, "text-anchor": anchor }, text, ...sub);
}

/** @param {number} x @param {number} y @param {number} number @param {string} anchor @param {boolean} [set] */
function value(x, y, number, anchor, set = false) {
  return draw("text", { x, y, "text-anchor": anchor, class: set ? "value set" : "value", "data-value": number }, decimal(number));
}
