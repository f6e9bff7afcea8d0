/**
 * One LSTM layer (Hochreiter & Schmidhuber 1997; Gers et al. 2000), for weights in Keras's layout.
 *
 * One step, for a batch of B rows:
 *
 *     z = x . kernel + h . recurrent_kernel + bias        in four blocks i, f, g, o
 *     i, f, o = recurrent_activation(z_i, z_f, z_o)       input, forget and output gate
 *     g = activation(z_g)                                 candidate
 *     c' = f * c + i * g                                  cell state
 *     h' = o * activation(c')                             hidden state, the layer's output
 *
 * The first layer looks `x . kernel + bias` up by character. The others multiply `[x, h]` with both kernels, one above the other,
 * in a single product.
 */

/** @typedef {import("./plain.js").Kernels} Kernels */
/** @typedef {import("./products.js").Product} Product */
/** @typedef {"tanh" | "sigmoid" | "hard_sigmoid" | "relu" | "softsign" | "linear"} Activation */

/**
 * What an experiment changes in a step of a layer: gates of one row that are held at a value, and cells that are set.
 * `start` and `end` are places in the row of the gates [4 U], or in c [U].
 * @typedef {{start: number, end: number, value: number}} Held
 * @typedef {{gates: Held[], cells: Held[]}} LayerChange
 */

/** The state of a layer, all that a step carries to the next one: [B, U] each.
 * @typedef {{h: Float32Array, c: Float32Array}} LayerState */

/**
 * Replace numbers by their activations.
 * @callback ActivationLoop
 * @param {Kernels} kernels The loops over the memory of the numbers.
 * @param {Float32Array} values
 * @param {number} start Index of the first number.
 * @param {number} end Index after the last one.
 * @returns {void}
 */

/** Keras's activations by name.
 * @type {Record<Activation, ActivationLoop>} */
export const ACTIVATIONS = {
  tanh: (kernels, values, start, end) => kernels.sigmoid(values.byteOffset + 4 * start, values.byteOffset + 4 * end, 2, 2, -1),
  sigmoid: (kernels, values, start, end) => kernels.sigmoid(values.byteOffset + 4 * start, values.byteOffset + 4 * end, 1, 1, 0),
  hard_sigmoid: loop((z) => Math.min(Math.max(z / 6 + 0.5, 0), 1)), // as Keras 3 defines it
  relu: loop((z) => Math.max(z, 0)),
  softsign: loop((z) => z / (1 + Math.abs(z))),
  linear: () => {},
};

/**
 * Return the loop of an activation.
 * @param {(z: number) => number} activation
 * @returns {ActivationLoop}
 */
function loop(activation) {
  return (_, values, start, end) => {
    for (let i = start; i < end; i++) values[i] = activation(values[i]);
  };
}

/** One LSTM layer of U units. */
export class LSTMLayer {
  /**
   * @param {number} units U
   * @param {Product} product Multiplies h, or [x, h] above the first layer, with the kernels: [U or D + U, 4 U].
   * @param {Float32Array} projected What is added to the products, by row: the input projection of every character [V, 4 U], or
   *   the bias [1, 4 U].
   * @param {Activation} activation Activation of candidate and output.
   * @param {Activation} recurrentActivation Activation of the gates.
   */
  constructor(units, product, projected, activation, recurrentActivation) {
    this.units = units;
    this.product = product;
    this.projected = projected;
    this.activation = ACTIVATIONS[activation];
    this.recurrentActivation = ACTIVATIONS[recurrentActivation];
  }

  /**
   * Return the zero state of a batch.
   * @param {number} batch
   * @returns {LayerState}
   */
  initialState(batch) {
    return { h: new Float32Array(batch * this.units), c: new Float32Array(batch * this.units) };
  }

  /**
   * Run one time step for some rows; update their state in place. The gates stay in `product.output`, i, f, g, o in each row.
   * @param {LayerState} state
   * @param {number} first First row.
   * @param {number} rows Number of rows, at most that of a product.
   * @param {ArrayLike<number>} ids Characters for the first layer: row b reads `ids[b % ids.length]`.
   * @param {Float32Array | null} below The output of the layer below: [B, D]; null in the first layer.
   * @param {LayerChange | null} [change] What is changed in every row, for an experiment.
   */
  step({ h, c }, first, rows, ids, below, change = null) {
    const { units, product, projected, activation, recurrentActivation } = this;
    const { input, inputs, kernels, output, outputs } = product;
    const features = below === null ? 0 : below.length / (h.length / units);
    for (let row = 0; row < rows; row++) {
      const place = row * inputs;
      if (below !== null) input.set(below.subarray((first + row) * features, (first + row + 1) * features), place);
      input.set(h.subarray((first + row) * units, (first + row + 1) * units), place + features);
    }
    product.run(rows);
    for (let row = 0; row < rows; row++) {
      const added = below === null ? 4 * units * ids[(first + row) % ids.length] : 0;
      const i = row * outputs;
      const [f, g, o, end] = [i + units, i + 2 * units, i + 3 * units, i + 4 * units];
      for (let j = 0; j < 4 * units; j++) output[i + j] += projected[added + j];
      recurrentActivation(kernels, output, i, g);
      activation(kernels, output, g, o);
      recurrentActivation(kernels, output, o, end);
      change?.gates.forEach((held) => output.fill(held.value, i + held.start, i + held.end));
      const place = (first + row) * units;
      const cells = row * inputs; // the row of the input that was multiplied is free for the activation of the cells
      for (let j = 0; j < units; j++) c[place + j] = output[f + j] * c[place + j] + output[i + j] * output[g + j];
      change?.cells.forEach((held) => c.fill(held.value, place + held.start, place + held.end));
      input.set(c.subarray(place, place + units), cells);
      activation(kernels, input, cells, cells + units);
      for (let j = 0; j < units; j++) h[place + j] = output[o + j] * input[cells + j];
    }
  }
}
