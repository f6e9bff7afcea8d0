/** The layer behind the text area: the text in the ink of a person and of the model, on a background by surprisal if wanted. */

/** @typedef {import("./spans.js").Span} Span */

const LEVELS = 8; // of surprisal, by the style sheet
const MOST_NATS = 6; // of the last level

/** The lines of a text, as elements. */
export class Layer {
  /** @type {string[]} */ #shown = []; // the lines that the layer shows

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /**
   * Show a text: each line is a block, so that the browser arranges only the lines that changed.
   * @param {string} text
   * @param {Span[]} spans What the model wrote.
   * @param {number[] | null} nats Surprisal by character; null to show no colours.
   */
  show(text, spans, nats) {
    this.element.classList.toggle("coloured", nats !== null);
    const lines = linesOf(text, spans, nats);
    const old = this.#shown;
    const shorter = Math.min(lines.length, old.length);
    let first = 0;
    while (first < shorter && lines[first] === old[first]) first++;
    let same = 0;
    while (same < shorter - first && lines[lines.length - 1 - same] === old[old.length - 1 - same]) same++;
    for (let index = old.length - same - 1; index >= first; index--) this.element.children[index].remove();
    const following = this.element.children[first] ?? null;
    for (const line of lines.slice(first, lines.length - same)) this.element.insertBefore(block(line), following);
    this.#shown = lines;
  }

  /**
   * Add what the model wrote to the last line, and start lines.
   * @param {string} piece
   */
  append(piece) {
    for (const part of piece.split(/(?<=\n)/)) {
      const line = this.element.lastElementChild;
      const run = line?.lastElementChild;
      // One text node that grows: of several, the browser would report each that wraps to the next line as a layout shift.
      if (run?.className === "generated" && run.lastChild instanceof Text) run.lastChild.appendData(part);
      else line?.append(span(part, "generated"));
      this.#shown[this.#shown.length - 1] = ""; // the next showing compares it anew
      if (part.endsWith("\n")) {
        this.element.append(block("[]"));
        this.#shown.push("");
      }
    }
  }
}

/**
 * Return the lines of the text. Each is a list of runs of characters of one kind, as JSON: [[kind, characters], …].
 * @param {string} text
 * @param {Span[]} spans
 * @param {number[] | null} nats
 * @returns {string[]}
 */
function linesOf(text, spans, nats) {
  /** @type {string[]} */ const lines = [];
  /** @type {[string, string][]} */ let runs = [];
  let [place, number, next] = [0, 0, 0];
  for (const character of text) {
    while (next < spans.length && spans[next][1] <= place) next++;
    const generated = next < spans.length && spans[next][0] <= place ? "generated" : "";
    const surprisal = nats && number > 0 ? nats[number] : undefined;
    const level = surprisal === undefined ? 0 : Math.min(LEVELS, Math.ceil((LEVELS * surprisal) / MOST_NATS));
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
