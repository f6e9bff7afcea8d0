/** The controls of the settings, and their values. */

import { say } from "./strings.js";

/** @typedef {import("./worker.js").Options} Options */

/** The controls, in the form of the page. */
export class Settings {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    /** Called after every change. */
    this.onchange = () => {};
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelectorAll("[data-for]").forEach((output) => this.#showValue(output));
  }

  /** The random seed to use, as the person gave it; empty for a new one. */
  get randomSeed() {
    return this.#field("randomSeed").value.trim();
  }

  /**
   * The options of a text. A control whose value cannot be used counts as its default.
   * @param {string | number} randomSeed
   * @returns {Options}
   */
  options(randomSeed) {
    const number = (/** @type {string} */ name) => {
      const field = this.#field(name);
      return field.value !== "" && field.validity.valid ? Number(field.value) : Number(field.defaultValue);
    };
    const stop = this.#field("stop").value.replaceAll("\\n", "\n");
    return {
      mode: /** @type {Options["mode"]} */ (new FormData(this.form).get("mode")),
      temperature: number("temperature"),
      length: number("length"),
      topK: number("topK"),
      topP: number("topP"),
      minP: number("minP"),
      repetitionPenalty: number("repetitionPenalty"),
      stop: stop ? [stop] : [],
      randomSeed: String(randomSeed),
    };
  }

  /**
   * Return what is wrong with the first setting that cannot be used, and go to it; an empty string if all can be.
   * @returns {string}
   */
  problem() {
    const field = /** @type {HTMLInputElement | null} */ (this.form.querySelector("input:invalid"));
    if (!field) return "";
    const details = field.closest("details");
    if (details) details.open = true;
    field.focus();
    return `${field.labels?.[0].querySelector("[data-say]")?.textContent}: ${field.validationMessage}`;
  }

  /** Show the phrases that depend on the model again, in the present language. @param {number} window */
  showHelp(window) {
    for (const mode of /** @type {const} */ (["stateful", "stateless"])) {
      const help = this.form.querySelector(`[data-help=${mode}]`);
      if (help) help.textContent = say(`${mode}Help`, window);
    }
  }

  #changed() {
    this.form.querySelectorAll("[data-for]").forEach((output) => this.#showValue(output));
    this.onchange();
  }

  /** @param {Element} output */
  #showValue(output) {
    output.textContent = this.#field(output.getAttribute("data-for") ?? "").value;
  }

  /**
   * @param {string} name
   * @returns {HTMLInputElement}
   */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }
}

/** @returns {string} A new random seed, of at most nine digits. */
export function newRandomSeed() {
  return String(crypto.getRandomValues(new Uint32Array(1))[0] % 1e9);
}
