/** The view of all units: their picture, its order, the cells that follow something readable, and the lines of the chosen cell. */

import { say } from "../strings.js";
import { showChart } from "./chart.js";
import { $, make } from "./dom.js";
import { HeatMap } from "./heat_map.js";

/** @typedef {import("../client.js").Client} Client */
/** @typedef {import("./choice.js").Choice} Choice */
/** @typedef {import("./rows.js").Rows} Rows */
/** @typedef {import("../../inspection/readable_cells.js").ReadableCell} ReadableCell */

const LEAST = 50; // characters of a text in which cells are searched, as for `charlstm inspect inside`

/** The view. */
export class UnitsView {
  /** @type {number[]} */ #units = [];
  #ordered = ""; // what the order is of
  #searched = ""; // the text in which cells were searched
  /** @type {ReadableCell[] | null} */ #cells = null;
  /** @type {{choice: Choice, rows: Rows, before: Rows | null, characters: string[], read: [number, number]} | null} */ #shown = null;

  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    this.map = new HeatMap();
    /** Called with a part of the choice. @type {(part: Partial<Choice>) => void} */ this.onchoose = () => {};
    this.map.onchoose = (unit, place) => this.onchoose({ unit, place });
    $("map-order").addEventListener("change", () => this.onchoose({ order: $("map-order").value }));
  }

  /**
   * Show the units of a layer.
   * @param {Choice} choice
   * @param {Rows} rows
   * @param {Rows | null} before Without the changes, if there are any.
   * @param {string[]} characters
   * @param {[number, number]} read Indices of the first and the last character that are read.
   */
  show(choice, rows, before, characters, read) {
    this.#shown = { choice, rows, before, characters, read };
    const { layer, unit, place, show: quantity, order } = choice;
    const size = rows.units[layer - 1];
    if (order === "index" || this.#units.length !== size) this.#units = Array.from({ length: size }, (_, index) => index);
    this.map.show({ rows, layer, quantity, order: this.#units, characters, place, unit, read });
    showChart(rows, before, layer, unit, place, read);
  }

  /** Move to another unit or character. @param {number} unit @param {number} place */
  mark(unit, place) {
    if (!this.#shown) return;
    this.map.mark(unit, place);
    const { rows, before, choice, read } = this.#shown;
    showChart(rows, before, choice.layer, unit, place, read);
  }

  /** Draw again, in a window of another size. */
  redraw() {
    if (!this.#shown) return;
    const { choice, rows, before, characters, read } = this.#shown;
    this.show(choice, rows, before, characters, read);
  }

  /**
   * Find the order of the units and the readable cells, unless they are known.
   * @param {Choice} choice
   * @param {string[]} characters
   */
  async search({ text, layer, order }, characters) {
    const ordered = order === "index" ? "" : JSON.stringify([text, layer, order]);
    if (ordered && ordered !== this.#ordered) {
      this.#ordered = ordered;
      const { units } = await this.client.start({ kind: "order", text, layer, order }).end;
      if (!units || this.#ordered !== ordered || !this.#shown) return;
      this.#units = units;
      this.redraw();
    } else this.#ordered = ordered;
    if (this.#searched === text) return;
    this.#searched = text;
    this.#cells = null;
    this.refresh();
    if (characters.length < LEAST) return;
    const { cells, stopped } = await this.client.start({ kind: "cells", text }).end;
    if (stopped || this.#searched !== text) return;
    this.#cells = cells ?? null;
    this.refresh();
  }

  /** Show the list again, in the present language. */
  refresh() {
    this.map.refresh();
    for (const option of $("map-order").options) option.textContent = say(option.value);
    const cells = this.#cells;
    const short = Array.from(this.#searched).length < LEAST;
    $("readable-help").textContent = say(cells === null ? (short ? "readableShort" : "readableSearch") : cells.length === 0 ? "readableNone" : "readableHelp");
    $("readable").hidden = !cells?.length;
    const rows = (cells ?? []).map(({ follows, layer, unit, correlation, byChance }) => {
      const button = make("button", { type: "button" }, say("unitOfLayer", unit, layer));
      button.addEventListener("click", () => this.onchoose({ layer, unit, show: "c" }));
      const signed = `${correlation < 0 ? "−" : "+"}${Math.abs(correlation).toFixed(2)}`;
      return make("tr", {}, make("td", {}, say(/** @type {any} */ (follows))), make("td", {}, button), make("td", {}, signed), make("td", {}, byChance.toFixed(2)));
    });
    $("readable-rows").replaceChildren(...rows);
  }
}
