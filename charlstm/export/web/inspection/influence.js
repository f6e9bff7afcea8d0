/** What the next-character distribution depends on: the effect of each earlier character, exactly. */

import { logSoftmax } from "../engine/sampling.js";

/** @typedef {import("./trace.js").Trace} Trace */

/**
 * The effect of the characters before and at a place, the last one at index 0. Both are Kullback-Leibler divergences in nats, of
 * the changed next-character distribution from the true one.
 * @typedef {object} Influence
 * @property {Float64Array} leftOut By the distance j: with the text read without the character j before the place.
 * @property {Float64Array} window By k - 1: with the last k characters alone, read from a zero state.
 */

/**
 * Compute the influence of the last characters, and yield after each character that all lanes have read.
 *
 * A lane is a row of a batch. Two of them begin at each character: one starts from the true state before it and skips it, the
 * other reads it from a zero state. Both then read the rest of the text, so `reach` characters take `reach` batched steps.
 * @param {Trace} trace A trace that has read the text.
 * @param {number} place Index of the character after which the distribution is meant.
 * @param {number} reach Number of characters.
 * @param {number} size Number of characters that can come next.
 * @returns {Generator<undefined, Influence, void>}
 */
export function* influence(trace, place, reach, size) {
  const { network, ids } = trace;
  const start = Math.max(trace.first, place + 1 - reach);
  const lanes = place + 1 - start;
  const [without, since] = [network.initialState(lanes), network.initialState(lanes)];
  for (let now = start; now <= place; now++) {
    const lane = now - start;
    network.step([ids[now]], without, lane);
    for (const [index, { h, c }] of trace.stateBefore(now).entries()) {
      without[index].h.set(h, lane * h.length);
      without[index].c.set(c, lane * c.length);
    }
    network.step([ids[now]], since, lane + 1);
    yield;
  }
  const width = network.config.vocabulary_size;
  const truth = logarithms(trace.logits, place * width, size);
  const divergences = (/** @type {typeof since} */ state) => {
    const logits = network.logits(state[state.length - 1].h, 0, lanes);
    return Float64Array.from({ length: lanes }, (_, back) => divergence(truth, logarithms(logits, (lanes - 1 - back) * width, size)));
  };
  return { leftOut: divergences(without), window: divergences(since) };
}

/**
 * @param {Float32Array} logits
 * @param {number} start
 * @param {number} size
 */
function logarithms(logits, start, size) {
  const logs = Float64Array.from(logits.subarray(start, start + size));
  logSoftmax(logs);
  return logs;
}

/**
 * Return the divergence of a distribution from the true one: sum p (log p - log q), nats.
 * @param {Float64Array} truth Logarithms of p.
 * @param {Float64Array} other Logarithms of q.
 * @returns {number}
 */
export function divergence(truth, other) {
  let total = 0;
  for (let id = 0; id < truth.length; id++) {
    const probability = Math.exp(truth[id]);
    if (probability > 0) total += probability * (truth[id] - other[id]);
  }
  return Math.max(0, total); // rounding can leave a little below zero
}
