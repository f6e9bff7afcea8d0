/** The whole network: encoding, LSTM layers, Dense. */

import { LSTMLayer } from "./lstm.js";
import { ROWS, createProducts } from "./products.js";

/** @typedef {import("./lstm.js").Activation} Activation */
/** @typedef {import("./lstm.js").LayerChange} LayerChange */
/** @typedef {import("./lstm.js").LayerState} LayerState */
/** @typedef {import("./products.js").Matrix} Matrix */
/** @typedef {import("./products.js").Product} Product */
/** @typedef {Record<string, Float32Array>} Weights */

/**
 * The settings of a model that its network depends on, by their names in config.json.
 * @typedef {object} ModelConfig
 * @property {number} vocabulary_size V, with the placeholder of rare characters if the model has one.
 * @property {number} seq_len Characters in a window: the context of a stateless prediction.
 * @property {"scalar" | "one-hot" | "embedding"} encoding
 * @property {number} embedding_size E
 * @property {number[]} units Units of each LSTM layer, the first layer first.
 * @property {Activation} activation
 * @property {Activation} recurrent_activation
 * @property {boolean} use_bias
 */

/**
 * A network that reads one character at a time.
 *
 * Under every input encoding there are only V different inputs. The first layer's input projection `x . kernel + bias` is
 * therefore computed once for each of them, and then looked up.
 */
export class Network {
  /**
   * @param {ModelConfig} config
   * @param {Weights} weights By name in model.safetensors, in Keras's layouts. Some of the arrays may be overwritten.
   * @param {{simd?: boolean}} [options] Without SIMD, plain JavaScript multiplies.
   */
  constructor(config, weights, options) {
    this.config = config;
    const { units, vocabulary_size: characters } = config;
    /** @type {Matrix[]} */
    const matrices = units.map((size, layer) => {
      const recurrent = weights[`lstm_${layer + 1}/recurrent_kernel`];
      if (layer === 0) return { blocks: [recurrent], n: size, m: 4 * size };
      return { blocks: [weights[`lstm_${layer + 1}/kernel`], recurrent], n: units[layer - 1] + size, m: 4 * size };
    });
    const last = units[units.length - 1];
    const products = createProducts(
      [...matrices, { blocks: [weights["dense/kernel"]], n: last, m: characters }], options,
    );
    /** @type {LSTMLayer[]} */
    this.layers = units.map((size, layer) => {
      const bias = weights[`lstm_${layer + 1}/bias`] ?? new Float32Array(4 * size);
      const projected = layer === 0 ? projectCharacters(config, weights, bias) : bias;
      return new LSTMLayer(size, products[layer], projected, config.activation, config.recurrent_activation);
    });
    /** @type {Product} */
    this.dense = products[units.length];
    this.denseBias = weights["dense/bias"];
  }

  /**
   * Return the zero state of a batch, the first layer first.
   * @param {number} batch
   * @returns {LayerState[]}
   */
  initialState(batch) {
    return this.layers.map((layer) => layer.initialState(batch));
  }

  /**
   * Read one character in each of the first rows of a state, and update it in place.
   * @param {ArrayLike<number>} ids Row b reads `ids[b % ids.length]`.
   * @param {LayerState[]} state
   * @param {number} rows
   * @param {(LayerChange | null)[]} [changes] What an experiment changes in each layer.
   */
  step(ids, state, rows, changes = []) {
    for (let first = 0; first < rows; first += ROWS) {
      const count = Math.min(ROWS, rows - first);
      /** @type {Float32Array | null} */
      let below = null;
      for (const [index, layer] of this.layers.entries()) {
        layer.step(state[index], first, count, ids, below, changes[index]);
        below = state[index].h;
      }
    }
  }

  /**
   * Return the logits for some rows of the last layer's h.
   * @param {Float32Array} h [B, U]
   * @param {number} first First row.
   * @param {number} rows Number of rows.
   * @returns {Float32Array} [rows, V]
   */
  logits(h, first, rows) {
    const { input, inputs, output, outputs } = this.dense;
    const characters = this.config.vocabulary_size;
    const units = this.config.units[this.config.units.length - 1];
    const result = new Float32Array(rows * characters);
    for (let start = 0; start < rows; start += ROWS) {
      const count = Math.min(ROWS, rows - start);
      for (let row = 0; row < count; row++) {
        const place = (first + start + row) * units;
        input.set(h.subarray(place, place + units), row * inputs);
      }
      this.dense.run(count);
      for (let row = 0; row < count; row++) {
        for (let id = 0; id < characters; id++) {
          result[(start + row) * characters + id] = output[row * outputs + id] + this.denseBias[id];
        }
      }
    }
    return result;
  }
}

/**
 * Return the first layer's input projection of every character.
 * @param {ModelConfig} config
 * @param {Weights} weights
 * @param {Float32Array} bias [4 U]
 * @returns {Float32Array} [V, 4 U]
 */
function projectCharacters({ encoding, vocabulary_size: characters }, weights, bias) {
  const kernel = weights["lstm_1/kernel"];
  const width = bias.length;
  // A one-hot vector times the kernel is a row of the kernel.
  const projected = encoding === "one-hot" ? kernel : new Float32Array(characters * width);
  if (encoding === "scalar") {
    for (let id = 0; id < characters; id++) {
      const x = Math.fround(id / characters);
      for (let j = 0; j < width; j++) projected[id * width + j] = x * kernel[j];
    }
  } else if (encoding === "embedding") {
    const embeddings = weights["embedding/embeddings"];
    const features = embeddings.length / characters;
    const [product] = createProducts([{ blocks: [kernel], n: features, m: width }]);
    for (let first = 0; first < characters; first += ROWS) {
      const rows = Math.min(ROWS, characters - first);
      for (let row = 0; row < rows; row++) {
        const place = (first + row) * features;
        product.input.set(embeddings.subarray(place, place + features), row * product.inputs);
      }
      product.run(rows);
      for (let row = 0; row < rows; row++) {
        const place = row * product.outputs;
        projected.set(product.output.subarray(place, place + width), (first + row) * width);
      }
    }
  }
  for (let place = 0; place < projected.length; place += width) {
    for (let j = 0; j < width; j++) projected[place + j] += bias[j];
  }
  return projected;
}
