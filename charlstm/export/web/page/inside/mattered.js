/** What the next-character distribution depends on, and what a window of k characters sees. */

import { percent, visible } from "../alternatives.js";
import { divergence } from "../../inspection/influence.js";
import { say } from "../strings.js";
import { $, decimal, draw, make, quoted } from "./dom.js";

/** @typedef {import("../../inspection/influence.js").Influence} Influence */

export const REACH = 150; // characters whose effect is computed, at most
const [HEIGHT, LEFT, BOTTOM] = [190, 48, 34];
const ENOUGH = 0.01; // nats
const LEAST = 1e-6; // nats at the lower end of the scale

/** The view. */
export class Mattered {
  /** @type {Influence | null} */ #influence = null;
  #characters = /** @type {string[]} */ ([]);
  #place = 0;
  /** Characters in the window, once one was chosen. @type {number | null} */ window = null;

  constructor() {
    /** Called with the number of characters in the window. @type {(window: number) => void} */ this.onwindow = () => {};
    $("window-size").addEventListener("input", () => this.onwindow(Number($("window-size").value)));
  }

  /**
   * Show the effects of the last characters at a place.
   * @param {Influence} influence
   * @param {string[]} characters Of the text.
   * @param {number} place
   */
  show(influence, characters, place) {
    [this.#influence, this.#characters, this.#place] = [influence, characters, place];
    this.refresh();
  }

  /** How many of the last characters decide the prediction to 0.01 nats; null while that is not known, or if it is more. */
  get enough() {
    const window = this.#influence?.window;
    const index = window?.findIndex((_, start) => window.subarray(start).every((nats) => nats < ENOUGH)) ?? -1;
    return index < 0 ? null : index + 1;
  }

  /** Show the same again, in the present language and in a window of the present size. */
  refresh() {
    if (!this.#influence) return;
    const { leftOut, window } = this.#influence;
    const characters = this.#characters;
    const place = this.#place;
    const count = leftOut.length;
    const most = Math.max(...leftOut, 1e-9);
    const text = Array.from({ length: count }, (_, index) => {
      const back = count - 1 - index;
      const span = make("span", { "data-back": back, "data-value": leftOut[back], title: `${decimal(leftOut[back])} nats` }, characters[place - back]);
      span.style.backgroundColor = `rgb(var(--above) / ${Math.sqrt(leftOut[back] / most).toFixed(3)})`;
      return span;
    });
    $("mattered-text").replaceChildren(...text);
    const order = Array.from(leftOut, (_, back) => back).sort((a, b) => leftOut[b] - leftOut[a]).slice(0, 5);
    $("mattered-most").textContent = say("mostImportant", order.map((back) => `${quoted(characters[place - back])} (${back === 0 ? say("last") : say("back", back, back + 1)}): ${leftOut[back].toFixed(3)}`).join(" · "));
    $("mattered-enough").textContent = this.enough === null ? say("notEnough", count) : say("enough", this.enough);
    $("mattered-chart").replaceChildren(chart(window));
  }

  /**
   * Show a window beside the whole text.
   * @param {number} window Characters.
   * @param {number} most Characters that can be read.
   * @param {string[]} vocabulary
   * @param {Float64Array} whole Log-probabilities with the state carried.
   * @param {Float64Array} short Those with the window.
   */
  showWindow(window, most, vocabulary, whole, short) {
    const slider = $("window-size");
    slider.max = String(most);
    this.window = window;
    const k = Math.min(window, most);
    if (document.activeElement !== slider) slider.value = String(k);
    $("window-value").textContent = say("characters", k);
    slider.setAttribute("aria-valuetext", say("characters", k));
    const best = (/** @type {Float64Array} */ logs) => Array.from(logs, (_, id) => id).sort((a, b) => logs[b] - logs[a]).slice(0, 5);
    const column = (/** @type {string} */ name, /** @type {Float64Array} */ logs) => make("div", {}, make("h3", {}, name),
      make("ol", {}, ...best(logs).map((id) => make("li", {}, make("span", { class: "character" }, visible(vocabulary[id])), " ", percent(Math.exp(logs[id]))))));
    $("mattered-window").replaceChildren(column(say("withWindow", k), short), column(say("withState", most), whole),
      make("p", { "data-value": divergence(whole, short) }, say("apart", divergence(whole, short).toFixed(4))));
  }
}

/** Return the chart of the divergence by window. @param {Float64Array} window */
function chart(window) {
  const width = Math.max(300, $("mattered-chart").clientWidth);
  const greatest = Math.max(...window, 0.1);
  const x = (/** @type {number} */ k) => LEFT + ((width - LEFT - 20) * Math.log(k)) / Math.max(Math.log(window.length), 1e-9);
  const y = (/** @type {number} */ nats) => 10 + (HEIGHT - BOTTOM - 10) * (Math.log(greatest / Math.max(nats, LEAST)) / Math.log(greatest / LEAST));
  const path = Array.from(window, (nats, index) => `${index ? "L" : "M"}${x(index + 1).toFixed(1)} ${y(nats).toFixed(1)}`).join("");
  const rows = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6].filter((nats) => nats <= greatest).map((nats) => [
    draw("line", { x1: LEFT, x2: width - 20, y1: y(nats), y2: y(nats), class: "grid" }),
    draw("text", { x: LEFT - 6, y: y(nats) + 4, "text-anchor": "end", class: "tick" }, nats >= 0.01 ? String(nats) : `10⁻${"⁰¹²³⁴⁵⁶"[Math.round(-Math.log10(nats))]}`),
  ]);
  const columns = [1, 2, 5, 10, 20, 50, 100, 200].filter((k) => k <= window.length).map((k) =>
    draw("text", { x: x(k), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle", class: "tick" }, String(k)));
  return draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": say("windowChart") }, ...rows.flat(), ...columns,
    draw("text", { x: (LEFT + width) / 2, y: HEIGHT - 2, "text-anchor": "middle", class: "tick" }, say("windowAxis")),
    draw("path", { d: path, class: "line c" }));
}
