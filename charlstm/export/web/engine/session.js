/** A text that a model reads and continues, with the state kept from one call to the next. */

import { GeneratedText, readOptions } from "./generation.js";
import { StatefulDecoder, createDecoder } from "./modes.js";
import { nextCharacters, surprisalOf } from "./next.js";
import { PENALTY_WINDOW, Sampler } from "./sampling.js";

/** @typedef {import("./generation.js").GenerationOptions} GenerationOptions */
/** @typedef {import("./lstm.js").LayerState} LayerState */
/** @typedef {import("./modes.js").Mode} Mode */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./next.js").NextCharacter} NextCharacter */
/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

const SNAPSHOTS = 128; // at most; beyond that, every second one is dropped
const SPACING = 64; // characters between two snapshots, at first

/**
 * A text and the state after it, for a page on which a text is written, changed and continued.
 *
 * A stateful session keeps copies of its state along the text, so that going back reads few characters again. A stateless one
 * reads the last window again.
 */
export class Session {
  #decoder;
  /** @type {number[]} */ #ids = [];
  /** @type {{count: number, state: LayerState[]}[]} */ #snapshots = [];
  #spacing = SPACING;

  /**
   * @param {Network} network
   * @param {Vocabulary} vocabulary
   * @param {Mode} mode
   */
  constructor(network, vocabulary, mode) {
    this.network = network;
    this.vocabulary = vocabulary;
    this.mode = mode;
    this.#decoder = createDecoder(network, mode);
  }

  /** The number of characters of the text. */
  get length() {
    return this.#ids.length;
  }

  /** Empty the text. */
  reset() {
    this.#goBack(0);
  }

  /**
   * Make `text` the session's text, and read what differs from its text so far.
   * @param {string} text
   * @throws {import("./vocabulary.js").UnknownCharacterError} If the model does not know a character; nothing changes then.
   */
  read(text) {
    for (const _ of this.reading(text));
  }

  /**
   * Read further characters at the end of the text.
   * @param {string} text
   */
  feed(text) {
    for (const id of this.vocabulary.encodeAny(text)) this.#step(id);
  }

  /**
   * Do as {@link read}, a character at a time, and yield the number of characters left. A caller that stops has read a beginning.
   * @param {string} text
   * @returns {Generator<number, void, void>}
   */
  *reading(text) {
    const ids = this.vocabulary.encodeAny(text);
    let common = 0;
    while (common < ids.length && ids[common] === this.#ids[common]) common++;
    let next = this.#ids.length;
    if (common < next) {
      this.#goBack(common);
      next = this.#ids.length;
    }
    const window = this.network.config.seq_len;
    if (this.mode === "stateless" && ids.length - next > window) {
      // The lanes need the last window only; the characters before it are kept as text.
      next = Math.max(0, ids.length - window);
      this.#decoder.reset();
      this.#ids = Array.from(ids.subarray(0, next));
    }
    for (; next < ids.length; next++) {
      this.#step(ids[next]);
      yield ids.length - next - 1;
    }
  }

  /**
   * Return the next-character distribution, the likeliest character first.
   * @returns {NextCharacter[]}
   */
  next() {
    this.#requireText();
    return nextCharacters(this.#decoder.logits(), this.vocabulary);
  }

  /**
   * Return the surprisal of a character after the text: nats.
   * @param {string} character
   * @returns {number}
   */
  surprisal(character) {
    this.#requireText();
    return surprisalOf(this.#decoder.logits(), character, this.vocabulary);
  }

  /**
   * Continue the text, and yield each piece as soon as no stop string can begin in it.
   *
   * The text has every chosen character after each piece, also when the caller stops. A stop string stays in the text: to remove
   * it, {@link read} the text without it.
   * @param {Omit<GenerationOptions, "mode"> & {position?: number}} [options] `position` is the number of generated characters at
   *   the end of the text: the noise continues from there.
   * @returns {Generator<string, void, void>}
   */
  write({ position = 0, ...options } = {}) {
    this.#requireText();
    const { length, randomSeed, sampling, stops } = readOptions({ ...options, mode: this.mode }, this.vocabulary);
    const sampler = new Sampler(sampling, randomSeed, this.vocabulary.size, Uint32Array.from(this.#ids.slice(-PENALTY_WINDOW)), position);
    this.#save();
    return this.#pieces(length, sampler, new GeneratedText(stops));
  }

  /**
   * @param {number} length
   * @param {Sampler} sampler
   * @param {GeneratedText} text
   * @returns {Generator<string, void, void>}
   */
  *#pieces(length, sampler, text) {
    for (let count = 0; count < length && !text.stopped; count++) {
      const id = sampler.choose(this.#decoder.logits());
      this.#step(id);
      text.append(this.vocabulary.characters[id]);
      const piece = text.give();
      if (piece) yield piece;
    }
    const rest = text.give(true);
    if (rest) yield rest;
  }

  /** @param {number} id */
  #step(id) {
    this.#decoder.step([id]);
    this.#ids.push(id);
    if (this.#ids.length % this.#spacing === 0) this.#save();
  }

  /** Keep a copy of the state, in stateful mode. */
  #save() {
    const count = this.#ids.length;
    if (!(this.#decoder instanceof StatefulDecoder) || this.#snapshots.at(-1)?.count === count) return;
    this.#snapshots.push({ count, state: this.#decoder.save() });
    if (this.#snapshots.length > SNAPSHOTS) {
      this.#spacing *= 2;
      this.#snapshots = this.#snapshots.filter((_, index) => index % 2 === 1); // keeps the last one
    }
  }

  /**
   * Return to the latest state known after at most `count` characters.
   * @param {number} count
   */
  #goBack(count) {
    while (this.#snapshots.length > 0 && this.#snapshots[this.#snapshots.length - 1].count > count) this.#snapshots.pop();
    const snapshot = this.#snapshots.at(-1);
    if (snapshot && this.#decoder instanceof StatefulDecoder) this.#decoder.restore(snapshot.state);
    else this.#decoder.reset();
    this.#ids.length = snapshot?.count ?? 0;
    if (this.#ids.length === 0) this.#spacing = SPACING;
  }

  #requireText() {
    if (this.#ids.length === 0) throw new RangeError("the text is empty; read at least one character first");
  }
}
