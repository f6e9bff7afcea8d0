/**
 * Products of a few rows with the matrices of a network: `[B, n] . [n, m] -> [B, m]`.
 *
 * A matrix is stored as panels of 8 columns, `[m / 8, n, 8]`, which the inner loop reads from beginning to end. A panel of 512
 * inputs has 16 kB and stays in the processor's nearest cache while all rows are multiplied with it, so a step of 64 rows reads
 * the weights from memory only once.
 *
 * All matrices share one memory, which never grows: `4 n m` bytes each, and scratch memory of `4 ROWS (n + m)` bytes.
 */

import { COLUMNS, ROWS as BLOCK, UNROLL, simdProducts } from "./simd.js";

/** @typedef {import("./simd.js").PanelProducts} PanelProducts */

/** The largest number of rows in a product. */
export const ROWS = 64;

const PAGE = 65536; // WebAssembly's unit of memory

/** A matrix to multiply with: weights [n, m], the last axis contiguous, in one or more blocks of rows.
 * @typedef {{blocks: Float32Array[], n: number, m: number}} Matrix */

/** A matrix, and the scratch memory of its products. */
export class Product {
  /**
   * @param {PanelProducts} panels
   * @param {ArrayBuffer} buffer
   * @param {number} place Place of its memory in the buffer, in bytes.
   * @param {Matrix} matrix
   */
  constructor(panels, buffer, place, matrix) {
    const { inputs, outputs } = padded(matrix);
    /** Distance between two rows of `input`. */
    this.inputs = inputs;
    /** Distance between two rows of `output`. */
    this.outputs = outputs;
    /** The rows to multiply, to be written by the caller: [ROWS, inputs], zeros after column n. */
    this.input = new Float32Array(buffer, place + 4 * inputs * outputs, ROWS * inputs);
    /** The products: [ROWS, outputs]. */
    this.output = new Float32Array(buffer, this.input.byteOffset + this.input.byteLength, ROWS * outputs);
    this.panels = panels;
    this.weights = new Float32Array(buffer, place, inputs * outputs);
    let row = 0;
    for (const block of matrix.blocks) {
      for (let start = 0; start < block.length; start += matrix.m, row++) {
        for (let column = 0; column < matrix.m; column++) {
          const panel = Math.floor(column / COLUMNS);
          this.weights[(panel * inputs + row) * COLUMNS + (column % COLUMNS)] = block[start + column];
        }
      }
    }
  }

  /**
   * Write the products of the first rows of `input` into `output`.
   * @param {number} rows At most ROWS.
   */
  run(rows) {
    const { inputs, panels } = this;
    const stride = 4 * this.outputs;
    const width = 4 * COLUMNS;
    const [x, weights, out] = [this.input.byteOffset, this.weights.byteOffset, this.output.byteOffset];
    for (let panel = 0; panel * width < stride; panel++) {
      const place = weights + panel * inputs * width;
      let row = 0;
      for (; row + BLOCK <= rows; row += BLOCK) {
        panels.rows(x + 4 * row * inputs, place, out + row * stride + panel * width, inputs, stride);
      }
      for (; row < rows; row++) {
        panels.row(x + 4 * row * inputs, place, out + row * stride + panel * width, inputs, stride);
      }
    }
  }
}

/**
 * Return the products with some matrices.
 * @param {Matrix[]} matrices
 * @param {{simd?: boolean}} [options] Without SIMD, plain JavaScript multiplies.
 * @returns {Product[]}
 */
export function createProducts(matrices, { simd = true } = {}) {
  const sizes = matrices.map((matrix) => {
    const { inputs, outputs } = padded(matrix);
    return 4 * (inputs * outputs + ROWS * (inputs + outputs));
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let buffer, panels;
  if (simd && typeof WebAssembly === "object") {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(total / PAGE) });
    buffer = memory.buffer;
    panels = simdProducts(memory);
  }
  buffer ??= new ArrayBuffer(total);
  panels ??= plainProducts(new Float32Array(buffer));
  let place = 0;
  const products = [];
  for (const [index, matrix] of matrices.entries()) {
    products.push(new Product(panels, buffer, place, matrix));
    place += sizes[index];
  }
  return products;
}

/**
 * Return the sizes of a matrix in memory.
 * @param {Matrix} matrix
 * @returns {{inputs: number, outputs: number}}
 */
function padded({ n, m }) {
  return { inputs: Math.ceil(n / UNROLL) * UNROLL, outputs: Math.ceil(m / COLUMNS) * COLUMNS };
}

/**
 * Return the products in JavaScript, for browsers without SIMD: sums in float64, rounded when they are stored.
 * @param {Float32Array} memory
 * @returns {PanelProducts}
 */
function plainProducts(memory) {
  /** @type {import("./simd.js").PanelProduct} */
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
  };
}
