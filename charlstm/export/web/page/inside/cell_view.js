/** One cell at one character: its picture, its equations with the real numbers, and what each number is made of. */

import { visible } from "../alternatives.js";
import { say } from "../strings.js";
import { $, decimal, make, number, quoted, withCode } from "./dom.js";
import { picture, symbol } from "./picture.js";

/** @typedef {import("../../engine/index.js").Manifest} Manifest */
/** @typedef {import("../../inspection/terms.js").Term} Term */
/** @typedef {import("../../inspection/terms.js").UnitStep} UnitStep */
/** @typedef {{kind: "x" | "h" | "b", gate: Gate}} Unfolded */
/** @typedef {"i" | "f" | "g" | "o"} Gate */

const GATES = /** @type {const} */ (["i", "f", "g", "o"]);

/** The view of a cell. */
export class CellView {
  /** @type {Unfolded | null} */ #unfolded = null;
  /** @type {{step: UnitStep, layer: number, unit: number, place: number, character: string} | null} */ #shown = null;

  /** @param {Manifest} manifest */
  constructor(manifest) {
    this.manifest = manifest;
    $("cell-table").addEventListener("click", (/** @type {Event} */ event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("button");
      if (!button) return;
      const wanted = /** @type {Unfolded} */ ({ kind: button.dataset.kind, gate: button.dataset.gate });
      const same = this.#unfolded?.kind === wanted.kind && this.#unfolded.gate === wanted.gate;
      this.unfold(same ? null : wanted);
      $("cell-table").querySelector(`[data-kind=${wanted.kind}][data-gate=${wanted.gate}]`)?.focus();
    });
  }

  /**
   * Show what a term of a gate is made of; null shows none.
   * @param {Unfolded | null} unfolded
   */
  unfold(unfolded) {
    this.#unfolded = unfolded;
    this.refresh();
  }

  /**
   * Show a step.
   * @param {UnitStep} step
   * @param {{layer: number, unit: number, place: number, character: string}} where
   */
  show(step, where) {
    this.#shown = { step, ...where };
    this.refresh();
  }

  /** Show nothing: the character is not read, or there is none. @param {string} reason */
  clear(reason) {
    this.#shown = null;
    $("cell-heading").textContent = reason;
    for (const id of ["cell-picture", "cell-table", "cell-state", "cell-terms"]) $(id).replaceChildren();
  }

