/** `window.charlstm`: the model for scripts and tests. It computes at once, on the page's own thread. */

import { fromData } from "../engine/index.js";

/** @typedef {import("../engine/index.js").Manifest} Manifest */

/**
 * Return the object for scripts. The model is built at the first use, so that the page itself opens without waiting for it.
 * @param {Manifest} manifest
 * @param {() => string} weights Returns the weights in base64.
 */
export function scripting(manifest, weights) {
  /** @type {import("../engine/index.js").Model | undefined} */ let built;
  const model = () => (built ??= fromData(manifest, weights()));
  return {
    config: manifest.config,
    /** Resolves when the model is built. */
    get ready() {
      return Promise.resolve().then(() => void model());
    },
    /** @param {Parameters<ReturnType<typeof model>["generate"]>[0]} options */
    generate: (options) => model().generate(options),
    /** @param {string} text */
    next: (text) => model().next(text),
    /**
     * @param {string} text
     * @param {number} [layer]
     */
    activations: (text, layer) => model().activations(text, layer),
  };
}
