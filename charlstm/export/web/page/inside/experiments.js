/** Changes of the computation: the form that makes them, the list of those that hold, and the texts that follow from them. */

import { say } from "../strings.js";
import { MOST_CHANGES } from "./choice.js";
import { $, decimal, make } from "./dom.js";

/** @typedef {import("./choice.js").Change} Change */
/** @typedef {import("./choice.js").Choice} Choice */

const LENGTH = 120; // characters that are continued

/** The view of the changes. */
export class Experiments {
  constructor() {
    /** Called with the new changes. @type {(changes: Change[]) => void} */ this.onchange = () => {};
    /** @type {Choice | null} */ this.choice = null;
    const form = /** @type {HTMLFormElement} */ ($("change-form"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.choice) this.#add(this.#read(new FormData(form), this.choice));
    });
    form.addEventListener("input", () => this.#fit());
    for (const button of document.querySelectorAll("[data-change]")) {
      button.addEventListener("click", () => this.#quick(/** @type {HTMLElement} */ (button).dataset.change ?? ""));
    }
    $("change-none").addEventListener("click", () => {
      this.onchange([]);
      $("change-what").focus();
    });
    this.#fit();
  }

  /** Show the changes of a choice. @param {Choice} choice */
  show(choice) {
    this.choice = choice;
    const items = choice.changes.map((change, index) => {
      const remove = make("button", { type: "button", class: "quiet", "aria-label": say("removeChange", describe(change)) }, "✕");
      remove.addEventListener("click", () => {
        this.onchange(choice.changes.filter((_, other) => other !== index));
        ($("change-list").querySelector("button") ?? $("change-what")).focus();
      });
      return make("li", {}, describe(change), " ", remove);
    });
    $("change-list").replaceChildren(...items);
    $("change-none").hidden = items.length === 0;
    $("change-most").textContent = say("mostChanges", MOST_CHANGES);
    if (items.length < MOST_CHANGES) $("change-most").hidden = true;
    $("change-empty").hidden = items.length > 0;
    const whole = $("change-whom").querySelector("[value=unit]");
    if (whole) whole.textContent = say("thisUnit", choice.unit, choice.layer);
    const layer = $("change-whom").querySelector("[value=layer]");
    if (layer) layer.textContent = say("wholeLayer", choice.layer);
  }

  /**
   * Show how the text goes on without and with the changes, from the first difference marked.
   * @param {string} given The end of the text before.
   * @param {string[]} texts
   * @param {boolean} changed
   */
  showTexts(given, [plain, other], changed) {
    let same = 0;
    const [a, b] = [Array.from(plain), Array.from(other)];
    while (same < Math.min(a.length, b.length) && a[same] === b[same]) same++;
    const paragraph = (/** @type {string[]} */ characters, /** @type {boolean} */ marked) => [
      make("span", { class: "seed" }, given), ...(marked ? [characters.slice(0, same).join(""), make("mark", {}, characters.slice(same).join(""))] : [characters.join("")]),
    ];
    $("plain-text").replaceChildren(...paragraph(a, false));
    $("changed-text").replaceChildren(...(changed ? paragraph(b, same < b.length) : [say("noChange")]));
    $("texts-differ").textContent = changed ? (same < Math.max(a.length, b.length) ? say("differ", same + 1) : say("same")) : "";
  }

  /** Characters that a continuation has. */
  get length() {
    return LENGTH;
  }

  /** A reset has neither a value nor a unit. */
  #fit() {
    const reset = $("change-what").value === "reset";
    for (const id of ["change-value", "change-whom", "change-when"]) $(id).disabled = reset;
  }

  /** @param {Change} change */
  #add(change) {
    const same = (/** @type {Change} */ { what, layer, unit, from, to }) => [what, layer, unit, from, to].join();
    const others = (this.choice?.changes ?? []).filter((each) => same(each) !== same(change));
    $("change-most").hidden = others.length < MOST_CHANGES;
    if (others.length < MOST_CHANGES) this.onchange([...others, change]);
  }

  /** @param {FormData} data @param {Choice} choice @returns {Change} */
  #read(data, { layer, unit, place }) {
    const what = /** @type {Change["what"]} */ (data.get("what"));
    if (what === "reset") return { what, layer: 1, unit: null, value: 0, from: place, to: place };
    const when = data.get("when");
    return {
      what, layer, unit: data.get("whom") === "layer" ? null : unit, value: Number(data.get("value")) || 0,
      from: when === "everywhere" ? 0 : place, to: when === "here" ? place : null,
    };
  }

  /** A change by one button: the gate, and the value at which the layer's are held; or the reset. @param {string} name */
  #quick(name) {
    if (!this.choice) return;
    const { layer, place } = this.choice;
    const [what, value] = name.split("=");
    if (what === "reset") return this.#add({ what, layer: 1, unit: null, value: 0, from: place, to: place });
    this.#add({ what: /** @type {Change["what"]} */ (what), layer, unit: null, value: Number(value), from: 0, to: null });
  }
}

/** Return a change in words. @param {Change} change */
export function describe({ what, layer, unit, value, from, to }) {
  if (what === "reset") return say("changeReset", from + 1);
  const whom = unit === null ? say("wholeLayer", layer) : say("thisUnit", unit, layer);
  const when = to !== null ? say("whenHere", from + 1) : from > 0 ? say("whenFrom", from + 1) : say("whenAlways");
  return say(what === "c" ? "changeSet" : "changeHeld", say(`gate_${what}`), whom, decimal(value).replace(/\.?0+$/, ""), when);
}
