/** The model card: what the model is, what it was trained on, and how well it predicts. */

import { say } from "./strings.js";

/**
 * What the card shows, beside the model's configuration.
 * @typedef {object} Card
 * @property {string} version Version of charlstm.
 * @property {string} corpus Name of the corpus.
 * @property {number | null} corpus_characters Its characters; null if the text is not known.
 * @property {number} parameters
 * @property {number | null} nats_per_char Score on the held-out text; null if nothing was held out.
 * @property {number} held_out Characters of it.
 * @property {number | null} added_nats What the rounding of the weights adds to the score; null if it was not measured.
 */

/**
 * Return the rows of the card, a heading and a value each, in the present language.
 * @param {Card} card
 * @param {import("../engine/index.js").Manifest} manifest
 * @returns {[string, string][]}
 */
export function cardRows(card, { config, vocabulary, weights }) {
  const layers = config.units.map((units) => `LSTM ${units.toLocaleString("en")}`).join(" → ");
  const score = card.nats_per_char === null
    ? say("noScore")
    : `${say("scoreValue", card.nats_per_char.toFixed(4), (card.nats_per_char / Math.LN2).toFixed(4))} ${say("protocol", card.held_out)}`;
  const precision = card.added_nats === null || weights.dtype === "float32"
    ? weights.dtype
    : say("loss", weights.dtype, card.added_nats.toFixed(5));
  return [
    [say("corpus"), card.corpus_characters === null ? card.corpus : `${card.corpus} · ${say("characters", card.corpus_characters)}`],
    [say("network"), say("layers", `${config.encoding} → ${layers} → softmax`, config.seq_len)],
    [say("vocabulary"), say("distinct", vocabulary.length)],
    [say("parameters"), card.parameters.toLocaleString("en")],
    [say("score"), score],
    [say("precision"), precision],
  ];
}

/**
 * Show the card.
 * @param {HTMLElement} place
 * @param {Card} card
 * @param {import("../engine/index.js").Manifest} manifest
 */
export function showCard(place, card, manifest) {
  place.replaceChildren(...cardRows(card, manifest).flatMap(([heading, value]) => {
    const [term, description] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = heading;
    description.textContent = value;
    return [term, description];
  }));
}
