/** What the worker has computed along the text, as the page holds it. */

/** @typedef {import("./choice.js").Quantity} Quantity */

const QUANTITIES = ["i", "f", "g", "o", "c", "h"];

/** The activations and logits of each character that is known. */
export class Rows {
  /** Number of characters that are known. */
  count = 0;
  #capacity = 0;

  /**
   * @param {number[]} units Units of each layer.
   * @param {number} characters V
   */
  constructor(units, characters) {
    this.units = units;
    this.characters = characters;
    /** Of each layer, [T, 6, U]. @type {Float32Array[]} */ this.layers = units.map(() => new Float32Array(0));
    /** [T, V] */ this.logits = new Float32Array(0);
  }

  /**
   * Add the rows of further characters; those from there on are forgotten.
   * @param {{from: number, layers: Float32Array[], logits: Float32Array}} rows
   */
  add({ from, layers, logits }) {
    const end = from + logits.length / this.characters;
    this.#reserve(end);
    for (const [index, values] of layers.entries()) this.layers[index].set(values, 6 * this.units[index] * from);
    this.logits.set(logits, this.characters * from);
    this.count = end;
  }

  /**
   * Return a quantity of a unit after a character.
   * @param {number} layer From 1.
   * @param {Quantity} quantity
   * @param {number} unit
   * @param {number} place
   */
  value(layer, quantity, unit, place) {
    const size = this.units[layer - 1];
    return this.layers[layer - 1][(6 * place + QUANTITIES.indexOf(quantity)) * size + unit];
  }

  /**
   * Return a quantity of a unit along the text: [count].
   * @param {number} layer From 1.
   * @param {Quantity} quantity
   * @param {number} unit
   */
  series(layer, quantity, unit) {
    const [size, values, first] = [this.units[layer - 1], this.layers[layer - 1], QUANTITIES.indexOf(quantity)];
    return Float32Array.from({ length: this.count }, (_, place) => values[(6 * place + first) * size + unit]);
  }

  /**
   * Return the log-probabilities of the characters that can come after a character.
   * @param {number} place
   * @param {number} size Number of them.
   * @returns {Float64Array}
   */
  logProbabilities(place, size) {
    const logits = Float64Array.from(this.logits.subarray(place * this.characters, place * this.characters + size));
    const greatest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const log = Math.log(logits.reduce((total, logit) => total + Math.exp(logit - greatest), 0));
    return logits.map((logit) => logit - greatest - log);
  }

  /** @param {number} characters */
  #reserve(characters) {
    if (characters <= this.#capacity) return;
    this.#capacity = Math.max(64, characters, 2 * this.#capacity);
    const grown = (/** @type {Float32Array} */ old, /** @type {number} */ row) => {
      const values = new Float32Array(row * this.#capacity);
      values.set(old);
      return values;
    };
    this.layers = this.layers.map((values, index) => grown(values, 6 * this.units[index]));
    this.logits = grown(this.logits, this.characters);
  }
}
