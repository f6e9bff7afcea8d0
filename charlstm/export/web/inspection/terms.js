/** One time step of one unit, term by term, in float64: what `charlstm inspect step` prints. */

import { sigmoid } from "../engine/sigmoid.js";
import { GATES, changesAt } from "./changes.js";

/** @typedef {import("../engine/lstm.js").Activation} Activation */
/** @typedef {import("../engine/lstm.js").LayerState} LayerState */
/** @typedef {import("../engine/network.js").ModelConfig} ModelConfig */
/** @typedef {import("../engine/network.js").Weights} Weights */
/** @typedef {import("./changes.js").Change} Change */
/** @typedef {(typeof GATES)[number]} Gate */

/** Keras's activations by name. @type {Record<Activation, (z: number) => number>} */
export const SCALAR_ACTIVATIONS = {
  tanh: Math.tanh,
  sigmoid,
  hard_sigmoid: (z) => Math.min(Math.max(z / 6 + 0.5, 0), 1),
  relu: (z) => Math.max(z, 0),
  softsign: (z) => z / (1 + Math.abs(z)),
  linear: (z) => z,
};

/** A term of a product: the weight in row `index` of the kernel, the number that it is multiplied with, and the product.
 * @typedef {{index: number, weight: number, input: number, product: number}} Term */

/**
 * The terms of a gate of one unit.
 * @typedef {object} GateTerms
 * @property {number} column The unit's column in Keras's kernels and bias.
 * @property {Activation} activation
 * @property {number} fromX Kernel times input.
 * @property {number} fromH Recurrent kernel times hidden state.
 * @property {number} bias
 * @property {number} z Sum of the three.
 * @property {number} value Activation of the sum, or the value at which the gate is held.
 * @property {boolean} held
 * @property {Term[]} inputs The largest terms of `fromX`, the largest first.
 * @property {Term[]} recurrent The largest terms of `fromH`.
 */

/**
 * One time step of a unit.
 * @typedef {object} UnitStep
 * @property {number} features d, the length of the layer's input.
 * @property {number} units u of the layer.
 * @property {number} id Id of the character that is read.
 * @property {boolean} useBias
 * @property {Record<Gate, GateTerms>} gates
 * @property {number} hBefore
 * @property {number} cBefore
 * @property {number} c
 * @property {boolean} set Whether c was set.
 * @property {number} squashed Activation of c.
 * @property {number} h
 */

const SHOWN = 10; // terms of a product, at most

/**
 * Compute a step of a unit.
 * @param {ModelConfig} config
 * @param {Weights} weights In Keras's layouts.
 * @param {{id: number, before: LayerState[], below: Float32Array | null, layer: number, unit: number, changes: Change[],
 *   place: number}} step Id of the character; the state before it; the output of the layer below, after it; the number of the
 *   layer, from 1; the index of the unit; what is changed, and the index of the character in the text.
 * @returns {UnitStep}
 */
export function unitStep(config, weights, { id, before, below, layer, unit, changes, place }) {
  const units = config.units[layer - 1];
  const name = `lstm_${layer}`;
  const x = below ?? encoded(config, weights, id);
  const { h, c } = before[layer - 1];
  const change = changesAt(changes, place, config.units)[layer - 1];
  const gates = /** @type {Record<Gate, GateTerms>} */ ({});
  for (const [block, gate] of GATES.entries()) {
    const column = block * units + unit;
    const activation = gate === "g" ? config.activation : config.recurrent_activation;
    const inputs = terms(weights[`${name}/kernel`], x, column, 4 * units);
    const recurrent = terms(weights[`${name}/recurrent_kernel`], h, column, 4 * units);
    const [fromX, fromH, bias] = [sum(inputs), sum(recurrent), weights[`${name}/bias`]?.[column] ?? 0];
    const z = fromX + fromH + bias;
    const held = change?.gates.filter(({ start, end }) => column >= start && column < end).at(-1);
    gates[gate] = {
      column, activation, fromX, fromH, bias, z, value: held?.value ?? SCALAR_ACTIVATIONS[activation](z), held: Boolean(held),
      inputs: largest(inputs), recurrent: largest(recurrent),
    };
  }
  const set = change?.cells.filter(({ start, end }) => unit >= start && unit < end).at(-1);
  const after = set?.value ?? gates.f.value * c[unit] + gates.i.value * gates.g.value;
  const squashed = SCALAR_ACTIVATIONS[config.activation](after);
  return {
    features: x.length, units, id, useBias: config.use_bias, gates, hBefore: h[unit], cBefore: c[unit],
    c: after, set: Boolean(set), squashed, h: gates.o.value * squashed,
  };
}

/**
 * Return the input encoding of a character: [d].
 * @param {ModelConfig} config
 * @param {Weights} weights
 * @param {number} id
 * @returns {Float64Array | Float32Array}
 */
export function encoded({ encoding, vocabulary_size: characters }, weights, id) {
  if (encoding === "scalar") return Float64Array.of(id / characters);
  if (encoding === "one-hot") {
    const x = new Float64Array(characters);
    x[id] = 1;
    return x;
  }
  const table = weights["embedding/embeddings"];
  const features = table.length / characters;
  return table.subarray(id * features, (id + 1) * features);
}

/**
 * Return the terms of the product of a vector with a column of a matrix, without those that are zero.
 * @param {Float32Array} matrix [d, width]
 * @param {ArrayLike<number>} vector [d]
 * @param {number} column
 * @param {number} width
 * @returns {Term[]}
 */
function terms(matrix, vector, column, width) {
  /** @type {Term[]} */ const found = [];
  for (let index = 0; index < vector.length; index++) {
    const [input, weight] = [vector[index], matrix[index * width + column]];
    if (input !== 0) found.push({ index, weight, input, product: weight * input });
  }
  return found;
}

/** @param {Term[]} found */
function sum(found) {
  return found.reduce((total, { product }) => total + product, 0);
}

/** @param {Term[]} found */
function largest(found) {
  return found.sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, SHOWN);
}
