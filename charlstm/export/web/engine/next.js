/** The next-character distribution. */

import { logSoftmax } from "./sampling.js";

/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

const MAX_NATS = 126 * Math.LN2; // smaller probabilities count as the smallest normal float32

/** A character that can come next.
 * @typedef {{character: string, probability: number}} NextCharacter */

/**
 * Return the next characters with their probabilities, the likeliest first.
 * @param {Float32Array} logits At least one for each character of the vocabulary.
 * @param {Vocabulary} vocabulary
 * @returns {NextCharacter[]} All of them; the probabilities sum to 1.
 */
export function nextCharacters(logits, vocabulary) {
  const logs = Float64Array.from(logits.subarray(0, vocabulary.size));
  requireFinite(logs);
  logSoftmax(logs);
  return Array.from(logs, (log, id) => ({ character: vocabulary.characters[id], probability: Math.exp(log) })).sort(
    (a, b) => b.probability - a.probability, // stable: the lower id first on a tie
  );
}

/**
 * Return the surprisal of a character; that of a rare one includes the cost of naming it.
 * @param {Float32Array} logits One for each id that the model reads.
 * @param {string} character
 * @param {Vocabulary} vocabulary
 * @returns {number} Nats.
 */
export function surprisalOf(logits, character, vocabulary) {
  const logs = Float64Array.from(logits);
  logSoftmax(logs);
  const nats = -logs[vocabulary.encodeAny(character)[0]];
  return (nats <= MAX_NATS ? nats : MAX_NATS) + vocabulary.namingNats(character);
}

/**
 * Refuse numbers that are infinite or NaN.
 * @param {Float32Array | Float64Array} values
 */
export function requireFinite(values) {
  if (!values.every(Number.isFinite)) {
    throw new RangeError("the weights of the model lead to numbers that are infinite or NaN; export another checkpoint");
  }
}
