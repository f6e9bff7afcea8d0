/**
 * The text area, and the layer behind it that shows the same text with its colours.
 *
 * The letters of the text area are transparent. The layer shows them: what was typed and what the model wrote in different ink, on
 * a background by surprisal if wanted. So writing, selecting and reading aloud stay those of a plain text area.
 */

import { History } from "./history.js";
import { Layer } from "./layer.js";
import { characterStart, edited, extended } from "./spans.js";

/** @typedef {import("./spans.js").Span} Span */
/** @typedef {{text: string, spans: Span[], caret: number}} Document */

const MIN_REST = 50; // milliseconds between two showings of further colours

/** A text of a person and a model. */
export class Editor {
  /** @type {History<Document>} */ #history = new History();
  /** @type {Span[]} */ #spans = [];
  #text = "";
  /** @type {number[] | null} */ #nats = null; // by character; the first has none
  #layer;
  #pending = false;
  #rest = MIN_REST;

  /**
   * @param {HTMLTextAreaElement} area
   * @param {HTMLElement} layer
   * @param {HTMLElement} scroller
   */
  constructor(area, layer, scroller) {
    this.area = area;
    this.#layer = new Layer(layer);
    this.scroller = scroller;
    /** Called after every change of the text. */
    this.onchange = () => {};
    this.#render();
    area.addEventListener("input", () => this.#edited());
  }

  get text() {
    return this.#text;
  }

  /** Whether there is a step to undo. */
  get canUndo() {
    return this.#history.some;
  }

  /** The place in the string of the character before which the caret stands. */
  get caret() {
    return characterStart(this.#text, this.area.selectionStart);
  }

  /** Surprisal by character in nats, while the text is coloured; those at its end may be missing. */
  get nats() {
    return this.#nats;
  }

  /** Keep the present text as a step of undo. */
  keep() {
    this.#history.keep(this.#document());
  }

  /** Return to the text before the last step. */
  undo() {
    const before = this.#history.undo();
    if (before) this.#show(before);
  }

  /**
   * Replace the text from a place on.
   * @param {number} start
   * @param {string} text
   * @param {boolean} generated Whether the model wrote it.
   */
  replaceFrom(start, text, generated) {
    const spans = edited(this.#spans, this.#text, this.#text.slice(0, start));
    const end = start + text.length;
    this.#show({ text: this.#text.slice(0, start) + text, spans: generated ? extended(spans, start, end) : spans, caret: end });
  }

  /**
   * Add what the model wrote at the end of the text.
   * @param {string} piece
   */
  append(piece) {
    const atEnd = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 40;
    const start = this.#text.length;
    const { selectionStart, selectionEnd } = this.area;
    const follows = selectionStart === start && selectionEnd === start;
    this.#text += piece;
    this.#spans = extended(this.#spans, start, this.#text.length);
    this.#layer.append(piece);
    this.area.setRangeText(piece, start, start, follows ? "end" : "preserve");
    if (atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.onchange();
  }

  /**
   * Show or hide the colours.
   * @param {boolean} on
   */
  colour(on) {
    this.#nats = on ? [] : null;
    this.#render();
  }

  /**
   * Colour further characters.
   * @param {number} from Number of the first one.
   * @param {number[]} nats
   */
  addNats(from, nats) {
    if (!this.#nats) return;
    this.#nats.length = Math.min(this.#nats.length, from);
    while (this.#nats.length < from) this.#nats.push(0);
    this.#nats.push(...nats);
    this.#renderSoon();
  }

  #edited() {
    const before = this.#document();
    const { value } = this.area;
    this.#history.keepTyping(before, performance.now());
    this.#spans = edited(this.#spans, before.text, value);
    this.#text = value;
    this.#forgetNats(before.text);
    this.#render();
    this.onchange();
  }

  /** @returns {Document} */
  #document() {
    return { text: this.#text, spans: this.#spans, caret: this.area.selectionStart };
  }

  /** @param {Document} document */
  #show({ text, spans, caret }) {
    const before = this.#text;
    this.#text = this.area.value = text;
    this.#spans = spans;
    this.area.setSelectionRange(caret, caret);
    this.#forgetNats(before);
    this.#render();
    this.onchange();
  }

  /**
   * Forget the surprisal of the characters from the first changed one on.
   * @param {string} before
   */
  #forgetNats(before) {
    if (!this.#nats) return;
    let same = 0;
    for (const character of this.#text) {
      if (!before.startsWith(character, same)) break;
      same += character.length;
    }
    this.#nats.length = Math.min(this.#nats.length, Array.from(this.#text.slice(0, same)).length);
  }

  /** Show further colours, but spend at most a fifth of the time on them: the page stays responsive for texts of any length. */
  #renderSoon() {
    if (this.#pending) return;
    this.#pending = true;
    setTimeout(() => {
      this.#pending = false;
      const began = performance.now();
      this.#render();
      this.#rest = Math.max(MIN_REST, 4 * (performance.now() - began));
    }, this.#rest);
  }

  #render() {
    this.#layer.show(this.#text, this.#spans, this.#nats);
  }
}
