/** The inner loops in JavaScript, for browsers without SIMD, and what they have in common with those of simd.js. */

import { sigmoid } from "./sigmoid.js";

export const COLUMNS = 8; // columns in a panel: two registers of four numbers
export const UNROLL = 4; // inputs that an iteration reads; a matrix has a multiple of this many rows
export const BLOCK = 4; // rows of x that share each weight that `rows` loads: eight sums fill half of the 16 registers

/**
 * Write the products of some rows of x and one panel of a matrix. All numbers are float32, and all places are in bytes.
 * @callback PanelProduct
 * @param {number} x First row of x: [rows, n].
 * @param {number} panel [n, COLUMNS]
 * @param {number} out Place of the first row's products, COLUMNS of them.
 * @param {number} n Length of a row of x, a multiple of UNROLL.
 * @param {number} stride Bytes between two rows of products.
 * @returns {void}
 */

/**
 * Replace each number x by `factor * sigmoid(inside * x) + offset`: the sigmoid with 1, 1, 0, and tanh with 2, 2, -1.
 * @callback Sigmoid
 * @param {number} start Place of the first number, in bytes.
 * @param {number} end Place after the last one.
 * @param {number} inside
 * @param {number} factor
 * @param {number} offset
 * @returns {void}
 */

/** The product for one row of x, and for BLOCK of them; the activation of gates and cells.
 * @typedef {{row: PanelProduct, rows: PanelProduct, sigmoid: Sigmoid}} Kernels */

/**
 * Return the inner loops over a memory: sums in float64, rounded when they are stored.
 * @param {Float32Array} memory
 * @returns {Kernels}
 */
export function plainKernels(memory) {
  /** @type {PanelProduct} */
  const row = (x, panel, out, n) => {
    let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
    const first = x >> 2;
    for (let k = 0, w = panel >> 2; k < n; k++, w += COLUMNS) {
      const input = memory[first + k];
      a += input * memory[w];
      b += input * memory[w + 1];
      c += input * memory[w + 2];
      d += input * memory[w + 3];
      e += input * memory[w + 4];
      f += input * memory[w + 5];
      g += input * memory[w + 6];
      h += input * memory[w + 7];
    }
    const place = out >> 2;
    memory[place] = a;
    memory[place + 1] = b;
    memory[place + 2] = c;
    memory[place + 3] = d;
    memory[place + 4] = e;
    memory[place + 5] = f;
    memory[place + 6] = g;
    memory[place + 7] = h;
  };
  return {
    row,
    rows: (x, panel, out, n, stride) => {
      for (let i = 0; i < BLOCK; i++) row(x + 4 * n * i, panel, out + stride * i, n, stride);
    },
    sigmoid: (start, end, inside, factor, offset) => {
      for (let i = start >> 2; i < end >> 2; i++) memory[i] = factor * sigmoid(inside * memory[i]) + offset;
    },
  };
}
