/**
 * NumPy's random numbers: SeedSequence (O'Neill's seed_seq_fe) and PCG64 (XSL-RR 128/64; O'Neill 2014), bit for bit.
 *
 * The state of 128 bits is held in six limbs of 22 bits. A product of two limbs then has 44 bits, and a sum of six of them is
 * exact in a double, so that a step needs neither BigInt nor 32-bit halves.
 */

const LIMBS = 6;
const LIMB = 2 ** 22;
const TOP = 2 ** 18; // the last limb has the remaining 18 bits
const MASK_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const MULTIPLIER_LIMBS = toLimbs(MULTIPLIER);

/** A random seed: an integer from 0 to 2^63 - 1. Above 2^53, give a BigInt or a string of decimal digits.
 * @typedef {number | bigint | string} RandomSeed */

/**
 * Return a random seed as a BigInt.
 * @param {RandomSeed} randomSeed
 * @returns {bigint}
 */
export function parseRandomSeed(randomSeed) {
  const exact = typeof randomSeed === "number" ? Number.isSafeInteger(randomSeed) : true;
  const digits = typeof randomSeed === "string" ? /^\d+$/.test(randomSeed) : true;
  const seed = exact && digits ? BigInt(randomSeed) : -1n;
  if (seed < 0n || seed >= 1n << 63n) {
    throw new RangeError(`randomSeed: expected an integer from 0 to 2^63 - 1; found ${randomSeed}`);
  }
  return seed;
}

/** The generator `numpy.random.Generator(PCG64(SeedSequence))`, of which it has `advance` and `random`. */
export class PCG64 {
  /** @type {number[]} */ #state;
  /** @type {number[]} */ #increment;
  #one = new Float64Array(1);

  /** @param {number[]} entropy Words of 32 bits, as NumPy assembles them. */
  constructor(entropy) {
    const words = seedSequence(entropy, 8);
    const [state, stream] = [0, 4].map((first) => {
      const [low, high] = [first, first + 2].map((i) => (BigInt(words[i + 1]) << 32n) | BigInt(words[i]));
      return (low << 64n) | high;
    });
    const increment = ((stream << 1n) | 1n) & MASK_128;
    this.#increment = toLimbs(increment);
    this.#state = toLimbs(((increment + state) * MULTIPLIER + increment) & MASK_128);
  }

  /**
   * Skip random numbers.
   * @param {number} count At least 0.
   */
  advance(count) {
    // Squares the map s -> a s + b, and applies the powers that make up the count (Brown 1994).
    let [multiplier, increment] = [MULTIPLIER, fromLimbs(this.#increment)];
    let state = fromLimbs(this.#state);
    for (let left = BigInt(count); left > 0n; left >>= 1n) {
      if (left & 1n) state = (state * multiplier + increment) & MASK_128;
      increment = ((multiplier + 1n) * increment) & MASK_128;
      multiplier = (multiplier * multiplier) & MASK_128;
    }
    this.#state = toLimbs(state);
  }

  /**
   * Return a uniform random number from 0 to below 1: the top 53 bits of the next output.
   * @returns {number}
   */
  random() {
    this.fill(this.#one);
    return this.#one[0];
  }

  /**
   * Replace an array's values by uniform random numbers.
   * @param {Float64Array} out
   */
  fill(out) {
    const [m0, m1, m2, m3, m4, m5] = MULTIPLIER_LIMBS;
    const [i0, i1, i2, i3, i4, i5] = this.#increment;
    let [s0, s1, s2, s3, s4, s5] = this.#state;
    const scale = 1 / LIMB;
    for (let n = 0; n < out.length; n++) {
      // state = state * multiplier + increment, from the lowest limb; each sum keeps its carry
      const t0 = i0 + s0 * m0;
      const c0 = Math.floor(t0 * scale);
      const t1 = i1 + c0 + s0 * m1 + s1 * m0;
      const c1 = Math.floor(t1 * scale);
      const t2 = i2 + c1 + s0 * m2 + s1 * m1 + s2 * m0;
      const c2 = Math.floor(t2 * scale);
      const t3 = i3 + c2 + s0 * m3 + s1 * m2 + s2 * m1 + s3 * m0;
      const c3 = Math.floor(t3 * scale);
      const t4 = i4 + c3 + s0 * m4 + s1 * m3 + s2 * m2 + s3 * m1 + s4 * m0;
      const c4 = Math.floor(t4 * scale);
      const t5 = i5 + c4 + s0 * m5 + s1 * m4 + s2 * m3 + s3 * m2 + s4 * m1 + s5 * m0;
      s0 = t0 - c0 * LIMB;
      s1 = t1 - c1 * LIMB;
      s2 = t2 - c2 * LIMB;
      s3 = t3 - c3 * LIMB;
      s4 = t4 - c4 * LIMB;
      s5 = t5 - Math.floor(t5 / TOP) * TOP;
      // XSL-RR: the two halves of the state combined by xor, rotated right by its top six bits
      const lower = (s0 | (s1 << 22)) ^ ((s2 >>> 20) | (s3 << 2) | (s4 << 24));
      const upper = ((s1 >>> 10) | (s2 << 12)) ^ ((s4 >>> 8) | (s5 << 14));
      const rotation = s5 >>> 12;
      const low = rotation < 32 ? lower : upper;
      const high = rotation < 32 ? upper : lower;
      const bits = rotation & 31;
      const top = (high >>> bits) | ((low << 1) << (31 - bits)); // two shifts, since one of 32 would be none
      const rest = (low >>> bits) | ((high << 1) << (31 - bits));
      out[n] = ((top >>> 0) * 2 ** 21 + (rest >>> 11)) * 2 ** -53;
    }
    this.#state = [s0, s1, s2, s3, s4, s5];
  }
}

/**
 * Return the random number generator of one stream, as charlstm/text/random_streams.py does.
 * @param {RandomSeed} randomSeed
 * @param {number} key Integer below 2^32 that selects the stream.
 * @returns {PCG64}
 */
export function randomStream(randomSeed, key) {
  const seed = parseRandomSeed(randomSeed);
  const low = Number(seed & 0xffffffffn);
  // The key of a large seed is a spawn key, which NumPy places after a padded pool of four words.
  return new PCG64(seed < 1n << 32n ? [low, key] : [low, Number(seed >> 32n), 0, 0, key]);
}

/**
 * Return the words that `SeedSequence.generate_state` returns.
 * @param {number[]} entropy
 * @param {number} count
 * @returns {Uint32Array} [count]
 */
function seedSequence(entropy, count) {
  let constant = 0x43b0d7e5;
  const hash = (/** @type {number} */ value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mix = (/** @type {number} */ x, /** @type {number} */ y) => {
    const mixed = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return mixed ^ ((mixed | 0) >>> 16);
  };
  const pool = Uint32Array.from({ length: 4 }, (_, i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  }
  for (const word of entropy.slice(4)) {
    for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(word));
  }
  constant = 0x8b51f9dd;
  return Uint32Array.from({ length: count }, (_, i) => {
    let value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  });
}

/**
 * Return an integer of 128 bits in limbs, the lowest first.
 * @param {bigint} value
 * @returns {number[]}
 */
function toLimbs(value) {
  return Array.from({ length: LIMBS }, (_, i) => Number((value >> BigInt(22 * i)) & BigInt(LIMB - 1)));
}

/**
 * Return the integer that limbs hold.
 * @param {number[]} limbs
 * @returns {bigint}
 */
function fromLimbs(limbs) {
  return limbs.reduceRight((value, limb) => (value << 22n) | BigInt(limb), 0n);
}
