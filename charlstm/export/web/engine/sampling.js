/**
 * Sampling of the next character from logits, in float64.
 *
 * The chain of rules is: repetition penalty, temperature, top-k, top-p, min-p. Then one character is drawn. Each rule changes
 * logits [V] in place; an excluded character has -Infinity.
 */

import { GumbelNoise, argmax } from "./noise.js";

/** @typedef {import("./random.js").RandomSeed} RandomSeed */
/** @typedef {(logits: Float64Array) => void} Rule */

/**
 * Sampling settings.
 * @typedef {object} Sampling
 * @property {number} temperature Divisor of the logits. Below 1, likely characters become likelier; 0 takes the likeliest.
 * @property {number} topK Keep the k likeliest characters; 0 keeps all.
 * @property {number} topP Keep the fewest characters that together have at least this probability; 1 keeps all.
 * @property {number} minP Keep characters with at least this fraction of the likeliest one's probability.
 * @property {number} repetitionPenalty Factor on the log-probabilities of the last 64 characters; 1 for none.
 */

export const PENALTY_WINDOW = 64; // characters that the repetition penalty applies to
const MIN_TEMPERATURE = 1e-250; // a lower one would choose the same character, but could overflow
const LARGE_VOCABULARY = 3000; // from here on, top-p sorts only the characters that can be kept
const MARGIN = 1e-9; // exceeds every rounding error
const GREATEST = 1e39; // replaces Infinity; greater than any float32

/** A chain of rules and a draw, which choose the next character of one text. */
export class Sampler {
  /** @type {number[]} */ #recent;
  /** @type {Rule[]} */ #chain = [];
  /** @type {GumbelNoise | null} */ #noise;

  /**
   * @param {Sampling} sampling
   * @param {RandomSeed} randomSeed
   * @param {number} vocabularySize V
   * @param {Uint32Array} seed The text to continue: ids.
   * @param {number} [position] Index of the next character in the generated text.
   */
  constructor(sampling, randomSeed, vocabularySize, seed, position = 0) {
    const { temperature, topK, topP, minP, repetitionPenalty } = sampling;
    this.position = position;
    this.#recent = [...seed.slice(-PENALTY_WINDOW)];
    this.#noise = temperature === 0 ? null : new GumbelNoise(randomSeed, vocabularySize);
    this.logits = new Float64Array(vocabularySize);
    if (repetitionPenalty !== 1) this.#chain.push((logits) => penalise(logits, this.#recent, repetitionPenalty));
    if (temperature === 0) return; // the other rules keep the likeliest character
    if (repetitionPenalty !== 1) this.#chain.push(shift); // differences from the likeliest are precise at low temperatures
    const divisor = Math.max(temperature, MIN_TEMPERATURE);
    this.#chain.push((logits) => logits.forEach((logit, id) => (logits[id] = logit / divisor)));
    if (topK > 0) this.#chain.push((logits) => keepTopK(logits, topK));
    if (topP < 1) this.#chain.push((logits) => keepTopP(logits, topP));
    if (minP > 0) this.#chain.push((logits) => keepMinP(logits, minP));
  }

  /**
   * Choose the next character, and read it.
   * @param {ArrayLike<number>} row Logits of at least V characters; any values, including NaN and infinities.
   * @returns {number} The id.
   */
  choose(row) {
    const { logits } = this;
    for (let id = 0; id < logits.length; id++) logits[id] = row[id];
    replaceNonfinite(logits);
    if (this.#noise) shift(logits);
    for (const rule of this.#chain) rule(logits);
    const id = this.#noise ? this.#noise.choose(logits, this.position) : argmax(logits);
    this.position++;
    this.#recent.push(id);
    if (this.#recent.length > PENALTY_WINDOW) this.#recent.shift();
    return id;
  }
}

/**
 * Subtract the logarithm of the sum of exponentials, so that the logits become log-probabilities.
 * @param {Float64Array} logits
 */
export function logSoftmax(logits) {
  shift(logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit);
  const log = Math.log(sum);
  for (let id = 0; id < logits.length; id++) logits[id] -= log;
}

/**
 * Replace NaN by -Infinity and Infinity by a number greater than any other. If all characters are excluded, they become equal.
 * @param {Float64Array} logits
 */
export function replaceNonfinite(logits) {
  let excluded = true;
  for (let id = 0; id < logits.length; id++) {
    if (Number.isNaN(logits[id])) logits[id] = -Infinity;
    else if (logits[id] === Infinity) logits[id] = GREATEST;
    excluded &&= logits[id] === -Infinity;
  }
  if (excluded) logits.fill(0);
}

/**
 * Subtract the greatest logit; no probability changes.
 * @param {Float64Array} logits
 */
function shift(logits) {
  const greatest = logits[argmax(logits)];
  for (let id = 0; id < logits.length; id++) logits[id] -= greatest;
}

/**
 * Multiply the log-probabilities of recent characters (after Keskar et al. 2019), each once.
 * @param {Float64Array} logits
 * @param {number[]} recent
 * @param {number} penalty
 */
function penalise(logits, recent, penalty) {
  logSoftmax(logits);
  for (const id of new Set(recent)) logits[id] *= penalty;
}

/**
 * Exclude all but the k likeliest characters (more on a tie).
 * @param {Float64Array} logits
 * @param {number} k
 */
function keepTopK(logits, k) {
  if (k < logits.length) exclude(logits, logits.slice().sort()[logits.length - k]);
}

/**
 * Exclude the characters with less than a fraction of the likeliest one's probability (Nguyen et al. 2024).
 * @param {Float64Array} logits
 * @param {number} fraction
 */
function keepMinP(logits, fraction) {
  exclude(logits, logits[argmax(logits)] + Math.log(fraction));
}

/**
 * Exclude all but the nucleus: the fewest characters whose probabilities add up to at least p (Holtzman et al. 2020).
 * @param {Float64Array} logits
 * @param {number} p
 */
function keepTopP(logits, p) {
  const logs = logits.slice();
  logSoftmax(logs);
  let ids = Array.from(logs.keys());
  if (logs.length >= LARGE_VOCABULARY) {
    // Characters with less than (1 - p) / V add up to less than 1 - p, so the others have more than p.
    const least = Math.log((1 - p) / logs.length) - MARGIN;
    ids = ids.filter((id) => logs[id] >= least);
  }
  ids.sort((a, b) => logits[b] - logits[a]); // stable; NaN, the difference of two -Infinity, counts as 0
  const kept = new Uint8Array(logs.length);
  let sum = 0;
  for (const id of ids) {
    const probability = Math.exp(logs[id]);
    sum += probability;
    if (sum - probability >= p && id !== ids[0]) break;
    kept[id] = 1;
  }
  for (let id = 0; id < logits.length; id++) if (!kept[id]) logits[id] = -Infinity;
}

/**
 * Exclude the characters below a threshold.
 * @param {Float64Array} logits
 * @param {number} threshold
 */
function exclude(logits, threshold) {
  for (let id = 0; id < logits.length; id++) if (!(logits[id] >= threshold)) logits[id] = -Infinity;
}
