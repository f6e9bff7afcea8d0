/**
 * charlstm in a browser: a trained character-level LSTM that generates text.
 *
 *     import { load } from "./engine/index.js";
 *     const model = await load("./");
 *     for (const piece of model.stream({ seed: "The ferry ", mode: "stateful", randomSeed: 1 })) document.body.append(piece);
 *
 * At the same random seed, a text is that of `charlstm generate --weights float16`. All calls compute at once; in a page, make
 * them in a Web Worker.
 */

import { Model } from "./model.js";

/** @typedef {import("./model.js").Activations} Activations */
/** @typedef {import("./model.js").Manifest} Manifest */
/** @typedef {import("./generation.js").GenerationOptions} GenerationOptions */
/** @typedef {import("./generation.js").Sample} Sample */
/** @typedef {import("./next.js").NextCharacter} NextCharacter */
/** @typedef {import("./session.js").Session} Session */

export { Model };
export { UnknownCharacterError } from "./vocabulary.js";

/**
 * Load a model from a folder that `charlstm export` wrote.
 * @param {string | URL} url The folder; model.json and weights.bin are fetched from it.
 * @returns {Promise<Model>}
 */
export async function load(url) {
  const folder = new URL(url, globalThis.location?.href);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  const [manifest, weights] = await Promise.all(["model.json", "weights.bin"].map((file) => get(new URL(file, folder))));
  return fromData(await manifest.json(), await weights.arrayBuffer());
}

/**
 * Return a model from the contents of its two files.
 * @param {Manifest} manifest The object in model.json.
 * @param {ArrayBuffer | Uint8Array | string} weights The bytes of weights.bin, or the same in base64.
 * @param {{simd?: boolean}} [options] Without SIMD, plain JavaScript multiplies.
 * @returns {Model}
 */
export function fromData(manifest, weights, options) {
  return new Model(manifest, weights, options);
}

/**
 * Fetch a file.
 * @param {URL} url
 * @returns {Promise<Response>}
 */
async function get(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be loaded: HTTP ${response.status}`);
  return response;
}
