/**
 * Products of a few rows with the matrices of a network: `[B, n] . [n, m] -> [B, m]`.
 *
 * A matrix is stored as panels of 8 columns, `[m / 8, n, 8]`, which the inner loop reads from beginning to end. A panel of 512
 * inputs has 16 kB and stays in the processor's nearest cache while all rows are multiplied with it, so a step of 64 rows reads
 * the weights from memory only once.
 *
 * All matrices share one memory, which never grows: `4 n m` bytes each, and scratch memory of `4 ROWS (n + m)` bytes.
 */

import { BLOCK, COLUMNS, UNROLL, plainKernels } from "./plain.js";
import { simdKernels } from "./simd.js";

/** @typedef {import("./plain.js").Kernels} Kernels */

/** The largest number of rows in a product. */
export const ROWS = 64;

const PAGE = 65536; // WebAssembly's unit of memory

/** A matrix to multiply with: weights [n, m], the last axis contiguous, in one or more blocks of rows.
 * @typedef {{blocks: Float32Array[], n: number, m: number}} Matrix */

/** A matrix, and the scratch memory of its products, in which `kernels` work. */
export class Product {
  /**
   * @param {Kernels} kernels
   * @param {ArrayBuffer} buffer
   * @param {number} place Place of its memory in the buffer, in bytes.
   * @param {Matrix} matrix
   */
  constructor(kernels, buffer, place, matrix) {
    const { inputs, outputs } = padded(matrix);
    /** Distance between two rows of `input`. */
    this.inputs = inputs;
    /** Distance between two rows of `output`. */
    this.outputs = outputs;
    /** The rows to multiply, to be written by the caller: [ROWS, inputs], zeros after column n. */
    this.input = new Float32Array(buffer, place + 4 * inputs * outputs, ROWS * inputs);
    /** The products: [ROWS, outputs]. */
    this.output = new Float32Array(buffer, this.input.byteOffset + this.input.byteLength, ROWS * outputs);
    this.kernels = kernels;
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
    const { inputs, kernels } = this;
    const stride = 4 * this.outputs;
    const width = 4 * COLUMNS;
    const [x, weights, out] = [this.input.byteOffset, this.weights.byteOffset, this.output.byteOffset];
    for (let panel = 0; panel * width < stride; panel++) {
      const place = weights + panel * inputs * width;
      let row = 0;
      for (; row + BLOCK <= rows; row += BLOCK) {
        kernels.rows(x + 4 * row * inputs, place, out + row * stride + panel * width, inputs, stride);
      }
      for (; row < rows; row++) {
        kernels.row(x + 4 * row * inputs, place, out + row * stride + panel * width, inputs, stride);
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
  let buffer, kernels;
  if (simd && typeof WebAssembly === "object") {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(total / PAGE) });
    buffer = memory.buffer;
    kernels = simdKernels(memory);
  }
  buffer ??= new ArrayBuffer(total);
  kernels ??= plainKernels(new Float32Array(buffer));
  let place = 0;
  const products = [];
  for (const [index, matrix] of matrices.entries()) {
    products.push(new Product(kernels, buffer, place, matrix));
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
