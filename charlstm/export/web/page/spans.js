/** The parts of a text that the model wrote, as ranges of places in the string: sorted, apart, not empty. */

/** @typedef {[start: number, end: number]} Span */

/**
 * Return the spans after an edit that replaced `before` by `after`. What was typed is not the model's.
 * @param {Span[]} spans
 * @param {string} before
 * @param {string} after
 * @returns {Span[]}
 */
export function edited(spans, before, after) {
  const [start, removed, added] = difference(before, after);
  const end = start + removed;
  const move = added - removed;
  const kept = spans.flatMap(([from, to]) => /** @type {Span[]} */ ([
    [from, Math.min(to, start)],
    [Math.max(from, end) + move, to + move],
  ]));
  return kept.filter(([from, to]) => from < to);
}

/**
 * Return the spans with one more at the end of the text, joined to the last one if they touch.
 * @param {Span[]} spans
 * @param {number} start
 * @param {number} end
 * @returns {Span[]}
 */
export function extended(spans, start, end) {
  const last = spans.at(-1);
  if (start >= end) return spans;
  if (last && last[1] === start) return [...spans.slice(0, -1), [last[0], end]];
  return [...spans, [start, end]];
}

/**
 * Return where two texts differ: the place, and the numbers of units that were removed and added there.
 * @param {string} before
 * @param {string} after
 * @returns {[place: number, removed: number, added: number]}
 */
export function difference(before, after) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let same = 0;
  while (same < shorter - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  return [start, before.length - start - same, after.length - start - same];
}

/**
 * Return where the character that covers a place in a string begins. A character is a code point, of one or two units.
 * @param {string} text
 * @param {number} place
 * @returns {number}
 */
export function characterStart(text, place) {
  const inPair = place > 0 && place < text.length && isLow(text.charCodeAt(place)) && isHigh(text.charCodeAt(place - 1));
  return inPair ? place - 1 : place;
}

const isHigh = (/** @type {number} */ unit) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (/** @type {number} */ unit) => unit >= 0xdc00 && unit < 0xe000;
