/** A model that generates and reads: the counterpart of `charlstm.Model`. */

import { continueIds, generatePieces, readOptions, warmUp } from "./generation.js";
import { StatefulDecoder, createDecoder } from "./modes.js";
import { Network } from "./network.js";
import { nextCharacters, requireFinite, surprisalOf } from "./next.js";
import { Sampler } from "./sampling.js";
import { Session } from "./session.js";
import { Vocabulary } from "./vocabulary.js";
import { decodeWeights } from "./weights.js";

/** @typedef {import("./generation.js").GenerationOptions} GenerationOptions */
/** @typedef {import("./generation.js").Sample} Sample */
/** @typedef {import("./modes.js").Mode} Mode */
/** @typedef {import("./network.js").ModelConfig} ModelConfig */
/** @typedef {import("./next.js").NextCharacter} NextCharacter */
/** @typedef {import("./vocabulary.js").RareCharacters} RareCharacters */
/** @typedef {import("./weights.js").WeightsLayout} WeightsLayout */

/**
 * What model.json holds.
 * @typedef {object} Manifest
 * @property {number} format_version
 * @property {string} name Name of the checkpoint.
 * @property {ModelConfig} config
 * @property {string[]} vocabulary The characters by id.
 * @property {RareCharacters | null} rare The characters that share the placeholder.
 * @property {string[]} windows Passages of the corpus; one of them is continued if no seed is given.
 * @property {WeightsLayout} weights
 */

/** Options of a text, with the seed.
 * @typedef {GenerationOptions & {seed?: string, withSeed?: boolean}} TextOptions `withSeed`: whether to begin the text with the
 *   seed. Default: only if a seed is given. */

/**
 * Activations of a layer of U units along T characters, each [T, U].
 * @typedef {{shape: [number, number], i: Float32Array, f: Float32Array, g: Float32Array, o: Float32Array, c: Float32Array,
 *   h: Float32Array}} Activations
 */

export const FORMAT_VERSION = 1;

/** A trained model. */
export class Model {
  /** @type {Session} */ #session;

  /**
   * @param {Manifest} manifest
   * @param {ArrayBuffer | Uint8Array | string} weights The bytes of weights.bin, or the same in base64.
   * @param {{simd?: boolean}} [options] Without SIMD, plain JavaScript multiplies: slower, same texts.
   */
  constructor(manifest, weights, options) {
    if (manifest.format_version !== FORMAT_VERSION) {
      throw new RangeError(`format_version: expected ${FORMAT_VERSION}; found ${manifest.format_version}. Export the model again.`);
    }
    this.name = manifest.name;
    this.config = manifest.config;
    this.windows = manifest.windows;
    this.vocabulary = new Vocabulary(manifest.vocabulary, manifest.rare);
    this.network = new Network(manifest.config, decodeWeights(weights, manifest.weights), options);
    this.#session = this.session("stateful");
  }

  /**
   * Return one text: the seed, if it was given, and its continuation.
   * @param {TextOptions} [options]
   * @returns {string}
   */
  generate(options = {}) {
    return this.generateBatch({ ...options, samples: 1 })[0];
  }

  /**
   * Return several texts from consecutive random seeds, which is faster than one after the other.
   * @param {TextOptions & {samples?: number}} [options]
   * @returns {string[]}
   */
  generateBatch({ samples = 1, ...options } = {}) {
    const { opening, pieces } = this.#start(options, samples);
    return finish(pieces).map((sample) => opening + sample.text);
  }

  /**
   * Generate one text, and yield each piece as soon as it is certain, the seed first.
   * @param {TextOptions} [options]
   * @returns {Generator<string, Sample, void>} The pieces; then the sample, which has the reason for the end.
   */
  stream(options = {}) {
    const { opening, pieces } = this.#start(options, 1);
    return (function* () {
      if (opening) yield opening;
      for (;;) {
        const step = pieces.next();
        if (step.done) return step.value[0];
        if (step.value[0]) yield step.value[0];
      }
    })();
  }

  /**
   * Return the next-character distribution after a text, the likeliest character first.
   * @param {string} text At least one character.
   * @param {Mode} [mode] stateful reads the whole text, stateless its last window.
   * @returns {NextCharacter[]}
   */
  next(text, mode = "stateful") {
    const ids = this.#ids(text, 1);
    const decoder = new StatefulDecoder(this.network);
    // One prediction needs no lanes: a single row that reads the window from the zero state gives the same.
    warmUp(decoder, mode === "stateless" ? ids.slice(-this.config.seq_len) : ids);
    return nextCharacters(decoder.logits(), this.vocabulary);
  }

