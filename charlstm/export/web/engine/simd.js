/**
 * The inner loop of a matrix product in WebAssembly, with four float32 numbers in a register.
 *
 * JavaScript multiplies one number at a time, which is five to ten times slower. The module is assembled here, byte by byte,
 * because it is small and its loops are unrolled: see https://webassembly.github.io/spec/core/binary/.
 */

export const COLUMNS = 8; // columns in a panel: two registers
export const UNROLL = 4; // inputs that an iteration reads; a matrix has a multiple of this many rows
export const ROWS = 4; // rows of x that share each weight that `rows` loads: eight sums fill half of the 16 registers

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

/** The product for one row of x, and for ROWS of them.
 * @typedef {{row: PanelProduct, rows: PanelProduct}} PanelProducts */

const I32 = 0x7f, V128 = 0x7b, VOID = 0x40; // types
const LOOP = 0x03, END = 0x0b, BR_IF = 0x0d; // control
const I32_CONST = 0x41, I32_LT_U = 0x49, I32_ADD = 0x6a, I32_SHL = 0x74; // integers
const LOAD = 0x00, LOAD32_SPLAT = 0x09, STORE = 0x0b, F32X4_ADD = 0xe4, F32X4_MUL = 0xe6; // after the prefix of vectors
const PARAMETERS = 5;
const [X, PANEL, OUT, N, STRIDE] = [0, 1, 2, 3, 4];

/**
 * Return the products in WebAssembly over a memory; null where SIMD is unavailable or forbidden by a security policy.
 * @param {WebAssembly.Memory} memory
 * @returns {PanelProducts | null}
 */
export function simdProducts(memory) {
  try {
    const module = new WebAssembly.Module(assemble());
    return /** @type {any} */ (new WebAssembly.Instance(module, { js: { memory } }).exports);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

/** @returns {Uint8Array<ArrayBuffer>} */
function assemble() {
  const type = [0x60, ...vector(Array(PARAMETERS).fill([I32])), 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(2, [[...name("js"), ...name("memory"), 0x02, 0, 0]]),
    ...section(3, [[0], [0]]),
    ...section(7, [[...name("row"), 0, 0], [...name("rows"), 0, 1]]),
    ...section(10, [sized(body(1)), sized(body(ROWS))]),
  ]);
}

/**
 * Return the body of the function that multiplies a number of rows.
 * @param {number} rows
 * @returns {number[]}
 */
function body(rows) {
  const end = PARAMETERS; // local variables: the panel's end, a place in each row of x, then vectors
  const place = (/** @type {number} */ row) => (row === 0 ? X : end + row);
  const weights = [end + rows, end + rows + 1];
  const input = end + rows + 2;
  const sum = (/** @type {number} */ row, /** @type {number} */ half) => input + 1 + 2 * row + half;
  const each = Array.from({ length: rows }, (_, row) => row);
  const halves = [0, 1];
  const shifted = (/** @type {number} */ from, /** @type {number} */ bytes) => [...get(from), I32_CONST, ...leb(bytes), I32_ADD];

  const multiplyAdd = (/** @type {number} */ row, /** @type {number} */ half) => [
    ...get(sum(row, half)), ...get(input), ...get(weights[half]), ...simd(F32X4_MUL), ...simd(F32X4_ADD), ...set(sum(row, half)),
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
