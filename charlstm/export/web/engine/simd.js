/**
 * The inner loops in WebAssembly, with four float32 numbers in a register.
 *
 * JavaScript computes with one number at a time, which is five to ten times slower. The module is assembled here, byte by byte,
 * because it is small and its loops are unrolled: see https://webassembly.github.io/spec/core/binary/. A Content-Security-Policy
 * has to allow it with 'wasm-unsafe-eval' in script-src; otherwise the loops of plain.js are taken.
 */

import { BLOCK, COLUMNS, UNROLL } from "./plain.js";
import { sigmoid } from "./sigmoid.js";

/** @typedef {import("./plain.js").Kernels} Kernels */

const I32 = 0x7f, F32 = 0x7d, V128 = 0x7b, VOID = 0x40; // types
const LOOP = 0x03, END = 0x0b, BR_IF = 0x0d; // control
const I32_CONST = 0x41, I32_LT_U = 0x49, I32_ADD = 0x6a, I32_SHL = 0x74; // integers
const LOAD = 0x00, LOAD32_SPLAT = 0x09, STORE = 0x0b, SPLAT = 0x13; // after the prefix of vectors, as the following ones
const ADD = 0xe4, SUB = 0xe5, MUL = 0xe6, DIV = 0xe7, MIN = 0xe8, MAX = 0xe9, NEAREST = 0x6a;
const TO_INTEGER = 0xf8, I32_SPLAT = 0x11, I32X4_ADD = 0xae, I32X4_SHL = 0xab;
const PARAMETERS = 5;
const [X, PANEL, OUT, N, STRIDE] = [0, 1, 2, 3, 4];

/**
 * Return the inner loops over a memory; null where SIMD is unavailable or forbidden by a security policy.
 * @param {WebAssembly.Memory} memory
 * @returns {Kernels | null}
 */
export function simdKernels(memory) {
  try {
    const module = new WebAssembly.Module(assemble());
    const kernels = /** @type {any} */ (new WebAssembly.Instance(module, { js: { memory } }).exports);
    const numbers = new Float32Array(memory.buffer);
    return {
      row: kernels.row,
      rows: kernels.rows,
      sigmoid: (start, end, inside, factor, offset) => {
        const whole = end - ((end - start) & 15); // the last one to three numbers do not fill a register
        if (whole > start) kernels.sigmoid(start, whole, -inside, factor, offset);
        for (let i = whole >> 2; i < end >> 2; i++) numbers[i] = factor * sigmoid(inside * numbers[i]) + offset;
      },
    };
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

/** @returns {Uint8Array<ArrayBuffer>} */
function assemble() {
  const types = [[I32, I32, I32, I32, I32], [I32, I32, F32, F32, F32]];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types.map((each) => [0x60, ...sized(each), 0])),
    ...section(2, [[...name("js"), ...name("memory"), 0x02, 0, 0]]),
    ...section(3, [[0], [0], [1]]),
    ...section(7, ["row", "rows", "sigmoid"].map((each, index) => [...name(each), 0, index])),
    ...section(10, [productBody(1), productBody(BLOCK), sigmoidBody()].map(sized)),
  ]);
}

/**
 * Return the body of the product of a number of rows with a panel.
 * @param {number} rows
 * @returns {number[]}
 */
function productBody(rows) {
  const end = PARAMETERS; // local variables: the panel's end, a place in each row of x, then vectors
  const place = (/** @type {number} */ row) => (row === 0 ? X : end + row);
  const weights = [end + rows, end + rows + 1];
  const input = end + rows + 2;
  const sum = (/** @type {number} */ row, /** @type {number} */ half) => input + 1 + 2 * row + half;
  const each = Array.from({ length: rows }, (_, row) => row);
  const halves = [0, 1];
  const shifted = (/** @type {number} */ from, /** @type {number} */ bytes) => [...get(from), I32_CONST, ...leb(bytes), I32_ADD];

  const multiplyAdd = (/** @type {number} */ row, /** @type {number} */ half) => [
    ...get(sum(row, half)), ...get(input), ...get(weights[half]), ...simd(MUL), ...simd(ADD), ...set(sum(row, half)),
  ];
  const iteration = Array.from({ length: UNROLL }, (_, k) => [
    ...halves.flatMap((half) => [...get(PANEL), ...simd(LOAD), ...at(4 * (COLUMNS * k + 4 * half)), ...set(weights[half])]),
    ...each.flatMap((row) => [
      ...get(place(row)), ...simd(LOAD32_SPLAT), ...at(4 * k), ...set(input),
      ...halves.flatMap((half) => multiplyAdd(row, half)),
    ]),
  ]).flat();

  return [
    ...vector([[rows, I32], [3 + 2 * rows, V128]]),
    ...get(N), I32_CONST, 5, I32_SHL, ...get(PANEL), I32_ADD, ...set(end), // n rows of 32 bytes
    ...each.slice(1).flatMap((row) => [...get(N), I32_CONST, 2, I32_SHL, ...get(place(row - 1)), I32_ADD, ...set(place(row))]),
    LOOP, VOID,
    ...iteration,
    ...each.flatMap((row) => [...shifted(place(row), 4 * UNROLL), ...set(place(row))]),
    ...shifted(PANEL, 4 * COLUMNS * UNROLL), ...set(PANEL), ...get(PANEL), ...get(end), I32_LT_U, BR_IF, 0,
    END,
    ...each.flatMap((row) => [
      ...halves.flatMap((half) => [...get(OUT), ...get(sum(row, half)), ...simd(STORE), ...at(16 * half)]),
      ...get(OUT), ...get(STRIDE), I32_ADD, ...set(OUT),
    ]),
    END,
  ];
}

