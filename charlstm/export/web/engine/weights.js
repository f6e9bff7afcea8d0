/** Decoding of a model's weights: float16 or float32, little-endian, one array after another. */

/** @typedef {import("./network.js").Weights} Weights */

/** How the weights are stored.
 * @typedef {{dtype: "float16" | "float32", arrays: {name: string, shape: number[]}[]}} WeightsLayout */

/**
 * Return the weights by name.
 * @param {ArrayBuffer | Uint8Array | string} data The bytes, or the same in base64.
 * @param {WeightsLayout} layout From the model's manifest.
 * @returns {Weights}
 */
export function decodeWeights(data, layout) {
  const bytes = typeof data === "string" ? decodeBase64(data) : new Uint8Array(data);
  const sizes = layout.arrays.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const width = layout.dtype === "float16" ? 2 : 4;
  if (bytes.byteLength !== width * total) {
    throw new RangeError(`the weights have ${bytes.byteLength} bytes; expected ${width * total}. Export the model again.`);
  }
  const values = layout.dtype === "float16" ? fromFloat16(bytes) : fromFloat32(bytes);
  /** @type {Weights} */
  const weights = {};
  let place = 0;
  for (const [index, { name }] of layout.arrays.entries()) {
    weights[name] = values.subarray(place, place + sizes[index]);
    place += sizes[index];
  }
  return weights;
}

/**
 * Return numbers from their half-precision form.
 * @param {Uint8Array} bytes [2 n]
 * @returns {Float32Array} [n]
 */
export function fromFloat16(bytes) {
  const result = new Float32Array(bytes.length / 2);
  for (let i = 0; i < result.length; i++) result[i] = FLOAT16[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
  return result;
}

/** The value of every number of 16 bits: 256 kB, which is faster than to compute each. */
const FLOAT16 = Float32Array.from({ length: 65536 }, (_, bits) => {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
});

/**
 * Return numbers from their single-precision form.
 * @param {Uint8Array} bytes [4 n]
 * @returns {Float32Array} [n]
 */
function fromFloat32(bytes) {
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0, n = 0; i < words.length; i++, n += 4) {
    words[i] = bytes[n] | (bytes[n + 1] << 8) | (bytes[n + 2] << 16) | (bytes[n + 3] << 24); // whatever the machine's order
  }
  return new Float32Array(words.buffer);
}

/**
 * Return the bytes of a text in base64.
 * @param {string} text
 * @returns {Uint8Array}
 */
function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
