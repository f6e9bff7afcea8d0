/** Which quantity of which unit is shown, and how the text is read. */

import { say } from "../strings.js";
import { $, decimal, make } from "./dom.js";
import { isGate } from "./heat_map.js";
import { bindTabs, showTab } from "../tabs.js";

/** @typedef {import("./choice.js").Choice} Choice */

/** The controls below the text, and the tabs of the views. */
export class Controls {
  /** @type {Choice | null} */ #choice = null;
  #most = 1;

  /**
   * @param {number[]} units Units of each layer.
   * @param {number} window Characters of a window.
   */
  constructor(units, window) {
    this.sizes = units;
    this.window = window;
    /** Called with a part of the choice. @type {(part: Partial<Choice>) => void} */ this.onchoose = () => {};
    $("inside-layer-number").replaceChildren(...units.map((_, index) => make("option", { value: index + 1 })));
    $("inside-layer-number").addEventListener("change", () => this.onchoose({ layer: Number($("inside-layer-number").value) }));
    $("inside-show").addEventListener("change", () => this.onchoose({ show: $("inside-show").value }));
    $("inside-unit").addEventListener("input", () => $("inside-unit").validity.valid && this.onchoose({ unit: Number($("inside-unit").value) }));
    $("inside-unit").addEventListener("change", () => this.#choice && ($("inside-unit").value = this.#choice.unit));
    $("inside-reading").addEventListener("change", () => this.onchoose({ window: $("inside-reading").value === "stateful" ? null : window }));
    bindTabs($("views"), (tab) => this.onchoose({ view: /** @type {any} */ (tab.id.replace("view-", "")) }));
    this.refresh();
  }

  /** @param {Choice} choice */
  show(choice) {
    this.#choice = choice;
    const { layer, unit, show, window, view, order } = choice;
    $("map-order").value = order;
    $("inside-layer-number").value = String(layer);
    $("inside-show").value = show;
    $("inside-reading").value = window === null ? "stateful" : "stateless";
    const field = $("inside-unit");
    this.#nameWindow();
    field.max = String(this.sizes[layer - 1] - 1);
    if (document.activeElement !== field) field.value = String(unit);
    showTab($("views"), $(`view-${view}`));
  }

  /** Show what the colours of the text mean. @param {number} most The value of full colour. */
  showScale(most) {
    this.#most = most;
    if (!this.#choice) return;
    const gate = isGate(this.#choice.show);
    $("scale-low").textContent = gate ? "0" : decimal(-most);
    $("scale-high").textContent = decimal(most);
    $("inside-scale").classList.toggle("gate", gate);
  }

  /** Show the two ways of reading. */
  #nameWindow() {
    for (const option of $("inside-reading").options) {
      option.textContent = say(option.value === "stateful" ? "readWhole" : "readWindow", this.#choice?.window ?? this.window);
    }
  }

  /** Show the sentences in the present language. */
  refresh() {
    for (const [index, option] of [...$("inside-layer-number").options].entries()) option.textContent = say("layerOption", index + 1, this.sizes[index]);
    this.#nameWindow();
    this.showScale(this.#most);
  }
}
