/** Everything that a network computes along a text, kept for every character. */

import { changesAt, resetsAt } from "./changes.js";

/** @typedef {import("../engine/lstm.js").LayerState} LayerState */
/** @typedef {import("../engine/network.js").Network} Network */
/** @typedef {import("./changes.js").Change} Change */

/** The quantities of a unit, in the order in which they are kept: the gates and the candidate, the cell state, the hidden state. */
export const QUANTITIES = /** @type {const} */ (["i", "f", "g", "o", "c", "h"]);

const FIRST_CAPACITY = 64; // characters

/**
 * The activations and logits of a network along a text that is read from a zero state.
 *
 * A text that changes is read again from the first character that differs; the state before it is that of the character before.
 */
export class Trace {
  #capacity = 0;

  /**
   * @param {Network} network
   * @param {{changes?: Change[], first?: number}} [options] What is changed; the first character that is read, for a window.
   */
  constructor(network, { changes = [], first = 0 } = {}) {
    this.network = network;
    this.changes = changes;
    this.first = first;
    /** @type {number[]} */ this.ids = [];
    /** Of each layer, [T, 6, U]: the quantities of each unit after each character; zeros before the first one that is read.
     * @type {Float32Array[]} */
    this.layers = network.config.units.map(() => new Float32Array(0));
    /** [T, V] */
    this.logits = new Float32Array(0);
    this.state = network.initialState(1);
  }

  /**
   * Make a text the one that is traced: read what differs, and yield the number of characters that are done after each.
   * @param {ArrayLike<number>} ids
   * @returns {Generator<number, void, void>}
   */
  *reading(ids) {
    const common = this.common(ids);
    this.ids.length = common;
    this.state = this.stateBefore(common);
    this.#reserve(ids.length);
    while (this.ids.length < ids.length) {
      this.#read(ids[this.ids.length]);
      yield this.ids.length;
    }
  }

  /**
   * Return the number of characters at the beginning of a text that were read already.
   * @param {ArrayLike<number>} ids
   * @returns {number}
   */
  common(ids) {
    let common = 0;
    while (common < Math.min(ids.length, this.ids.length) && ids[common] === this.ids[common]) common++;
    return common;
  }

  /**
   * Return a copy of the state in which a character is read: that after the character before it, or zero.
   * @param {number} place Index of the character, at most the number of those that were read.
   * @returns {LayerState[]}
   */
  stateBefore(place) {
    const state = this.network.initialState(1);
    if (place <= this.first || resetsAt(this.changes, place)) return state;
    for (const [index, { h, c }] of state.entries()) {
      const row = 6 * h.length * (place - 1);
      c.set(this.layers[index].subarray(row + 4 * c.length, row + 5 * c.length));
      h.set(this.layers[index].subarray(row + 5 * h.length, row + 6 * h.length));
    }
    return state;
  }

  /**
   * Return copies of the rows of some characters, to be sent: of each layer [N, 6, U], and the logits [N, V].
   * @param {number} start
   * @param {number} end
   * @returns {{layers: Float32Array[], logits: Float32Array}}
   */
  rows(start, end) {
    const { units, vocabulary_size: characters } = this.network.config;
    return {
      layers: this.layers.map((values, index) => values.slice(6 * units[index] * start, 6 * units[index] * end)),
      logits: this.logits.slice(characters * start, characters * end),
    };
  }

  /** @param {number} id */
  #read(id) {
    const { network, state } = this;
    const { units, vocabulary_size: characters } = network.config;
    const place = this.ids.length;
    this.ids.push(id);
    if (place < this.first) return;
    if (resetsAt(this.changes, place)) for (const { h, c } of state) [h, c].forEach((values) => values.fill(0));
    network.step([id], state, 1, changesAt(this.changes, place, units));
    for (const [index, { h, c }] of state.entries()) {
      const size = units[index];
      const row = 6 * size * place;
      this.layers[index].set(network.layers[index].product.output.subarray(0, 4 * size), row);
      this.layers[index].set(c, row + 4 * size);
      this.layers[index].set(h, row + 5 * size);
    }
    this.logits.set(network.logits(state[state.length - 1].h, 0, 1), characters * place);
  }

  /**
   * Make room for the rows of a text.
   * @param {number} characters
   */
  #reserve(characters) {
    if (characters <= this.#capacity) return;
    this.#capacity = Math.max(FIRST_CAPACITY, characters, 2 * this.#capacity);
    const { units, vocabulary_size: width } = this.network.config;
    const grown = (/** @type {Float32Array} */ old, /** @type {number} */ row) => {
      const values = new Float32Array(row * this.#capacity);
      values.set(old);
      return values;
    };
    this.layers = this.layers.map((values, index) => grown(values, 6 * units[index]));
    this.logits = grown(this.logits, width);
  }
}
