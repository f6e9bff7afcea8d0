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

/** @typedef {import("./products.js").Product} Product */
/** @typedef {"tanh" | "sigmoid" | "hard_sigmoid" | "relu" | "softsign" | "linear"} Activation */

/** The state of a layer, all that a step carries to the next one: [B, U] each.
 * @typedef {{h: Float32Array, c: Float32Array}} LayerState */

const REACH = 40; // beyond ±40, the sigmoid is 0 or 1 in float32
const POWERS = Float64Array.from({ length: 2 * 60 + 1 }, (_, i) => 2 ** (i - 60));
const HALF_UP = 60.5; // rounds to the nearest integer, and makes it an index of POWERS

/**
 * Return `1 / (1 + exp(-z))` with a relative error below 1e-8, a sixth of float32's rounding. Math.exp takes 1.6 times as long.
 *
 * `exp(-z) = 2^n exp(r)` with an integer n and |r| <= ln(2) / 2; exp(r) is its Taylor polynomial of degree 7.
 * @param {number} z
 * @returns {number}
 */
export function sigmoid(z) {
  const x = z > REACH ? -REACH : z < -REACH ? REACH : -z;
  const n = (x * Math.LOG2E + HALF_UP) | 0;
  const r = x - (n - 60) * Math.LN2;
  const high = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)));
  const low = 1 + r * (1 + r * (1 / 2 + r * (1 / 6)));
  const square = r * r;
  return 1 / (1 + POWERS[n] * (low + square * square * high));
}

/** Keras's activations by name.
 * @type {Record<Activation, (z: number) => number>} */
export const ACTIVATIONS = {
  tanh: (z) => 2 * sigmoid(2 * z) - 1,
  sigmoid,
  hard_sigmoid: (z) => Math.min(Math.max(z / 6 + 0.5, 0), 1), // as Keras 3 defines it
  relu: (z) => Math.max(z, 0),
  softsign: (z) => z / (1 + Math.abs(z)),
  linear: (z) => z,
};

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
   */
  step({ h, c }, first, rows, ids, below) {
    const { units, product, projected, activation, recurrentActivation } = this;
    const { input, inputs, output, outputs } = product;
    const features = below === null ? 0 : below.length / (h.length / units);
    for (let row = 0; row < rows; row++) {
      const place = row * inputs;
      if (below !== null) input.set(below.subarray((first + row) * features, (first + row + 1) * features), place);
      input.set(h.subarray((first + row) * units, (first + row + 1) * units), place + features);
    }
    product.run(rows);
    for (let row = 0; row < rows; row++) {
      const added = below === null ? 4 * units * ids[(first + row) % ids.length] : 0;
      const gates = row * outputs;
      const place = (first + row) * units;
      for (let j = 0; j < units; j++) {
        const z = gates + j;
        const p = added + j;
        const i = recurrentActivation(output[z] + projected[p]);
        const f = recurrentActivation(output[z + units] + projected[p + units]);
        const g = activation(output[z + 2 * units] + projected[p + 2 * units]);
        const o = recurrentActivation(output[z + 3 * units] + projected[p + 3 * units]);
        const cell = Math.fround(f * c[place + j] + i * g);
        output[z] = i;
        output[z + units] = f;
        output[z + 2 * units] = g;
        output[z + 3 * units] = o;
        c[place + j] = cell;
        h[place + j] = o * activation(cell);
      }
    }
  }
}
