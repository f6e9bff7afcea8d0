/** What the model expects next, without and with the changes. */

import { divergence } from "../../inspection/influence.js";
import { percent, visible } from "../alternatives.js";
import { say } from "../strings.js";
import { $, make } from "./dom.js";

/** @typedef {import("./rows.js").Rows} Rows */

const SHOWN = 10; // characters

/**
 * Show the likeliest next characters after a character.
 * @param {string[]} vocabulary
 * @param {number} place
 * @param {Rows} plain
 * @param {Rows | null} changed With the changes, if there are any.
 * @param {string | undefined} actual The character that follows in the text.
 */
export function showNext(vocabulary, place, plain, changed, actual) {
  const list = $("inside-next-list");
  if (place < 0 || place >= plain.count) return list.replaceChildren();
  const logs = plain.logProbabilities(place, vocabulary.length);
  const other = changed && place < changed.count ? changed.logProbabilities(place, vocabulary.length) : null;
  list.classList.toggle("changed", other !== null);
  list.replaceChildren(...likeliest(logs, other).map((id) => {
    const [before, after] = [Math.exp(logs[id]), other ? Math.exp(other[id]) : null];
    const bars = [bar(before, after === null ? "" : "before"), ...(after === null ? [] : [bar(after, "after")])];
    const shares = after === null ? percent(before) : `${percent(before)} → ${percent(after)}`;
    const here = vocabulary[id] === actual;
    return make("li", { "aria-current": here && "true", "data-character": vocabulary[id], "data-before": before, "data-after": after ?? undefined },
      make("span", { class: "character" }, visible(vocabulary[id])), make("span", { class: "bars" }, ...bars), make("span", { class: "share" }, shares));
  }));
  $("inside-next-help").textContent = other ? say("apart", divergence(logs, other).toFixed(3)) : say("nextHelp");
}

/**
 * Return the ids to show, the likeliest first: of both distributions, if there are two.
 * @param {Float64Array} logs
 * @param {Float64Array | null} other
 */
function likeliest(logs, other) {
  const best = (/** @type {Float64Array} */ some, /** @type {number} */ count) =>
    Array.from(some, (_, id) => id).sort((a, b) => some[b] - some[a]).slice(0, count);
  if (!other) return best(logs, SHOWN);
  const both = [...new Set([...best(logs, SHOWN / 2), ...best(other, SHOWN / 2)])];
  const rank = (/** @type {number} */ id) => Math.max(logs[id], other[id]);
  return both.sort((a, b) => rank(b) - rank(a));
}

/** @param {number} probability @param {string} kind */
function bar(probability, kind) {
  const meter = make("meter", { max: 1, "aria-hidden": "true", class: kind || undefined });
  meter.value = probability;
  return meter;
}
