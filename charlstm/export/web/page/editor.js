/**
 * The text area, and the layer behind it that shows the same text with its colours.
 *
 * The letters of the text area are transparent. The layer shows them: what was typed and what the model wrote in different ink, on
 * a background by surprisal if wanted. So writing, selecting and reading aloud stay those of a plain text area.
 */

import { History } from "./history.js";
import { characterStart, edited, extended } from "./spans.js";

/** @typedef {import("./spans.js").Span} Span */
/** @typedef {{text: string, spans: Span[], caret: number}} Document */

const LEVELS = 8; // of surprisal, by the style sheet
const MOST_NATS = 6; // of the last level
const MIN_REST = 50; // milliseconds between two showings of further colours

/** A text of a person and a model. */
export class Editor {
  /** @type {History<Document>} */ #history = new History();
  /** @type {Span[]} */ #spans = [];
  #text = "";
  /** @type {number[] | null} */ #nats = null; // by character; the first has none
  /** @type {string[]} */ #shown = []; // the lines that the layer shows
  #pending = false;
  #rest = MIN_REST;

  /**
   * @param {HTMLTextAreaElement} area
   * @param {HTMLElement} layer
   * @param {HTMLElement} scroller
   */
  constructor(area, layer, scroller) {
    this.area = area;
    this.layer = layer;
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
    this.#appendLines(piece);
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
    this.layer.classList.toggle("coloured", on);
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

  /** Show the text: each line is a block, so that the browser arranges only the lines that changed. */
  #render() {
    const lines = this.#lines();
    const old = this.#shown;
    const shorter = Math.min(lines.length, old.length);
    let first = 0;
    while (first < shorter && lines[first] === old[first]) first++;
    let same = 0;
    while (same < shorter - first && lines[lines.length - 1 - same] === old[old.length - 1 - same]) same++;
    for (let index = old.length - same - 1; index >= first; index--) this.layer.children[index].remove();
    const following = this.layer.children[first] ?? null;
    for (const line of lines.slice(first, lines.length - same)) this.layer.insertBefore(block(line), following);
    this.#shown = lines;
  }

  /**
   * Return the lines of the text. Each is a list of runs of characters of one kind, as JSON: [[kind, characters], …].
   * @returns {string[]}
   */
  #lines() {
    /** @type {string[]} */ const lines = [];
    /** @type {[string, string][]} */ let runs = [];
    let [place, number, next] = [0, 0, 0];
    for (const character of this.#text) {
      while (next < this.#spans.length && this.#spans[next][1] <= place) next++;
      const generated = next < this.#spans.length && this.#spans[next][0] <= place ? "generated" : "";
      const nats = this.#nats && number > 0 ? this.#nats[number] : undefined;
      const level = nats === undefined ? 0 : Math.min(LEVELS, Math.ceil((LEVELS * nats) / MOST_NATS));
      const kind = level > 0 ? `${generated} s${level}`.trim() : generated;
      const last = runs.at(-1);
      if (last && last[0] === kind) last[1] += character;
      else runs.push([kind, character]);
      place += character.length;
      number++;
      if (character === "\n") {
        lines.push(JSON.stringify(runs));
        runs = [];
      }
    }
    lines.push(JSON.stringify(runs));
    return lines;
  }

  /**
   * Add what the model wrote to the last line, and start lines.
   * @param {string} piece
   */
  #appendLines(piece) {
    for (const part of piece.split(/(?<=\n)/)) {
      const line = this.layer.lastElementChild;
      const run = line?.lastElementChild;
      // One text node that grows: of several, the browser would report each that wraps to the next line as a layout shift.
      if (run?.className === "generated" && run.lastChild instanceof Text) run.lastChild.appendData(part);
      else line?.append(span(part, "generated"));
      this.#shown[this.#shown.length - 1] = ""; // the next showing compares it anew
      if (part.endsWith("\n")) {
        this.layer.append(block("[]"));
        this.#shown.push("");
      }
    }
  }
}

/**
 * Return the block of a line.
 * @param {string} line Its runs, as JSON.
 */
function block(line) {
  const result = document.createElement("div");
  for (const [kind, text] of JSON.parse(line)) result.append(span(text, kind));
  return result;
}

/**
 * @param {string} text
 * @param {string} kind Its classes.
 */
function span(text, kind) {
  const result = document.createElement("span");
  if (kind) result.className = kind;
  result.textContent = text;
  return result;
}