  /** Show the same again, in the present language. */
  refresh() {
    if (!this.#shown) return;
    const { step, layer, unit, place, character } = this.#shown;
    const { config } = this.manifest;
    $("cell-heading").textContent = say("cellHeading", unit, step.units, layer, quoted(character), place + 1);
    $("cell-picture").replaceChildren(picture(step, visible(character), config.activation));
    $("cell-table").replaceChildren(this.#table(step));
    $("cell-state").replaceChildren(...stateEquations(step, config.activation));
    $("cell-terms").replaceChildren(...(this.#unfolded ? this.#terms(step, this.#unfolded, layer, character) : []));
  }

  /** @param {UnitStep} step */
  #table({ features: d, units: u, gates, useBias }) {
    const heads = [
      [""], ["W·x", `[${u}, ${d}]·[${d}, 1]`], ["+ U·h", `[${u}, ${u}]·[${u}, 1]`], ...(useBias ? [["+ b", `[${u}, 1]`]] : []), ["= z", `[${u}, 1]`], ["", `[${u}, 1]`],
    ];
    const head = make("tr", {}, ...heads.map(([name, shape = ""]) => make("th", { scope: "col" }, name, make("small", {}, shape))));
    const rows = GATES.map((gate) => {
      const { fromX, fromH, bias, z, value, activation, held } = gates[gate];
      const cells = [
        this.#button("x", gate, fromX), this.#button("h", gate, fromH), ...(useBias ? [this.#button("b", gate, bias)] : []), number(z, `${gate}.z`),
      ];
      const name = make("th", { scope: "row" }, make("span", { class: "long" }, say(`gate_${gate}`)), make("span", { class: "short", "aria-hidden": "true" }, gate));
      const result = make("td", { class: held ? "held" : undefined }, held ? say("heldAt") : `${symbol(activation)}(z) = `, number(value, `${gate}.value`));
      return make("tr", {}, name, ...cells.map((cell) => make("td", {}, cell)), result);
    });
    return make("table", { class: "numbers" }, make("thead", {}, head), make("tbody", {}, ...rows));
  }

  /** @param {"x" | "h" | "b"} kind @param {Gate} gate @param {number} value */
  #button(kind, gate, value) {
    const open = this.#unfolded?.kind === kind && this.#unfolded.gate === gate;
    const label = say("unfold", { x: "W·x", h: "U·h", b: "b" }[kind], gate, decimal(value));
    return make("button", { type: "button", "data-kind": kind, "data-gate": gate, "aria-expanded": String(open), "aria-label": label, "aria-controls": "cell-terms" },
      number(value, `${gate}.${kind}`));
  }

  /**
   * @param {UnitStep} step
   * @param {Unfolded} unfolded
   * @param {number} layer
   * @param {string} character
   */
  #terms(step, { kind, gate }, layer, character) {
    const terms = step.gates[gate];
    const { units: u, features: d, id } = step;
    const block = GATES.indexOf(gate);
    const slice = `${block === 0 ? "" : block === 1 ? "u" : `${block}u`}:${block === 0 ? "u" : `${block + 1}u`}`;
    const array = { x: "kernel", h: "recurrent_kernel", b: "bias" }[kind];
    const rows = { x: d, h: u, b: 0 }[kind];
    const keras = kind === "b"
      ? say("kerasBias", array, `${4 * u}`, slice, gate, `${terms.column}`)
      : say("kerasKernel", array, `${rows}`, `${4 * u}`, slice, gate, `${terms.column}`);
    const paragraphs = [make("h3", {}, say("termsHeading", { x: "W·x", h: "U·h", b: "b" }[kind], gate)), make("p", {}, ...withCode(keras))];
    if (kind === "b") return [...paragraphs, make("p", {}, ...withCode(say(gate === "f" ? "forgetBias" : "plainBias", decimal(terms.bias))))];
    const { encoding } = this.manifest.config;
    const entry = (/** @type {Term} */ { index }) => `${array}[${index}, ${terms.column}]`;
    if (kind === "x" && layer === 1 && encoding === "one-hot") {
      const [one] = terms.inputs;
      const weight = one ? one.weight : 0;
      return [...paragraphs, make("p", {}, ...withCode(say("oneHot", quoted(character), `${id}`, d, `kernel[${id}, ${terms.column}]`, decimal(weight))))];
    }
    const sum = kind === "x" ? terms.fromX : terms.fromH;
    if (kind === "x" && layer === 1 && encoding === "scalar") {
      const [one] = terms.inputs;
      const text = say("scalar", quoted(character), id, this.manifest.config.vocabulary_size, decimal(one?.input ?? 0), `kernel[0, ${terms.column}]`, decimal(one?.weight ?? 0), decimal(sum));
      return [...paragraphs, make("p", {}, ...withCode(text))];
    }
    const list = kind === "x" ? terms.inputs : terms.recurrent;
    if (list.length === 0) return [...paragraphs, make("p", {}, say("noTerms"))];
    const rest = sum - list.reduce((total, { product }) => total + product, 0);
    const source = kind === "h" ? "h" : layer > 1 ? `h${layer - 1}` : "x";
    return [...paragraphs, make("p", {}, ...withCode(say(kind === "h" ? "largestRecurrent" : layer > 1 ? "largestBelow" : "largestEmbedding", list.length, rows))),
      termTable(list, rest, sum, source, entry)];
  }
}

/**
 * @param {Term[]} list
 * @param {number} rest
 * @param {number} sum
 * @param {string} source What the inputs are called.
 * @param {(term: Term) => string} entry
 */
function termTable(list, rest, sum, source, entry) {
  const most = Math.max(...list.map(({ product }) => Math.abs(product)));
  const row = (/** @type {Term} */ term) => {
    const bar = make("meter", { max: 1, "aria-hidden": "true", class: term.product < 0 ? "negative" : "after" });
    bar.value = Math.abs(term.product) / most;
    return make("tr", {}, make("td", {}, make("code", {}, entry(term))), make("td", {}, number(term.weight)), make("td", {}, `· ${source}[${term.index}] = `, number(term.input)),
      make("td", {}, number(term.product)), make("td", { class: "bar" }, bar));
  };
  const end = (/** @type {string} */ name, /** @type {number} */ value) => make("tr", {}, make("td", { colspan: 3 }, name), make("td", {}, number(value)), make("td"));
  return make("table", { class: "numbers" }, make("tbody", {}, ...list.map(row), end(say("rest"), rest), end(say("sum"), sum)));
}

/** @param {UnitStep} step @param {string} squash */
function stateEquations({ gates: { i, f, g, o }, cBefore, c, set, squashed, h }, squash) {
  const line = (/** @type {string} */ left, /** @type {(string | Node)[]} */ ...right) => make("p", {}, make("code", {}, left), " = ", ...right);
  const factor = (/** @type {number} */ value, name = "") => (value < 0 ? ["(", number(value, name), ")"] : [number(value, name)]);
  const product = [number(f.value), " · ", ...factor(cBefore, "c_before"), " + ", number(i.value), " · ", ...factor(g.value), " = "];
  return [
    line("c_t = f_t · c_(t−1) + i_t · g_t", ...(set ? [say("setTo")] : product), number(c, "c")),
    line(`h_t = o_t · ${symbol(squash)}(c_t)`, number(o.value), " · ", ...factor(squashed), " = ", number(h, "h")),
  ];
}