/**
 * Return the body of the function that replaces numbers x from FIRST to LAST by `FACTOR / (1 + exp(MINUS x)) + OFFSET`.
 *
 * The steps are those of sigmoid.js, in float32: `exp(y) = 2^n exp(r)`, where r is computed from a logarithm of 2 in two parts.
 * @returns {number[]}
 */
function sigmoidBody() {
  const [FIRST, LAST, MINUS, FACTOR, OFFSET] = [0, 1, 2, 3, 4];
  const [y, n, sum] = [5, 6, 7];
  const high = 0.693359375; // has few digits, so that its products with n are exact
  const constants = [MINUS, FACTOR, OFFSET, -40, 40, Math.LOG2E, high, Math.LN2 - high, ...EXP_COEFFICIENTS];
  const vectors = constants.map((_, index) => 8 + index);
  const [minus, factor, offset, least, most, log2e, ln2High, ln2Low, ...coefficients] = vectors;
  const one = coefficients[coefficients.length - 1];
  return [
    ...vector([[3 + constants.length, V128]]),
    ...constants.flatMap((value, index) => [
      ...(index < 3 ? get(value) : f32(value)), ...simd(SPLAT), ...set(vectors[index]),
    ]),
    LOOP, VOID,
    ...get(FIRST), ...simd(LOAD), ...at(0), ...get(minus), ...simd(MUL),
    ...get(least), ...simd(MAX), ...get(most), ...simd(MIN), ...set(y),
    ...get(y), ...get(log2e), ...simd(MUL), ...simd(NEAREST), ...set(n),
    ...[ln2High, ln2Low].flatMap((part) => [...get(y), ...get(n), ...get(part), ...simd(MUL), ...simd(SUB), ...set(y)]),
    ...get(coefficients[0]),
    ...coefficients.slice(1).flatMap((each) => [...get(y), ...simd(MUL), ...get(each), ...simd(ADD)]),
    ...set(sum),
    ...get(FIRST), ...get(factor), ...get(one), ...get(sum), // 2^n has the exponent n + 127 in its bits from the 23rd on
    ...get(n), ...simd(TO_INTEGER), I32_CONST, ...leb(127), ...simd(I32_SPLAT), ...simd(I32X4_ADD), I32_CONST, 23, ...simd(I32X4_SHL),
    ...simd(MUL), ...simd(ADD), ...simd(DIV), ...get(offset), ...simd(ADD), ...simd(STORE), ...at(0),
    ...get(FIRST), I32_CONST, 16, I32_ADD, ...set(FIRST), ...get(FIRST), ...get(LAST), I32_LT_U, BR_IF, 0,
    END,
    END,
  ];
}

/** 1 / k! for k from 7 to 0: the Taylor polynomial of exp. */
const EXP_COEFFICIENTS = [1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1];

const f32 = (/** @type {number} */ value) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];
const get = (/** @type {number} */ local) => [0x20, local];
const set = (/** @type {number} */ local) => [0x21, local];
const simd = (/** @type {number} */ operation) => [0xfd, ...unsigned(operation)];
const at = (/** @type {number} */ offset) => [0, ...unsigned(offset)]; // alignment, offset

/**
 * Return an unsigned integer in LEB128.
 * @param {number} value
 * @returns {number[]}
 */
function unsigned(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/**
 * Return a signed integer of at least 0 in LEB128.
 * @param {number} value
 * @returns {number[]}
 */
function leb(value) {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/**
 * Return a count and the items.
 * @param {number[][]} items
 * @returns {number[]}
 */
function vector(items) {
  return [...unsigned(items.length), ...items.flat()];
}

/**
 * Return bytes after their number.
 * @param {number[]} bytes
 * @returns {number[]}
 */
function sized(bytes) {
  return [...unsigned(bytes.length), ...bytes];
}

/**
 * Return a name in ASCII.
 * @param {string} text
 * @returns {number[]}
 */
function name(text) {
  return sized([...text].map((character) => character.charCodeAt(0)));
}

/**
 * Return a section of a module.
 * @param {number} id
 * @param {number[][]} items
 * @returns {number[]}
 */
function section(id, items) {
  return [id, ...sized(vector(items))];
}
