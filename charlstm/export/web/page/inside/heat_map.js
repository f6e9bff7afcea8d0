/** All units of a layer along the text, as a picture with a row for each unit and a column for each character. */

import { say } from "../strings.js";
import { $, decimal, make, quoted } from "./dom.js";

/** @typedef {import("./choice.js").Quantity} Quantity */
/** @typedef {import("./rows.js").Rows} Rows */

/** What the picture shows.
 * @typedef {{rows: Rows, layer: number, quantity: Quantity, order: number[], characters: string[], place: number, unit: number,
 *   read: [number, number]}} Shown `read`: indices of the first and the last character that are read. */

/** Whether a quantity is from 0 to 1 in models with sigmoid gates; the others have a sign. @param {Quantity} quantity */
export const isGate = (quantity) => quantity === "i" || quantity === "f" || quantity === "o";

/** The picture. */
export class HeatMap {
  /** @type {Shown | null} */ #shown = null;
  #most = 1;

  constructor() {
    this.canvas = /** @type {HTMLCanvasElement} */ ($("map"));
    /** Called when a unit at a character is chosen. @type {(unit: number, place: number) => void} */ this.onchoose = () => {};
    this.canvas.addEventListener("click", (event) => {
      const at = this.#under(event);
      if (at) this.onchoose(at.unit, at.place);
    });
    $("map-area").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.canvas.addEventListener("pointermove", (event) => this.#tell(this.#under(event)));
    this.canvas.addEventListener("pointerleave", () => this.#tell(null));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint());
  }

  /** @param {Shown} shown */
  show(shown) {
    this.#shown = shown;
    this.#paint();
    this.mark(shown.unit, shown.place);
  }

  /**
   * Move the crosshair.
   * @param {number} unit
   * @param {number} place
   */
  mark(unit, place) {
    const shown = this.#shown;
    if (!shown) return;
    [shown.unit, shown.place] = [unit, place];
    const [across, down] = [$("map-column"), $("map-row")];
    const columns = Math.max(1, shown.rows.count);
    across.style.left = `${(100 * (place + 0.5)) / columns}%`;
    down.style.top = `${(100 * (shown.order.indexOf(unit) + 0.5)) / shown.order.length}%`;
    this.#tell(null);
  }

  /** Show the sentences in the present language. */
  refresh() {
    this.#tell(null);
  }

  /** Move the crosshair by the arrow keys. @param {KeyboardEvent} event */
  #key(event) {
    const shown = this.#shown;
    const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!shown || (!across && !down)) return;
    event.preventDefault();
    const clamp = (/** @type {number} */ value, /** @type {number} */ end) => Math.max(0, Math.min(end - 1, value));
    this.onchoose(shown.order[clamp(shown.order.indexOf(shown.unit) + down, shown.order.length)], clamp(shown.place + across, shown.rows.count));
  }

  /** @param {MouseEvent} event */
  #under({ offsetX, offsetY }) {
    const shown = this.#shown;
    if (!shown || shown.rows.count === 0) return null;
    const place = Math.min(shown.rows.count - 1, Math.max(0, Math.floor((offsetX / this.canvas.clientWidth) * shown.rows.count)));
    const row = Math.min(shown.order.length - 1, Math.max(0, Math.floor((offsetY / this.canvas.clientHeight) * shown.order.length)));
    return { unit: shown.order[row], place };
  }

  /** Say what stands at a unit and a character; null for those that are chosen. @param {{unit: number, place: number} | null} at */
  #tell(at) {
    const shown = this.#shown;
    if (!shown || shown.rows.count === 0) return;
    const { unit, place } = at ?? shown;
    if (place < 0 || place >= shown.rows.count) return;
    if (place < shown.read[0] || place > shown.read[1]) return void ($("map-value").textContent = say("notRead", unit, place + 1));
    const value = shown.rows.value(shown.layer, shown.quantity, unit, place);
    $("map-value").textContent = say("mapValue", unit, quoted(shown.characters[place] ?? ""), place + 1, shown.quantity, decimal(value));
    $("map-area").setAttribute("aria-label", say("mapLabel", shown.quantity, shown.layer, shown.order.length, shown.rows.count));
  }

  #paint() {
    const shown = this.#shown;
    if (!shown) return;
    const { rows, layer, quantity, order, characters, read } = shown;
    const count = rows.count;
    [this.canvas.width, this.canvas.height] = [Math.max(1, count), order.length];
    if (count === 0) return;
    const size = rows.units[layer - 1];
    const values = rows.layers[layer - 1];
    const first = ["i", "f", "g", "o", "c", "h"].indexOf(quantity);
    let most = 1e-9;
    for (let place = read[0]; place <= Math.min(read[1], count - 1); place++) {
      const start = (6 * place + first) * size;
      for (let unit = 0; unit < size; unit++) most = Math.max(most, Math.abs(values[start + unit]));
    }
    if (isGate(quantity)) most = Math.max(most, 1);
    this.#most = most;
    const style = getComputedStyle(document.documentElement);
    const [below, above] = ["--below", "--above"].map((name) => style.getPropertyValue(name).trim().split(" ").map(Number));
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const image = context.createImageData(count, order.length);
    const pixels = image.data;
    for (const [row, unit] of order.entries()) {
      for (let place = read[0]; place <= Math.min(read[1], count - 1); place++) {
        const share = values[(6 * place + first) * size + unit] / most;
        const shade = share < 0 ? below : above;
        const pixel = 4 * (row * count + place);
        pixels[pixel] = shade[0];
        pixels[pixel + 1] = shade[1];
        pixels[pixel + 2] = shade[2];
        // A few units have large values: the square root makes the others visible.
        pixels[pixel + 3] = 255 * (isGate(quantity) ? share : Math.sqrt(Math.abs(share)));
      }
    }
    context.putImageData(image, 0, 0);
    $("map-low").textContent = isGate(quantity) ? "0" : decimal(-most);
    $("map-high").textContent = decimal(this.#most);
    $("map-legend").classList.toggle("gate", isGate(quantity));
    this.#axes(order, characters, count);
  }

  /** @param {number[]} order @param {string[]} characters @param {number} count */
  #axes(order, characters, count) {
    const rows = ticks(order.length, 8);
    $("map-units").replaceChildren(...rows.map((row) => placed(make("span", {}, String(order[row])), "top", (row + 0.5) / order.length)));
    const wide = this.canvas.clientWidth / count >= 12;
    const columns = wide ? Array.from({ length: count }, (_, place) => place) : ticks(count, 8);
    const name = (/** @type {number} */ place) => (wide ? quoted(characters[place] ?? "").slice(1, -1) : String(place + 1));
    $("map-characters").replaceChildren(...columns.map((place) => placed(make("span", {}, name(place)), "left", (place + 0.5) / count)));
  }
}

/**
 * @param {HTMLElement} element
 * @param {"left" | "top"} side
 * @param {number} share
 */
function placed(element, side, share) {
  element.style[side] = `${100 * share}%`;
  return element;
}

/** Return about `wanted` indices, evenly spread. @param {number} length @param {number} wanted @returns {number[]} */
function ticks(length, wanted) {
  const steps = [1, 2, 5].flatMap((step) => [step, 10 * step, 100 * step, 1000 * step]).sort((a, b) => a - b);
  const step = steps.find((each) => length / each <= wanted) ?? length;
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
}
