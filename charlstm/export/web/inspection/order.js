/** Orders of the units of a layer, for a picture in which similar units are neighbours. */

import { standardised } from "./readable_cells.js";

const ITERATIONS = 40; // of the power method, for each of two components

/**
 * Return the units ordered by similarity: by the angle of their loadings on the first two principal components of their values
 * along the text, so that neighbours rise and fall together and units on opposite sides mirror each other.
 *
 * Source: Friendly, *Corrgrams: Exploratory Displays for Correlation Matrices* (2002).
 * @param {Float32Array} values [T, U]
 * @param {number} length T
 * @returns {number[]} Unit indices, all of them.
 */
export function similarityOrder(values, length) {
  const columns = standardised(values, length);
  const units = columns.length / length;
  const first = component(columns, length, null);
  const second = component(columns, length, first);
  const angles = Array.from(first, (x, unit) => Math.atan2(second[unit], x));
  const sorted = Array.from({ length: units }, (_, unit) => unit).sort((a, b) => angles[a] - angles[b]);
  // Cut the circle at its largest gap.
  let [cut, widest] = [0, -1];
  for (const [index, unit] of sorted.entries()) {
    const before = index > 0 ? angles[sorted[index - 1]] : angles[sorted[units - 1]] - 2 * Math.PI;
    if (angles[unit] - before > widest) [cut, widest] = [index, angles[unit] - before];
  }
  return [...sorted.slice(cut), ...sorted.slice(0, cut)];
}

/**
 * Return the units ordered by numbers, the greatest first; by index where they are equal.
 * @param {Float64Array} numbers [U]
 * @returns {number[]}
 */
export function orderBy(numbers) {
  return Array.from(numbers, (_, unit) => unit).sort((a, b) => numbers[b] - numbers[a]);
}

/**
 * Return the first eigenvector of columns' correlation matrix that is orthogonal to another one, by the power method.
 * @param {Float64Array} columns [T, U]
 * @param {number} length T
 * @param {Float64Array | null} other
 * @returns {Float64Array} [U], of length 1, or zeros.
 */
function component(columns, length, other) {
  const units = columns.length / length;
  // Any start that is orthogonal to no component; the golden ratio spreads its entries evenly.
  let vector = Float64Array.from({ length: units }, (_, unit) => ((unit * 0.6180339887) % 1) - 0.45);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = new Float64Array(units);
    for (let place = 0; place < length; place++) {
      const row = place * units;
      let score = 0;
      for (let unit = 0; unit < units; unit++) score += columns[row + unit] * vector[unit];
      for (let unit = 0; unit < units; unit++) next[unit] += columns[row + unit] * score;
    }
    if (other) {
      const share = next.reduce((total, value, unit) => total + value * other[unit], 0);
      for (let unit = 0; unit < units; unit++) next[unit] -= share * other[unit];
    }
    const norm = Math.hypot(...next);
    if (!(norm > 0)) return new Float64Array(units);
    vector = next.map((value) => value / norm);
  }
  return vector;
}
