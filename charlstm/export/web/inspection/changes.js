/** Experiments on a network: a gate held at a value, a cell state that is set, the state reset. */

/** @typedef {import("../engine/lstm.js").LayerChange} LayerChange */

/** The blocks of a layer's gates, in Keras's order. */
export const GATES = /** @type {const} */ (["i", "f", "g", "o"]);

/**
 * A change of the computation along a text.
 * @typedef {object} Change
 * @property {"i" | "f" | "g" | "o" | "c" | "reset"} what A gate or the candidate, which is held; c, which is set; or the state of
 *   all layers, which is zero before the first of the characters is read.
 * @property {number} layer Number of the layer, from 1.
 * @property {number | null} unit Index of the unit, from 0; null for all units of the layer.
 * @property {number} value
 * @property {number} from Index of the first character that is read so.
 * @property {number | null} to Index of the last one; null for the end of the text, and beyond.
 */

/**
 * Return what is changed in each layer while a character is read.
 * @param {Change[]} changes
 * @param {number} place Index of the character.
 * @param {number[]} units Units of each layer.
 * @returns {(LayerChange | null)[]}
 */
export function changesAt(changes, place, units) {
  /** @type {(LayerChange | null)[]} */ const layers = units.map(() => null);
  for (const { what, layer, unit, value, from, to } of changes) {
    if (what === "reset" || place < from || place > (to ?? Infinity)) continue;
    const size = units[layer - 1];
    const change = (layers[layer - 1] ??= { gates: [], cells: [] });
    const block = what === "c" ? 0 : GATES.indexOf(what) * size;
    const held = { start: block + (unit ?? 0), end: block + (unit === null ? size : unit + 1), value };
    (what === "c" ? change.cells : change.gates).push(held);
  }
  return layers;
}

/**
 * Return whether the state is reset before a character is read.
 * @param {Change[]} changes
 * @param {number} place Index of the character.
 * @returns {boolean}
 */
export function resetsAt(changes, place) {
  return changes.some(({ what, from }) => what === "reset" && from === place);
}
