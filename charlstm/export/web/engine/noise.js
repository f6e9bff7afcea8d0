/** Gumbel noise, with which the likeliest character is a draw from the softmax. */

import { randomStream } from "./random.js";

/** @typedef {import("./random.js").PCG64} PCG64 */
/** @typedef {import("./random.js").RandomSeed} RandomSeed */

const BLOCK = 64; // positions whose noise comes from one random stream
const COMMON = 0.95; // one bound holds for the noise of all uniform random numbers up to this
const MARGIN = 1e-9; // exceeds every rounding error
const TINY = 2 ** -1022; // replaces a random number of 0, whose logarithm would exclude the character

/**
 * Gumbel noise that depends only on a random seed and a position in the generated text.
 *
 * `argmax(logits / temperature + noise)` draws from the softmax (Gumbel 1954; Maddison et al. 2014). The noise does not depend on
 * the logits. Two models or modes with the same random seed therefore differ only where their distributions do, and generation
 * can resume at any position.
 */
export class GumbelNoise {
  /** @type {PCG64 | undefined} */ #stream;
  #next = -1; // the position that the stream has reached

  /**
   * @param {RandomSeed} randomSeed
   * @param {number} vocabularySize V
   */
  constructor(randomSeed, vocabularySize) {
    this.randomSeed = randomSeed;
    this.uniform = new Float64Array(vocabularySize);
  }

  /**
   * Return `argmax(logits + noise)`, the first on a tie.
   *
   * Noise takes one random number and two logarithms, and it increases with the random number. The logarithms are computed only
   * for the characters that can win: those whose sum may reach that of the likeliest character and that of the one with the
   * greatest random number.
   * @param {Float64Array} logits [V]; -Infinity excludes a character.
   * @param {number} position Index of the character in the generated text.
   * @returns {number} The id.
   */
  choose(logits, position) {
    const uniform = this.#draw(position);
    const likeliest = argmax(logits);
    const luckiest = argmax(uniform);
    const greatest = gumbel(uniform[luckiest]);
    const bound = Math.max(logits[likeliest] + gumbel(uniform[likeliest]), logits[luckiest] + greatest) - MARGIN;
    const least = bound - greatest;
    const leastCommon = bound - gumbel(COMMON);
    let winner = likeliest;
    let best = -Infinity;
    for (let id = 0; id < logits.length; id++) {
      if (logits[id] < least || (logits[id] < leastCommon && uniform[id] <= COMMON)) continue;
      const sum = logits[id] + gumbel(uniform[id]);
      if (sum > best) [winner, best] = [id, sum];
    }
    return winner;
  }

  /**
   * Return the uniform random numbers of a position: [V].
   * @param {number} position
   * @returns {Float64Array}
   */
  #draw(position) {
    const place = position % BLOCK;
    if (!this.#stream || position !== this.#next || place === 0) {
      this.#stream = randomStream(this.randomSeed, (position - place) / BLOCK);
      this.#stream.advance(place * this.uniform.length);
    }
    this.#stream.fill(this.uniform);
    this.#next = position + 1;
    return this.uniform;
  }
}

/**
 * Return the index of the greatest value, the first on a tie.
 * @param {ArrayLike<number>} values At least one; no NaN.
 * @returns {number}
 */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * Return Gumbel noise from a uniform random number.
 * @param {number} uniform
 * @returns {number}
 */
function gumbel(uniform) {
  return -Math.log(-Math.log(Math.max(uniform, TINY)));
}
