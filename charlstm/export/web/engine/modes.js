/**
 * The stateless and the stateful mode of generation.
 *
 * Both read one character in every row of a batch of B texts; the state after it gives the logits of the next character.
 */

/** @typedef {import("./lstm.js").LayerState} LayerState */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {"stateless" | "stateful"} Mode */
/** @typedef {StatefulDecoder | StatelessDecoder} Decoder */

/** The stateful mode: each character is read once, and h and c of every layer are carried. */
export class StatefulDecoder {
  /**
   * @param {Network} network
   * @param {number} [batch] B
   */
  constructor(network, batch = 1) {
    this.network = network;
    this.batch = batch;
    this.layers = network.initialState(batch);
  }

  /** Start again from the zero state. */
  reset() {
    for (const { h, c } of this.layers) [h, c].forEach((values) => values.fill(0));
  }

  /**
   * Read one more character in every row.
   * @param {ArrayLike<number>} ids [B]
   */
  step(ids) {
    this.network.step(ids, this.layers, this.batch);
  }

  /**
   * Return the logits of the next character in every row; at least one character has been read.
   * @returns {Float32Array} [B, V]
   */
  logits() {
    return this.network.logits(this.layers[this.layers.length - 1].h, 0, this.batch);
  }

  /**
   * Return the part of a text, at its end, that the next character depends on: all of it.
   * @param {Uint32Array} ids
   * @returns {Uint32Array}
   */
  recent(ids) {
    return ids;
  }

  /**
   * Return a copy of the state.
   * @returns {LayerState[]}
   */
  save() {
    return this.layers.map(({ h, c }) => ({ h: h.slice(), c: c.slice() }));
  }

  /**
   * Return to a copy of a state.
   * @param {LayerState[]} saved
   */
  restore(saved) {
    for (const [index, { h, c }] of saved.entries()) {
      this.layers[index].h.set(h);
      this.layers[index].c.set(c);
    }
  }
}

/**
 * The stateless mode: every prediction starts from a zero state and reads the last `seq_len` characters.
 *
 * Lanes give the result of the append-and-shift loop in one batched step per character. There are W = `seq_len` states, each
 * reset to zero one character after the previous one. A new character is read by all of them. The oldest has then read exactly
 * the window: it gives the prediction, and is reset at the next character. Row `j B + b` is lane j of text b.
 */
export class StatelessDecoder {
  #read = 0; // characters read so far

  /**
   * @param {Network} network
   * @param {number} [batch] B
   */
  constructor(network, batch = 1) {
    this.network = network;
    this.batch = batch;
    this.width = network.config.seq_len;
    this.layers = network.initialState(this.width * batch);
  }

  /** Start again from the zero state. */
  reset() {
    for (const { h, c } of this.layers) [h, c].forEach((values) => values.fill(0));
    this.#read = 0;
  }

  /**
   * Read one more character in every row.
   * @param {ArrayLike<number>} ids [B]
   */
  step(ids) {
    const { batch, layers, width } = this;
    if (this.#read >= width) {
      // The oldest lane has read its window: reset it before this character.
      const lane = this.#read % width;
      for (const { h, c } of layers) {
        const size = h.length / width;
        for (const values of [h, c]) values.fill(0, lane * size, (lane + 1) * size);
      }
    }
    this.network.step(ids, layers, Math.min(this.#read + 1, width) * batch);
    this.#read++;
  }

  /**
   * Return the logits of the next character in every row; at least one character has been read.
   * @returns {Float32Array} [B, V]
   */
  logits() {
    const oldest = this.#read >= this.width ? this.#read % this.width : 0;
    return this.network.logits(this.layers[this.layers.length - 1].h, oldest * this.batch, this.batch);
  }

  /**
   * Return the last window of a text.
   * @param {Uint32Array} ids
   * @returns {Uint32Array}
   */
  recent(ids) {
    return ids.slice(-this.width);
  }
}

/**
 * Return a new decoder of a mode.
 * @param {Network} network
 * @param {Mode} mode
 * @param {number} [batch] Number of texts.
 * @returns {Decoder}
 */
export function createDecoder(network, mode, batch = 1) {
  return mode === "stateful" ? new StatefulDecoder(network, batch) : new StatelessDecoder(network, batch);
}
