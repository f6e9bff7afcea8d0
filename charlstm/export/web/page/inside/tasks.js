/** What the worker computes for the tab on the inside of the model. */

import { continueIds } from "../../engine/generation.js";
import { StatefulDecoder } from "../../engine/modes.js";
import { Sampler, logSoftmax } from "../../engine/sampling.js";
import { decodeWeights } from "../../engine/weights.js";
import { changesAt, resetsAt } from "../../inspection/changes.js";
import { influence } from "../../inspection/influence.js";
import { orderBy, similarityOrder } from "../../inspection/order.js";
import { PROPERTIES, propertyCorrelations, readableCells } from "../../inspection/readable_cells.js";
import { unitStep } from "../../inspection/terms.js";
import { Trace } from "../../inspection/trace.js";

/** @typedef {import("../../engine/index.js").Manifest} Manifest */
/** @typedef {import("../../engine/index.js").Model} Model */
/** @typedef {import("../../inspection/changes.js").Change} Change */

/**
 * What the tab asks for. `changed` is the trace with the changes, if there are any; `first`, the first character that it reads, is one.
 * @typedef {{kind: "trace", task: number, text: string, first: number, changes: Change[], urgent: StepRequest["step"], known: {plain:
 *   number, changed: number}}} TraceRequest `urgent`: the step that is looked at; both traces are read up to there first. `known`: number of characters at the beginning of the text whose rows the page has.
 * @typedef {{kind: "step", task: number, step: {place: number, layer: number, unit: number}}} StepRequest
 * @typedef {{kind: "opening", task: number, length: number}} OpeningRequest
 * @typedef {{kind: "influence", task: number, text: string, place: number, reach: number}} InfluenceRequest
 * @typedef {{kind: "window", task: number, text: string, place: number, window: number}} WindowRequest
 * @typedef {{kind: "cells", task: number, text: string}} CellsRequest
 * @typedef {{kind: "order", task: number, text: string, layer: number, order: string}} OrderRequest
 * @typedef {{kind: "continuation", task: number, place: number, length: number, temperature: number, randomSeed: number}} ContinuationRequest
 * @typedef {TraceRequest | StepRequest | OpeningRequest | InfluenceRequest | WindowRequest | CellsRequest | OrderRequest | ContinuationRequest} InsideRequest
 */

const BATCH = 32; // characters whose rows are sent at a time

/** The tasks, on one model. */
export class InsideTasks {
  /** @type {import("../../engine/network.js").Weights | null} */ #weights = null;

  /**
   * @param {Model} model
   * @param {Manifest} manifest
   * @param {string} packed The weights in base64; decoded again when terms are wanted, since the engine may change its copy.
   */
  constructor(model, manifest, packed) {
    this.model = model;
    this.manifest = manifest;
    this.packed = packed;
    this.plain = new Trace(model.network);
    /** @type {Trace | null} */ this.changed = null;
  }

