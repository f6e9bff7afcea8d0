/** Both modes side by side: the same seed and noise, the first difference marked, cell steps counted. */

import { newRandomSeed } from "./settings.js";
import { say } from "./strings.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./client.js").Task} Task */
/** @typedef {import("./settings.js").Settings} Settings */

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const MODES = ["stateless", "stateful"];

/** The tab on which the modes are compared. */
export class Comparison {
  /** @type {Task | null} */ #task = null;
  #texts = ["", ""];
  /** @type {number | null} */ #difference = null;

  /**
   * @param {Client} client
   * @param {Settings} settings
   */
  constructor(client, settings) {
    this.client = client;
    this.settings = settings;
    $("compare-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#task ? this.#task.stop() : this.#run();
    });
  }

  /** Show the sentences that depend on the language. */
  showStatus() {
    $("run-compare").textContent = say(this.#task ? "stop" : "runCompare");
  }

  async #run() {
    const seed = $("compare-seed").value;
    if (!seed) return $("compare-seed").focus();
    this.#texts = ["", ""];
    this.#difference = null;
    $("difference").textContent = "";
    for (const mode of MODES) {
      $(`${mode}-text`).replaceChildren(element("span", "seed", seed));
      $(`${mode}-cost`).textContent = "";
    }
    const options = this.settings.options(this.settings.randomSeed || newRandomSeed());
    this.#task = this.client.start({ kind: "compare", text: seed, options }, (reply) => this.#add(reply));
    this.showStatus();
    const { error } = await this.#task.end;
    this.#task = null;
    this.showStatus();
    if (error) $("difference").textContent = error;
    else if (this.#difference === null && this.#texts[0]) $("difference").textContent = say("same");
  }

  /** @param {any} reply Pieces of both texts, with their cost. */
  #add({ pieces, rates, steps }) {
    for (const [which, mode] of MODES.entries()) {
      this.#texts[which] += pieces[which];
      if (pieces[which]) this.#show($(`${mode}-text`), pieces[which]);
      if (rates[which]) $(`${mode}-cost`).textContent = `${say("rate", Math.round(rates[which]))} · ${say("cellSteps", steps[which])}`;
    }
    this.#mark();
  }

  /**
   * @param {HTMLElement} place
   * @param {string} piece
   */
  #show(place, piece) {
    const last = place.lastElementChild;
    if (last && last.className !== "seed") last.append(piece);
    else place.append(element("span", "generated", piece));
    if (this.#difference !== null) place.scrollTop = place.scrollHeight;
  }

  /** Mark the first character that differs, once. */
  #mark() {
    const [a, b] = this.#texts;
    if (this.#difference !== null) return;
    const both = Math.min(a.length, b.length);
    let place = 0;
    while (place < both && a[place] === b[place]) place++;
    if (place === both) return;
    this.#difference = Array.from(a.slice(0, place)).length + 1;
    for (const [which, mode] of MODES.entries()) {
      const text = this.#texts[which];
      const mark = element("mark", "", Array.from(text.slice(place))[0]);
      mark.id = `${mode}-mark`;
      mark.toggleAttribute("data-line-end", mark.textContent === "\n");
      const seed = $(`${mode}-text`).firstElementChild;
      const rest = text.slice(place + (mark.textContent ?? "").length);
      $(`${mode}-text`).replaceChildren(seed, element("span", "same", text.slice(0, place)), mark, element("span", "generated", rest));
    }
    $("difference").textContent = say("differ", this.#difference);
  }
}

/**
 * @param {string} name
 * @param {string} kind
 * @param {string} text
 */
function element(name, kind, text) {
  const result = document.createElement(name);
  if (kind) result.className = kind;
  result.textContent = text;
  return result;
}
