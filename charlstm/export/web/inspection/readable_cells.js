/** The cells of a network that follow a readable property of a text: the counterpart of charlstm/inspection/readable_cells.py. */

const LEAST_CHANGES = 8; // changes of a property along a text, at least, for a cell to be able to follow it
const ROTATIONS = 40; // of a property, from which the correlation by chance is estimated
const MARGIN = 1.2; // how many times the correlation by chance a correlation must be, so that it is clearly above
const EACH = 3; // cells of each property, at most

/** A property of a text, with a number for every character. @typedef {(text: string[]) => number[]} Property */

/**
 * A cell that follows a property of the text.
 * @typedef {object} ReadableCell
 * @property {string} follows Name of the property.
 * @property {number} layer From 1.
 * @property {number} unit From 0.
 * @property {number} correlation Of its c with the property, from -1 to 1.
 * @property {number} byChance Largest absolute correlation of any cell with the property after a rotation along the text.
 */

/**
 * Return the distance of each character to the last one for which `ends` is true.
 * @param {string[]} text
 * @param {(character: string) => boolean} ends
 */
function since(text, ends) {
  let count = 0;
  return text.map((character) => (count = ends(character) ? 0 : count + 1));
}

/** @param {RegExp} kind @returns {Property} */
const after = (kind) => (text) => text.map((character) => Number(kind.test(character)));

/** @type {Property} */
function quoted(text) {
  let open = false;
  return text.map((character, place) => {
    if ("“”「」『』".includes(character)) open = "“「『".includes(character);
    else if (character === '"') open = !open;
    else if (character === "\n" && text[place - 1] === "\n") open = false;
    return Number(open);
  });
}

/** @type {Property} */
function bracketed(text) {
  let depth = 0;
  return text.map((character) => {
    depth = Math.max(0, depth + Number("([{（【《〈".includes(character)) - Number(")]}）】》〉".includes(character)));
    return depth;
  });
}

/** @type {Record<string, Property>} */
export const PROPERTIES = {
  "inside quotes": quoted,
  "inside brackets": bracketed,
  "characters since the line began": (text) => since(text, (character) => character === "\n"),
  "characters since the sentence began": (text) => since(text, (character) => ".!?。！？".includes(character)),
  "characters since a space or punctuation": (text) => since(text, (character) => !/[\p{L}\p{N}]/u.test(character)),
  "after a space": after(/ /),
  "after a capital letter": after(/\p{Uppercase}/u),
  "after a digit": after(/\p{Nd}/u),
  "after a vowel": after(/[aeiou]/i),
};

/**
 * Find the cells whose c correlates with a property of a text clearly by more than chance, the best first, and yield now and then.
 *
 * A linear trend is removed from both first. Otherwise a cell that counts characters would follow every growing property.
 * @param {string[]} text Its T characters.
 * @param {Float32Array[]} cells c of each layer: [T, U].
 * @returns {Generator<undefined, ReadableCell[], void>}
 */
export function* readableCells(text, cells) {
  const length = text.length;
  const states = [];
  for (const values of cells) {
    states.push(standardised(values, length));
    yield;
  }
  const seen = new Set();
  /** @type {ReadableCell[]} */ const found = [];
  for (const [follows, measure] of Object.entries(PROPERTIES)) {
    const values = measure(text);
    const changes = values.filter((value, place) => place > 0 && value !== values[place - 1]).length;
    if (seen.has(String(values)) || changes < LEAST_CHANGES) continue;
    seen.add(String(values));
    const wanted = standardised(Float32Array.from(values), length);
    const quarter = Math.floor(length / 4);
    let byChance = 0;
    for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
      const shift = quarter + Math.floor(((rotation * 0.6180339887) % 1) * (length - 2 * quarter));
      const rotated = wanted.map((_, place) => wanted[(place - shift + length) % length]);
      for (const state of states) for (const value of correlations(rotated, state)) byChance = Math.max(byChance, Math.abs(value));
      yield;
    }
    const above = states.flatMap((state, layer) =>
      Array.from(correlations(wanted, state), (correlation, unit) => ({ follows, layer: layer + 1, unit, correlation, byChance }))
    ).filter(({ correlation }) => Math.abs(correlation) > MARGIN * byChance);
    found.push(...above.sort(stronger).slice(0, EACH));
  }
  return found.sort(stronger);
}

/**
 * Return the correlation of each unit's c with a property of a text; zeros where the property is constant.
 * @param {string[]} text
 * @param {string} name Name of the property.
 * @param {Float32Array} cells [T, U]
 * @returns {Float64Array} [U]
 */
export function propertyCorrelations(text, name, cells) {
  return correlations(standardised(Float32Array.from(PROPERTIES[name](text)), text.length), standardised(cells, text.length));
}

/** @param {ReadableCell} a @param {ReadableCell} b */
function stronger(a, b) {
  return Math.abs(b.correlation) - Math.abs(a.correlation);
}

/**
 * @param {Float64Array} wanted [T]
 * @param {Float64Array} columns [T, U]
 * @returns {Float64Array} [U]
 */
function correlations(wanted, columns) {
  const units = columns.length / wanted.length;
  const result = new Float64Array(units);
  for (const [place, value] of wanted.entries()) {
    const row = place * units;
    for (let unit = 0; unit < units; unit++) result[unit] += value * columns[row + unit];
  }
  return result.map((total) => total / wanted.length);
}

/**
 * Return columns without their linear trend, with mean 0 and variance 1: [T, U].
 *
 * A column that varies less than the rounding of float32 is constant, and becomes 0.
 * @param {Float32Array} values [T, U]
 * @param {number} length T
 * @returns {Float64Array}
 */
export function standardised(values, length) {
  const units = values.length / length;
  const result = Float64Array.from(values);
  for (let unit = 0; unit < units; unit++) {
    let [total, slope, squares, greatest] = [0, 0, 0, 0];
    for (let place = 0; place < length; place++) {
      const [line, value] = [along(place, length), result[place * units + unit]];
      total += value;
      slope += line * value;
      squares += line * line;
      greatest = Math.max(greatest, Math.abs(value));
    }
    const mean = total / length;
    const trend = squares > 0 ? slope / squares : 0; // the line has mean 0
    let variance = 0;
    for (let place = 0; place < length; place++) {
      const centred = result[place * units + unit] - mean - trend * along(place, length);
      result[place * units + unit] = centred;
      variance += (centred * centred) / length;
    }
    const deviation = Math.sqrt(variance);
    const scale = deviation > Math.max(1e-6 * greatest, 1e-9) ? 1 / deviation : 0;
    for (let place = 0; place < length; place++) result[place * units + unit] *= scale;
  }
  return result;
}

/** Return the position of a character on a line from -1 to 1. @param {number} place @param {number} length */
function along(place, length) {
  return length > 1 ? (2 * place) / (length - 1) - 1 : 0;
}
