/** The guided tour: questions that people ask about `keras.layers.LSTM`, answered on the model of the page. */

import { currentLanguage, say } from "../strings.js";
import { $, decimal, make, withCode } from "./dom.js";
import { TOUR as EN } from "../words/tour_en.js";
import { TOUR as ZH } from "../words/tour_zh.js";

/** @typedef {import("../../engine/index.js").Manifest} Manifest */
/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./cell_view.js").Unfolded} Unfolded */
/** @typedef {{question: string, answer: string, task: string}} StepText */

/** A step: what it shows at first, and what it unfolds. @typedef {{id: keyof typeof EN, show: Partial<Choice>, unfold?: Unfolded}} Step */

const CARRIED = { window: null, changes: [] };

/** @type {Step[]} */
export const STEPS = [
  { id: "features", show: { view: "cell", layer: 1, ...CARRIED } },
  { id: "units", show: { view: "units", show: "h", ...CARRIED } },
  { id: "columns", show: { view: "cell", ...CARRIED }, unfold: { kind: "x", gate: "f" } },
  { id: "parameters", show: { view: "cell", ...CARRIED }, unfold: { kind: "h", gate: "i" } },
  { id: "encoding", show: { view: "cell", layer: 1, ...CARRIED }, unfold: { kind: "x", gate: "i" } },
  { id: "previous", show: { view: "cell", ...CARRIED }, unfold: { kind: "h", gate: "g" } },
  { id: "carried", show: { view: "mattered", ...CARRIED } },
  { id: "reset", show: { view: "change", show: "c", ...CARRIED } },
  { id: "batch", show: { view: "units", show: "c", ...CARRIED } },
  { id: "sequences", show: { view: "units", show: "h", ...CARRIED } },
  { id: "distributed", show: { view: "cell", ...CARRIED } },
  { id: "forget", show: { view: "change", show: "f", ...CARRIED }, unfold: { kind: "b", gate: "f" } },
  { id: "hard", show: { view: "cell", show: "i", ...CARRIED } },
  { id: "temperature", show: { view: "cell", ...CARRIED } },
  { id: "memory", show: { view: "mattered", ...CARRIED } },
];

/** The tour's card. */
export class Tour {
  /** @type {number | null} */ #step = null;
  /** @type {Record<string, string>} */ #values = {};

  constructor() {
    /** Called with the index of the step to show; null ends the tour. @type {(step: number | null) => void} */ this.onstep = () => {};
    $("tour-start").addEventListener("click", () => {
      this.onstep(0);
      $("tour-next").focus();
    });
    $("tour-close").addEventListener("click", () => {
      this.onstep(null);
      $("tour-start").focus();
    });
    $("tour-back").addEventListener("click", () => this.onstep(Math.max(0, (this.#step ?? 0) - 1)));
    $("tour-next").addEventListener("click", () => {
      const next = (this.#step ?? -1) + 1;
      this.onstep(next < STEPS.length ? next : null);
      if (next === STEPS.length) $("tour-start").focus();
    });
  }

  /**
   * Show a step with the numbers of the model; null shows none.
   * @param {number | null} step
   * @param {Record<string, string>} values What the texts name in braces.
   */
  show(step, values) {
    [this.#step, this.#values] = [step, values];
    this.refresh();
  }

  /** Show the same again, in the present language. */
  refresh() {
    const step = this.#step;
    $("tour-card").hidden = step === null;
    $("tour-start").hidden = step !== null;
    if (step === null) return;
    const { question, answer, task } = (currentLanguage() === "zh" ? ZH : EN)[STEPS[step].id];
    $("tour-number").textContent = `${step + 1} / ${STEPS.length}`;
    $("tour-question").textContent = question;
    const fill = (/** @type {string} */ text) => withCode(text.replace(/\{(\w+)\}/g, (_, name) => this.#values[name] ?? "?"));
    $("tour-answer").replaceChildren(...answer.split("\n").map((paragraph) => make("p", {}, ...fill(paragraph))));
    $("tour-task").replaceChildren(make("b", {}, say("tryIt")), " ", ...fill(task));
    $("tour-back").disabled = step === 0;
    $("tour-next").textContent = say(step + 1 === STEPS.length ? "endTour" : "nextStep");
  }
}

/**
 * Return the values that the texts of the tour name.
 * @param {Manifest} manifest
 * @param {Choice} choice
 * @param {{logs: Float64Array | null, enough: number | null}} known Log-probabilities of the next character; how many characters
 *   decide it; null while they are not known.
 * @returns {Record<string, string>}
 */
export function tourValues({ config, vocabulary }, { layer, unit, text, place }, { logs, enough }) {
  const u = config.units[layer - 1];
  const d = layer > 1 ? config.units[layer - 2] : { "one-hot": config.vocabulary_size, scalar: 1, embedding: config.embedding_size }[config.encoding];
  const bias = config.use_bias ? u : 0;
  const count = (/** @type {number} */ value) => value.toLocaleString(currentLanguage());
  const likeliest = logs ? logs.indexOf(logs.reduce((a, b) => Math.max(a, b), -Infinity)) : -1;
  const at = (/** @type {number} */ temperature) => {
    if (!logs) return "…";
    const total = logs.reduce((sum, log) => sum + Math.exp((log - logs[likeliest]) / temperature), 0);
    return `${(100 / total).toFixed(1)} %`;
  };
  const last = config.units[config.units.length - 1];
  return {
    V: count(config.vocabulary_size), K: count(vocabulary.length), W: count(config.seq_len), u: count(u), d: count(d), layer: String(layer), unit: String(unit),
    T: count(Array.from(text).length), place: String(place + 1), encoding: config.encoding, layers: String(config.units.length),
    i: String(unit), f: String(u + unit), g: String(2 * u + unit), o: String(3 * u + unit), "2u": count(2 * u), "3u": count(3 * u), "4u": count(4 * u),
    parameters: count(4 * (d * u + u * u + bias)), product: `4 · (${count(d)} · ${count(u)} + ${count(u)} · ${count(u)}${bias ? ` + ${count(u)}` : ""})`,
    more: count(4 * u), dense: `[${count(last)}, ${count(config.vocabulary_size)}]`, gate: config.recurrent_activation, squash: config.activation,
    likeliest: likeliest < 0 ? "…" : JSON.stringify(vocabulary[likeliest]), p: at(1), p_low: at(0.5), p_high: at(1.5),
    enough: enough === null ? "…" : count(enough), step: decimal(1 / config.vocabulary_size),
  };
}
