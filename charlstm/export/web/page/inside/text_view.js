/** The text that is read: a text area, and behind it the same text with each character on its colour. */

import { characterStart } from "../spans.js";
import { limited } from "./choice.js";
import { $, make } from "./dom.js";
import { isGate } from "./heat_map.js";

/** @typedef {import("./choice.js").Quantity} Quantity */
/** @typedef {import("./rows.js").Rows} Rows */
/** @typedef {import("../../engine/vocabulary.js").Vocabulary} Vocabulary */

const MOVED = 0.1; // of full colour: what a change moves by at least, so that it is marked

/**
 * What the characters are coloured by.
 * @typedef {{rows: Rows, before: Rows | null, layer: number, quantity: Quantity, unit: number, window: [number, number] | null}} Colours
 *   `before`: without the changes, if there are any; `layer`: from 1; `window`: indices of its first and last character.
 */

/** The text, its colours, and the character that is looked at. */
export class TextView {
  #text = "";
  /** @type {string[]} */ #characters = [];
  /** @type {HTMLElement[]} */ #spans = [];
  /** @type {string[]} */ #shown = []; // the kind and the colour of each span
  #composing = false; // an input method is at work
  #most = 0; // the value of full colour
  /** @type {DOMRect[] | null} */ #boxes = null; // of the spans, until the layout changes

  /** @param {Vocabulary} vocabulary */
  constructor(vocabulary) {
    this.vocabulary = vocabulary;
    this.area = /** @type {HTMLTextAreaElement} */ ($("inside-text"));
    this.layer = /** @type {HTMLElement} */ ($("inside-layer"));
    /** Called after the text was edited. @type {(text: string, place: number) => void} */ this.onedit = () => {};
    /** Called when another character is looked at. @type {(place: number) => void} */ this.onplace = () => {};
    /** Called when the pointer is over a character, and with null when it leaves. @type {(place: number | null) => void} */
    this.onhover = () => {};
    this.area.addEventListener("input", (event) => !(/** @type {InputEvent} */ (event).isComposing) && this.#edited());
    this.area.addEventListener("compositionend", () => {
      this.#composing = false;
      this.#edited();
    });
    for (const event of ["click", "keyup", "select"]) {
      this.area.addEventListener(event, () => this.#composing || this.onplace(this.#place()));
    }
    this.area.addEventListener("compositionstart", () => (this.#composing = true));
    this.area.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.onhover(this.#under(event)));
    this.area.addEventListener("pointerleave", () => this.onhover(null));
    new ResizeObserver(() => (this.#boxes = null)).observe(this.layer);
    addEventListener("scroll", () => (this.#boxes = null), { capture: true, passive: true });
  }

  /** The characters of the text. */
  get characters() {
    return this.#characters;
  }

  /**
   * Show another text.
   * @param {string} text
   */
  show(text) {
    if (text === this.#text && this.area.value === text) return;
    if (this.area.value !== text) this.area.value = text;
    const characters = Array.from(text);
    const old = this.#characters;
    const shorter = Math.min(characters.length, old.length);
    let [same, end] = [0, 0]; // characters at the beginning and at the end whose elements stay
    while (same < shorter && characters[same] === old[same]) same++;
    while (end < shorter - same && characters[characters.length - 1 - end] === old[old.length - 1 - end]) end++;
    const added = characters.slice(same, characters.length - end).map((character) => make("span", {}, character));
    const removed = old.length - end - same;
    const following = this.#spans[same + removed];
    if (following) following.before(...added);
    else this.layer.append(...added);
    this.#spans.splice(same, removed, ...added).forEach((span) => span.remove());
    this.#shown.splice(same, removed, ...added.map(() => ""));
    [this.#text, this.#characters, this.#boxes] = [text, characters, null];
  }

  /**
   * Put the caret behind a character.
   * @param {number} place
   */
  moveTo(place) {
    const end = this.#characters.slice(0, place + 1).join("").length;
    this.area.setSelectionRange(end, end);
  }

  /**
   * Colour the characters by a quantity of a unit, and return the value of full colour. Those that are not known yet stay as they
   * are; those outside a window are not read. Those at which the changes moved the value are marked.
   * @param {Colours} colours
   * @param {number} [from] Index of the first character whose value is new; all are coloured again if the scale changes.
   * @returns {number}
   */
  colour({ rows, before, layer, quantity, unit, window }, from = 0) {
    const values = rows.series(layer, quantity, unit);
    const old = before?.series(layer, quantity, unit);
    const read = (/** @type {number} */ place) => !window || (place >= window[0] && place <= window[1]);
    let most = isGate(quantity) ? 1 : 1e-9;
    for (const [place, value] of values.entries()) if (read(place)) most = Math.max(most, Math.abs(value));
    for (let place = most === this.#most ? from : 0; place < Math.min(values.length, this.#spans.length); place++) {
      const [span, value] = [this.#spans[place], values[place]];
      const share = (Math.abs(value) / most).toFixed(3);
      const moved = old !== undefined && Math.abs(value - (old[place] ?? value)) > MOVED * most;
      const kind = !read(place) ? "unread" : moved ? "moved" : "";
      const shade = read(place) ? `rgb(var(${value < 0 ? "--below" : "--above"}) / ${share})` : "";
      if (this.#shown[place] === kind + shade) continue; // to change an element costs more than to compare
      this.#shown[place] = kind + shade;
      for (const name of ["unread", "moved"]) span.classList.toggle(name, name === kind);
      span.style.backgroundColor = shade;
    }
    this.#most = most;
    return most;
  }

  /**
   * Mark the character that is looked at.
   * @param {number} place
   */
  mark(place) {
    this.layer.querySelector(".here")?.classList.remove("here");
    this.#spans[place]?.classList.add("here");
  }

  /** Scroll a character into view. @param {number} place */
  reveal(place) {
    const [span, paper] = [this.#spans[place], $("inside-paper")];
    if (!span) return;
    const top = span.getBoundingClientRect().top - paper.getBoundingClientRect().top + paper.scrollTop;
    const above = top - 12;
    const below = top + 40 - paper.clientHeight;
    if (paper.scrollTop > above) paper.scrollTop = above;
    else if (paper.scrollTop < below) paper.scrollTop = below;
  }

  #edited() {
    const { value, selectionStart } = this.area;
    const known = (/** @type {string} */ part) => (this.vocabulary.rare ? part : this.vocabulary.normalise(part));
    const text = known(limited(value));
    const caret = known(value.slice(0, selectionStart)).length;
    const same = text === value;
    this.show(text);
    if (!same) this.area.setSelectionRange(caret, caret); // a text that was cut or respelt
    this.onedit(text, this.#place());
  }

  /** Return the index of the character before the caret. */
  #place() {
    const end = characterStart(this.#text, this.area.selectionEnd);
    return Math.max(0, Array.from(this.#text.slice(0, end)).length - 1);
  }

  /** Return the index of the character under the pointer. @param {PointerEvent} event */
  #under({ clientX, clientY }) {
    this.#boxes ??= this.#spans.map((span) => span.getBoundingClientRect());
    const place = this.#boxes.findIndex(({ left, right, top, bottom }) =>
      clientX >= left && clientX < right && clientY >= top && clientY < bottom);
    return place < 0 ? null : place;
  }
}
