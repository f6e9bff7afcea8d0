/** What the tab shows, and how the address of the page holds it. */

import { PROPERTIES } from "../../inspection/readable_cells.js";

/** @typedef {import("../../inspection/changes.js").Change} Change */
/** @typedef {import("../../inspection/trace.js").QUANTITIES} Quantities */
/** @typedef {"i" | "f" | "g" | "o" | "c" | "h"} Quantity */
/** @typedef {"cell" | "units" | "change" | "mattered"} View */

/**
 * The choice of a person: enough to show the same moment again.
 * @typedef {object} Choice
 * @property {string} text
 * @property {number} place Index of the character that is looked at, in code points; the state meant is that after it.
 * @property {number} layer From 1.
 * @property {number} unit From 0.
 * @property {Quantity} show What the text and the picture of all units are coloured by.
 * @property {number | null} window Characters that are read from a zero state, as in stateless mode; null to carry the state.
 * @property {Change[]} changes
 * @property {View} view
 * @property {string} order Order of the units in their picture: index, similarity, or the name of a property.
 * @property {number | null} step Index of the step of the tour; null without the tour.
 */

export const MOST_CHARACTERS = 1_000; // of the text
export const MOST_CHANGES = 8;
const VIEWS = /** @type {const} */ (["cell", "units", "change", "mattered"]);
const SHOWN = /** @type {const} */ (["i", "f", "g", "o", "c", "h"]);
const WHATS = /** @type {const} */ (["i", "f", "g", "o", "c", "reset"]);

/**
 * Return the choice to begin with.
 * @param {string} passage A text, if none is given.
 * @param {Partial<Choice>} start What is given.
 * @returns {Choice}
 */
export function initialChoice(passage, start) {
  const text = limited(start.text ?? passage);
  const characters = Array.from(text);
  const blank = characters.lastIndexOf(" ");
  return {
    place: blank > 0 ? blank : characters.length - 1, // before a word, where several characters are possible
    layer: 1, unit: 0, show: "c", window: null, changes: [], view: "cell", order: "index", step: null, ...start, text,
  };
}

/**
 * Return a choice as the fragment of an address.
 * @param {Choice} choice
 * @returns {string} Without the number sign.
 */
export function fragmentOf({ text, place, layer, unit, show, window, changes, view, order, step }) {
  const fields = new URLSearchParams({ tab: "inside", text, at: String(place), layer: String(layer), unit: String(unit), show, view });
  if (window !== null) fields.set("window", String(window));
  if (changes.length > 0) fields.set("change", changes.map(changeText).join(";"));
  if (order !== "index") fields.set("order", order);
  if (step !== null) fields.set("step", String(step + 1));
  return fields.toString();
}

/**
 * Return the choice that a fragment stands for: what it lacks is as in another choice, and what cannot be is left out.
 * @param {string} fragment Without the number sign.
 * @param {Choice} usual
 * @param {{units: number[], window: number, steps: number}} bounds Units of the layers, characters of a window, steps of the tour.
 * @returns {Choice}
 */
export function choiceOf(fragment, usual, { units, window, steps }) {
  const fields = new URLSearchParams(fragment);
  const text = limited(fields.get("text") ?? usual.text);
  const length = Array.from(text).length;
  const layer = integer(fields.get("layer"), 1, units.length) ?? usual.layer;
  const step = integer(fields.get("step"), 1, steps);
  return {
    text,
    place: integer(fields.get("at"), 0, length - 1) ?? Math.max(0, Math.min(usual.place, length - 1)),
    layer,
    unit: integer(fields.get("unit"), 0, units[layer - 1] - 1) ?? Math.min(usual.unit, units[layer - 1] - 1),
    show: oneOf(SHOWN, fields.get("show")) ?? usual.show,
    window: integer(fields.get("window"), 1, Math.max(window, MOST_CHARACTERS)),
    changes: (fields.get("change") ?? "").split(";").flatMap((each) => changeOf(each, units) ?? []).slice(0, MOST_CHANGES),
    view: oneOf(VIEWS, fields.get("view")) ?? usual.view,
    order: oneOf(["similarity", ...Object.keys(PROPERTIES)], fields.get("order")) ?? "index",
    step: step === null ? null : step - 1,
  };
}

/** Return the beginning of a text that is not too long. @param {string} text */
export function limited(text) {
  const lines = text.replace(/\r\n?/g, "\n");
  return lines.length <= MOST_CHARACTERS ? lines : Array.from(lines).slice(0, MOST_CHARACTERS).join("");
}

/** @param {Change} change */
function changeText({ what, layer, unit, value, from, to }) {
  return [what, layer, unit ?? "all", value, from, to ?? "end"].join(",");
}

/**
 * @param {string} text
 * @param {number[]} units
 * @returns {Change | null}
 */
function changeOf(text, units) {
  const [kind, layerText, unitText, valueText, fromText, toText] = text.split(",");
  const what = oneOf(WHATS, kind);
  const layer = integer(layerText, 1, units.length);
  if (what === null || layer === null) return null;
  const unit = unitText === "all" ? null : integer(unitText, 0, units[layer - 1] - 1);
  const value = Number(valueText);
  const from = integer(fromText, 0, MOST_CHARACTERS);
  const to = toText === "end" ? null : integer(toText, 0, MOST_CHARACTERS);
  const wrong = (unit === null && unitText !== "all") || (to === null && toText !== "end");
  return wrong || from === null || !(Math.abs(value) <= 1e6) ? null : { what, layer, unit, value, from, to };
}

/**
 * @param {string | null | undefined} text
 * @param {number} least
 * @param {number} greatest
 * @returns {number | null}
 */
function integer(text, least, greatest) {
  const value = /^\d+$/.test(text ?? "") ? Number(text) : NaN;
  return value >= least && value <= greatest ? value : null;
}

/**
 * @template {string} T
 * @param {readonly T[]} all
 * @param {string | null | undefined} one
 * @returns {T | null}
 */
function oneOf(all, one) {
  return all.find((each) => each === one) ?? null;
}