  /**
   * Read a text without and with the changes, and yield the rows that the page does not have.
   * @param {TraceRequest} request
   * @returns {Generator<object | undefined, object, void>}
   */
  *trace({ text, first, changes, urgent, known }) {
    const ids = this.model.vocabulary.encodeAny(text);
    const same = JSON.stringify([changes, first]) === JSON.stringify([this.changed?.changes, this.changed?.first]);
    if (changes.length === 0 && first === 0) this.changed = null;
    else if (!same) this.changed = new Trace(this.model.network, { changes, first });
    const sent = { ...known };
    for (const end of [Math.min(urgent.place + 1, ids.length), ids.length]) {
      for (const which of /** @type {const} */ (["plain", "changed"])) {
        const trace = this[which];
        if (!trace) continue;
        const reading = trace.reading(ids);
        for (let done = trace.common(ids); sent[which] < end; ) {
          if (done < end) {
            reading.next();
            done = trace.ids.length;
          }
          const rows = Math.min(done, end) - sent[which];
          if (rows >= BATCH || done >= end) {
            const to = Math.min(end, sent[which] + BATCH);
            yield { which, from: sent[which], ...trace.rows(sent[which], to) };
            sent[which] = to;
          } else yield;
        }
      }
      if (end <= urgent.place + 1) yield { step: this.#unitStep(urgent), place: urgent.place };
    }
    for (const trace of [this.plain, this.changed]) if (trace) for (const _ of trace.reading(ids)) yield; // cuts a longer one
    return { count: ids.length };
  }

  /**
   * Return the terms of a step of a unit; with the changes, if there are any.
   * @param {StepRequest} request
   */
  *step({ step }) {
    return { step: this.#unitStep(step) };
  }

  /**
   * Return a passage of the corpus with a continuation, up to the end of a word.
   * @param {OpeningRequest} request
   */
  *opening({ length }) {
    const options = { mode: /** @type {const} */ ("stateful"), temperature: 0.6, randomSeed: 1, length };
    let text = "";
    for (const piece of this.model.stream({ ...options, seed: this.model.windows[0] })) {
      text += piece;
      yield;
    }
    const end = Math.max(text.lastIndexOf(" "), text.lastIndexOf("\n"));
    return { text: end > length / 2 ? text.slice(0, end + 1) : text };
  }

  /**
   * Return the effect of the last characters on the next-character distribution: with the state carried, without the changes.
   * @param {InfluenceRequest} request
   */
  *influence({ text, place, reach }) {
    const trace = yield* this.#whole(text);
    return { influence: yield* influence(trace, place, reach, this.model.vocabulary.size) };
  }

  /**
   * Return the log-probabilities of the next character with the last characters alone, read from a zero state, and with the whole
   * text.
   * @param {WindowRequest} request
   */
  *window({ text, place, window }) {
    const { network, vocabulary } = this.model;
    const trace = yield* this.#whole(text);
    const state = network.initialState(1);
    for (let now = Math.max(0, place + 1 - window); now <= place; now++) {
      network.step([trace.ids[now]], state, 1);
      yield;
    }
    const width = network.config.vocabulary_size;
    const [short, whole] = [network.logits(state[state.length - 1].h, 0, 1), trace.logits.subarray(place * width)].map((logits) => {
      const logs = Float64Array.from(logits.subarray(0, vocabulary.size));
      logSoftmax(logs);
      return logs;
    });
    return { short, whole };
  }

  /**
   * Return the cells that follow something readable along the text, without the changes.
   * @param {CellsRequest} request
   */
  *cells({ text }) {
    const trace = yield* this.#whole(text);
    const cells = this.manifest.config.units.map((size, layer) => quantity(trace, layer, size, 4));
    return { cells: yield* readableCells(Array.from(text), cells) };
  }

  /**
   * Return the units of a layer in an order, by their c.
   * @param {OrderRequest} request
   */
  *order({ text, layer, order }) {
    const trace = yield* this.#whole(text);
    const c = quantity(trace, layer - 1, this.manifest.config.units[layer - 1], 4);
    yield;
    if (order in PROPERTIES) return { units: orderBy(propertyCorrelations(Array.from(text), order, c)) };
    return { units: similarityOrder(c, trace.ids.length) };
  }

  /**
   * Continue the text after a character, with the same noise without and with the changes, and yield both pieces.
   * @param {ContinuationRequest} request
   * @returns {Generator<object | undefined, object, void>}
   */
  *continuation({ place, length, temperature, randomSeed }) {
    const { network, vocabulary } = this.model;
    const traces = [this.plain, this.changed];
    const texts = ["", ""];
    const sampling = { temperature, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };
    for (const [which, trace] of traces.entries()) {
      if (!trace || place >= trace.ids.length) continue;
      const { changes } = trace;
      const decoder = new StatefulDecoder(network);
      decoder.restore(trace.stateBefore(place));
      let next = place;
      // The changes go on beyond the text.
      const step = (/** @type {ArrayLike<number>} */ ids) => {
        if (resetsAt(changes, next)) decoder.reset();
        network.step(ids, decoder.layers, 1, changesAt(changes, next++, network.config.units));
      };
      step([trace.ids[place]]);
      decoder.step = step;
      const sampler = new Sampler(sampling, BigInt(randomSeed), vocabulary.size, Uint32Array.from(trace.ids.slice(0, place + 1)));
      const ids = continueIds(decoder, [sampler]);
      while (Array.from(texts[which]).length < length) {
        texts[which] += vocabulary.decode(ids.next().value);
        yield;
      }
    }
    return { texts };
  }

  /**
   * Return the terms of a step; null if the character is not read.
   * @param {StepRequest["step"]} step
   */
  #unitStep({ place, layer, unit }) {
    const trace = this.changed ?? this.plain;
    if (place < trace.first || place >= trace.ids.length) return null;
    this.#weights ??= decodeWeights(this.packed, this.manifest.weights);
    const { config } = this.manifest;
    const size = layer > 1 ? config.units[layer - 2] : 0;
    const h = (6 * place + 5) * size;
    const below = layer > 1 ? trace.layers[layer - 2].slice(h, h + size) : null;
    return unitStep(config, this.#weights, { id: trace.ids[place], before: trace.stateBefore(place), below, layer, unit, changes: trace.changes, place });
  }

  /**
   * Return a trace of a whole text with the state carried. It is one of its own unless the text is read already, since another task
   * may be reading.
   * @param {string} text
   */
  *#whole(text) {
    const ids = this.model.vocabulary.encodeAny(text);
    if (this.plain.ids.length === ids.length && begins(this.plain.ids, ids)) return this.plain;
    const trace = new Trace(this.model.network);
    for (const _ of trace.reading(ids)) yield;
    return trace;
  }
}

/**
 * Return whether the ids of a trace begin with some ids.
 * @param {number[]} all
 * @param {Uint32Array} ids
 */
function begins(all, ids) {
  return ids.every((id, index) => all[index] === id);
}

/**
 * Return one quantity of a layer along the text: [T, U].
 * @param {Trace} trace
 * @param {number} layer Index of the layer.
 * @param {number} size U
 * @param {number} which Index of the quantity.
 */
function quantity(trace, layer, size, which) {
  const values = new Float32Array(trace.ids.length * size);
  for (let place = 0; place < trace.ids.length; place++) {
    const row = (6 * place + which) * size;
    values.set(trace.layers[layer].subarray(row, row + size), place * size);
  }
  return values;
}
