/** The text as the worker reads it: without changes and with them, again from the first character that differs. */

import { $ } from "./dom.js";
import { Rows } from "./rows.js";

/** @typedef {import("../client.js").Client} Client */
/** @typedef {import("../client.js").Reply} Reply */
/** @typedef {import("../client.js").Task} Task */
/** @typedef {import("../client.js").Unnumbered<import("../worker.js").Request>} Request */
/** @typedef {import("../../engine/network.js").ModelConfig} ModelConfig */
/** @typedef {import("../../inspection/changes.js").Change} Change */
/** @typedef {import("./choice.js").Choice} Choice */

/** @typedef {import("../../inspection/terms.js").UnitStep} UnitStep */
/** @typedef {{place: number, layer: number, unit: number}} Where */

/** What rows are of. @typedef {{characters: string[], first: number, changes: Change[]}} Source */

/** The rows of a text, and the tasks that compute something on them. */
export class Reading {
  /** @type {Record<string, Task>} */ #tasks = {};
  /** @type {Source} */ #source = { characters: [], first: 0, changes: [] };
  #wanted = "";
  #waiting = 0;

  /**
   * @param {Client} client
   * @param {ModelConfig} config
   */
  constructor(client, config) {
    this.client = client;
    this.config = config;
    this.plain = new Rows(config.units, config.vocabulary_size);
    /** With the changes, if there are any; a window is one. @type {Rows | null} */ this.changed = null;
    /** Called with the step of the character that is looked at. @type {(step: UnitStep | null, where: Where) => void} */ this.onstep = () => {};
    /** Called when rows were added, with the index of the first one. @type {(from: number) => void} */ this.onrows = () => {};
  }

  /** The rows to show: with the changes, if there are any. */
  get rows() {
    return this.changed ?? this.plain;
  }

  /**
   * Read the text of a choice, and return the last message; null if it is read already, or if another text came between.
   * @param {Choice} choice
   * @param {string[]} characters Its characters.
   * @returns {Promise<Reply | null>}
   */
  async read({ text, changes, window, place, layer, unit }, characters) {
    const first = window === null ? 0 : Math.max(0, place + 1 - window);
    const wanted = JSON.stringify([text, changes, first]);
    if (wanted === this.#wanted) return null;
    this.#wanted = wanted;
    const known = this.#keep({ characters, first, changes });
    if (text === "") return null;
    const reply = await this.start({ kind: "trace", text, first, changes, urgent: { place, layer, unit }, known }, (rows) => {
      if (this.#wanted !== wanted) return;
      if (rows.step !== undefined) return this.onstep(rows.step, { place, layer, unit });
      (rows.which === "plain" ? this.plain : this.changed)?.add(/** @type {any} */ (rows));
      this.onrows(rows.from);
    });
    if (this.#wanted !== wanted || reply.stopped) return null;
    if (reply.error) this.#wanted = "";
    return reply;
  }

  /**
   * Start a task and return its last message. One of its kind that runs is stopped, and its last message says so.
   * @param {Request} request
   * @param {(reply: Reply) => void} [hear]
   * @returns {Promise<Reply>}
   */
  async start(request, hear) {
    const task = this.client.start(request, hear);
    this.#tasks[request.kind] = task;
    const reply = await this.busy(task.end);
    return this.#tasks[request.kind] === task ? reply : { task: 0, stopped: true };
  }

  /**
   * Wait for something, and say meanwhile that the tab is not complete.
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async busy(work) {
    this.#waiting++;
    $("inside").setAttribute("aria-busy", "true");
    const result = await work;
    if (--this.#waiting === 0) $("inside").setAttribute("aria-busy", "false");
    return result;
  }

  /**
   * Keep the rows that are still true of another text, and return their numbers.
   * @param {Source} source
   */
  #keep(source) {
    const before = this.#source;
    let common = 0;
    const shorter = Math.min(source.characters.length, before.characters.length);
    while (common < shorter && source.characters[common] === before.characters[common]) common++;
    const { units, vocabulary_size: size } = this.config;
    const same = source.first === before.first && JSON.stringify(source.changes) === JSON.stringify(before.changes);
    this.plain.count = Math.min(this.plain.count, common);
    if (source.changes.length === 0 && source.first === 0) this.changed = null;
    else {
      this.changed ??= new Rows(units, size);
      this.changed.count = same ? Math.min(this.changed.count, common) : 0;
    }
    this.#source = source;
    return { plain: this.plain.count, changed: this.changed?.count ?? 0 };
  }
}
