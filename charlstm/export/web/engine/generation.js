/** The generation loop, in layers: options, one character after another, texts with stop strings. */

import { parseRandomSeed } from "./random.js";

/** @typedef {import("./modes.js").Decoder} Decoder */
/** @typedef {import("./modes.js").Mode} Mode */
/** @typedef {import("./random.js").RandomSeed} RandomSeed */
/** @typedef {import("./sampling.js").Sampler} Sampler */
/** @typedef {import("./sampling.js").Sampling} Sampling */
/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

/**
 * Options of a generation, named and meant as those of the command; each has a default.
 * @typedef {object} GenerationOptions
 * @property {number} [length] Largest number of characters to generate. Default: 500.
 * @property {Mode} [mode] Whether to read the last window for each character or to carry the state. Default: stateless.
 * @property {RandomSeed} [randomSeed] Random seed of the first text; others have the following ones. Default: a new one each time.
 * @property {number} [temperature] Below 1 the text becomes safer, above 1 more varied; 0 takes the likeliest. Default: 0.6.
 * @property {number} [topK] Draw from the k likeliest characters only; 0 for all. Default: 0.
 * @property {number} [topP] Draw from the likeliest characters that together have this probability. Default: 1.
 * @property {number} [minP] Draw from characters with at least this fraction of the likeliest one's probability. Default: 0.
 * @property {number} [repetitionPenalty] Above 1, characters just used become less likely. Default: 1.
 * @property {string | string[]} [stop] Strings that end a text; the text does not contain them.
 */

/** @typedef {{length: number, mode: Mode, randomSeed: bigint, stops: string[], sampling: Sampling}} GenerationSettings */

/**
 * One generated text.
 * @typedef {object} Sample
 * @property {string} text The generated text, without the seed and without the stop string.
 * @property {bigint} randomSeed The random seed of its noise.
 * @property {"length" | "stop"} stopReason Whether it reached its maximum length or a stop string.
 */

/** Default, least and greatest value of the options that are numbers.
 * @type {Record<"length" | "topK" | keyof Sampling, [number, number, number]>} */
const NUMBERS = {
  length: [500, 0, Number.MAX_SAFE_INTEGER],
  temperature: [0.6, 0, 1e9],
  topK: [0, 0, Number.MAX_SAFE_INTEGER],
  topP: [1, 0, 1],
  minP: [0, 0, 1],
  repetitionPenalty: [1, 0.01, 1e6],
};

const OTHERS = ["mode", "randomSeed", "stop"];

/**
 * Return the settings that options stand for.
 * @param {GenerationOptions} options
 * @param {Vocabulary} vocabulary
 * @returns {GenerationSettings}
 * @throws {RangeError} If an option is out of bounds.
 */
export function readOptions(options, vocabulary) {
  const number = (/** @type {keyof typeof NUMBERS} */ name) => {
    const [usual, least, greatest] = NUMBERS[name];
    const value = options[name] ?? usual;
    const whole = name === "length" || name === "topK";
    if (!(value >= least && value <= greatest) || (whole && !Number.isInteger(value))) {
      throw new RangeError(`${name}: expected ${whole ? "an integer" : "a number"} from ${least} to ${greatest}; found ${value}`);
    }
    return value;
  };
  const unknown = Object.keys(options).find((name) => !(name in NUMBERS) && !OTHERS.includes(name));
  if (unknown) throw new RangeError(`there is no option ${unknown}; there are ${[...Object.keys(NUMBERS), ...OTHERS].join(", ")}`);
  const { mode = "stateless", stop = [] } = options;
  if (mode !== "stateless" && mode !== "stateful") {
    throw new RangeError(`mode: expected stateless or stateful; found ${mode}`);
  }
  const stops = (typeof stop === "string" ? [stop] : stop).map((text) => {
    if (text === "") throw new RangeError("stop: expected at least one character; found an empty string");
    return vocabulary.decode(vocabulary.encode(text));
  });
  return {
    length: number("length"),
    mode,
    randomSeed: parseRandomSeed(options.randomSeed ?? Math.floor(Math.random() * 2 ** 31)),
    stops,
    sampling: {
      temperature: number("temperature"),
      topK: number("topK"),
      topP: number("topP"),
      minP: number("minP"),
      repetitionPenalty: number("repetitionPenalty"),
    },
  };
}

/**
 * Read the same text in every row of a decoder.
 * @param {Decoder} decoder
 * @param {Uint32Array} ids
 */
export function warmUp(decoder, ids) {
  for (const id of decoder.recent(ids)) decoder.step([id]);
}

/**
 * Yield the next character of every text, without end: choose a character, read it, repeat.
 * @param {Decoder} decoder A decoder that has read the text to continue.
 * @param {Sampler[]} samplers One for each of its B rows.
 * @returns {Generator<number[], never, void>} Ids [B].
 */
export function* continueIds(decoder, samplers) {
  for (;;) {
    const logits = decoder.logits();
    const characters = logits.length / samplers.length;
    const ids = samplers.map((sampler, row) => sampler.choose(logits.subarray(row * characters)));
    yield ids;
    decoder.step(ids);
  }
}

/** The text generated so far; it releases a character once no stop string can begin there. */
export class GeneratedText {
  /** @type {string[]} */ characters = [];
  stopped = false;
  #released = 0;
  #stops;
  #pending;

  /** @param {string[]} stops Strings that end the text. */
  constructor(stops) {
    this.#stops = stops.map((stop) => Array.from(stop));
    // At most this many characters at the end can be the beginning of a stop string.
    this.#pending = Math.max(1, ...this.#stops.map((stop) => stop.length)) - 1;
  }

  /** The characters that are final, whether or not they were returned before. */
  get text() {
    return this.characters.join("");
  }

  /**
   * Append a character, unless the text has ended.
   * @param {string} character
   */
  append(character) {
    if (this.stopped) return;
    this.characters.push(character);
    for (const stop of this.#stops) {
      const start = this.characters.length - stop.length;
      if (start >= 0 && stop.every((each, index) => this.characters[start + index] === each)) {
        this.characters.length = start;
        this.stopped = true;
        return;
      }
    }
  }

  /**
   * Return the characters that are final and were not returned before.
   * @param {boolean} [all] True for all that remain.
   * @returns {string}
   */
  give(all = false) {
    const final = this.characters.length - (this.stopped || all ? 0 : this.#pending);
    const end = Math.max(this.#released, final);
    const piece = this.characters.slice(this.#released, end).join("");
    this.#released = end;
    return piece;
  }
}

/**
 * Yield continuations of a text, piece by piece.
 * @param {Iterator<number[]>} steps The next character of every text: see {@link continueIds}.
 * @param {Vocabulary} vocabulary
 * @param {GenerationSettings} settings
 * @param {number} texts B, the number of texts.
 * @returns {Generator<string[], Sample[], void>} The next piece of every text, which can be empty; then the samples.
 */
export function* generatePieces(steps, vocabulary, { length, randomSeed, stops }, texts) {
  const generated = Array.from({ length: texts }, () => new GeneratedText(stops));
  for (let position = 0; position < length && !generated.every((text) => text.stopped); position++) {
    const ids = steps.next().value;
    for (const [row, text] of generated.entries()) text.append(vocabulary.characters[ids[row]]);
    yield generated.map((text) => text.give());
  }
  yield generated.map((text) => text.give(true));
  return generated.map((text, row) => ({
    text: text.text,
    randomSeed: randomSeed + BigInt(row),
    stopReason: text.stopped ? "stop" : "length",
  }));
}