  /**
   * Return the surprisal of every character but the first, given all those before it: nats [T - 1].
   * @param {string} text At least two characters.
   * @returns {Float64Array}
   */
  surprisal(text) {
    const ids = this.#ids(text, 2);
    const characters = this.vocabulary.rare ? Array.from(text.replace(/\r\n?/g, "\n")) : this.vocabulary.decode(ids);
    const decoder = new StatefulDecoder(this.network);
    return Float64Array.from(Array.from(characters).slice(1), (character, index) => {
      decoder.step([ids[index]]);
      return surprisalOf(decoder.logits(), character, this.vocabulary);
    });
  }

  /**
   * Return what the gates, the candidate, the cell state and the hidden state of a layer are along a text, from the zero state.
   * @param {string} text At least one character.
   * @param {number} [layer] Number of the LSTM layer, from 1.
   * @returns {Activations}
   */
  activations(text, layer = 1) {
    const units = this.config.units[layer - 1];
    if (units === undefined) throw new RangeError(`layer: expected 1 to ${this.config.units.length}; found ${layer}`);
    const ids = this.#ids(text, 1);
    const [i, f, g, o, c, h] = Array.from({ length: 6 }, () => new Float32Array(ids.length * units));
    const state = this.network.initialState(1);
    const { output } = this.network.layers[layer - 1].product;
    for (const [place, id] of ids.entries()) {
      this.network.step([id], state, 1);
      [i, f, g, o].forEach((values, gate) => values.set(output.subarray(gate * units, (gate + 1) * units), place * units));
      c.set(state[layer - 1].c, place * units);
      h.set(state[layer - 1].h, place * units);
    }
    [i, f, g, o, c, h].forEach(requireFinite);
    return { shape: [ids.length, units], i, f, g, o, c, h };
  }

  /**
   * Return a new session: an empty text that is read and continued with the state kept.
   * @param {Mode} [mode]
   * @returns {Session}
   */
  session(mode = "stateful") {
    return new Session(this.network, this.vocabulary, mode);
  }

  /**
   * Read characters after those fed before, with the state carried, and return the next-character distribution.
   * @param {string} text
   * @returns {NextCharacter[]}
   */
  feed(text) {
    this.#session.feed(text);
    return this.#session.next();
  }

  /** Forget what was fed. */
  reset() {
    this.#session.reset();
  }

  /**
   * Return the text to show before each continuation, and the generator of the pieces.
   * @param {TextOptions} options
   * @param {number} texts
   * @returns {{opening: string, pieces: Generator<string[], Sample[], void>}}
   */
  #start({ seed, withSeed = seed !== undefined, ...options }, texts) {
    if (!Number.isInteger(texts) || texts < 1) throw new RangeError(`samples: expected an integer from 1; found ${texts}`);
    const settings = readOptions(options, this.vocabulary);
    const { randomSeed, sampling } = settings;
    const ids = this.vocabulary.encode(seed ?? this.windows[Number(randomSeed % BigInt(this.windows.length))]);
    if (ids.length === 0) throw new RangeError("seed: expected at least one character; found an empty text");
    const decoder = createDecoder(this.network, settings.mode, texts);
    const samplers = Array.from(
      { length: texts }, (_, row) => new Sampler(sampling, randomSeed + BigInt(row), this.vocabulary.size, ids),
    );
    if (settings.length > 0) warmUp(decoder, ids);
    const pieces = generatePieces(continueIds(decoder, samplers), this.vocabulary, settings, texts);
    return { opening: withSeed ? this.vocabulary.decode(ids) : "", pieces };
  }

  /**
   * Return the ids of a text to read.
   * @param {string} text
   * @param {number} least
   * @returns {Uint32Array}
   */
  #ids(text, least) {
    const ids = this.vocabulary.encodeAny(text);
    if (ids.length < least) {
      throw new RangeError(`expected a text of at least ${least} character${least > 1 ? "s" : ""}; found ${ids.length}`);
    }
    return ids;
  }
}

/**
 * Run a generator of pieces to its end, and return the samples.
 * @param {Generator<string[], Sample[], void>} pieces
 * @returns {Sample[]}
 */
function finish(pieces) {
  for (;;) {
    const step = pieces.next();
    if (step.done) return step.value;
  }
}
