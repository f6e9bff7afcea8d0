/** The tab on the inside of the model: what it shows, and what follows from a choice. */

import { Address } from "./address.js";
import { CellView } from "./cell_view.js";
import { initialChoice, limited } from "./choice.js";
import { Controls } from "./controls.js";
import { $, ending, quoted } from "./dom.js";
import { Experiments } from "./experiments.js";
import { Mattered, REACH } from "./mattered.js";
import { showNext } from "./next_list.js";
import { Reading } from "./reading.js";
import { TextView } from "./text_view.js";
import { STEPS, Tour, tourValues } from "./tour.js";
import { UnitsView } from "./units_view.js";
import { visible } from "../alternatives.js";
import { say } from "../strings.js";

/** @typedef {import("../client.js").Client} Client */
/** @typedef {import("../settings.js").Settings} Settings */
/** @typedef {import("../../engine/index.js").Manifest} Manifest */
/** @typedef {import("../../engine/vocabulary.js").Vocabulary} Vocabulary */
/** @typedef {import("./choice.js").Choice} Choice */

const GIVEN = 40; // characters of the text that are shown before a continuation
const OPENING = 330; // characters of the text to begin with, beside a passage of the corpus
const PAUSE = 250; // milliseconds without a change, after which the slower views are computed

/** The tab. */
export class Explainer {
  #open = false;
  /** @type {number | null} */ #hover = null;
  #opening; // whether the text to begin with is still to be written
  #turn = 0; // of showing all
  #from = Infinity; // index of the first row that was added and is not shown yet

  /**
   * @param {Client} client
   * @param {Settings} settings
   * @param {Manifest} manifest
   * @param {Vocabulary} vocabulary
   * @param {Partial<Choice>} start What is shown at first.
   */
  constructor(client, settings, manifest, vocabulary, start) {
    this.settings = settings;
    this.manifest = manifest;
    this.#opening = start.text === undefined;
    this.choice = initialChoice(manifest.windows[0], start);
    this.address = new Address();
    this.text = new TextView(vocabulary);
    this.reading = new Reading(client, manifest.config);
    this.controls = new Controls(manifest.config.units, manifest.config.seq_len);
    this.cell = new CellView(manifest);
    this.units = new UnitsView(client);
    this.experiments = new Experiments();
    this.mattered = new Mattered();
    this.tour = new Tour();
    this.reading.onstep = (step, where) => this.#showStep(step, where);
    this.reading.onrows = (from) => this.#showRows(from);
    this.text.onedit = (edited, place) => this.choose({ text: edited, place });
    this.text.onplace = (place) => place !== this.choice.place && this.choose({ place });
    this.text.onhover = (place) => this.#look(place);
    this.controls.onchoose = (part) => this.choose(part);
    this.units.onchoose = (part) => this.choose(part);
    this.experiments.onchange = (changes) => this.choose({ changes });
    this.mattered.onwindow = (window) => this.#showWindow(window);
    this.tour.onstep = (step) => this.#goTo(step);
    $("moment-link").addEventListener("click", async () => {
      $("inside-state").textContent = say(await this.address.copy(this.choice));
    });
    let width = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (this.#open && contentRect.width !== width) {
        this.units.redraw();
        this.mattered.refresh();
      }
      width = contentRect.width;
    }).observe($("inside"));
  }

  /** Show the tab: compute what it needs, unless that is known. */
  async open() {
    this.#open = true;
    if (!this.#opening) return void this.#update();
    this.#opening = false;
    const { text } = await this.reading.start({ kind: "opening", length: OPENING });
    if (text && this.choice.text === limited(this.manifest.windows[0])) this.choose({ text, place: text.lastIndexOf(" ", (2 * text.length) / 3) });
    else this.#update();
  }

  /** The page is on another tab. */
  close() {
    if (this.#open) this.address.clear();
    this.#open = false;
  }

  /** Take the choice of the address, if it has one. @returns {boolean} */
  readAddress() {
    const { units, seq_len: window } = this.manifest.config;
    const choice = this.address.read(this.choice, { units, window, steps: STEPS.length });
    if (choice === null) return false;
    if (choice === this.choice) return true;
    this.#opening = false;
    this.choice = choice;
    const { step } = this.choice;
    if (step !== null) this.cell.unfold(STEPS[step].unfold ?? null);
    if (this.#open) this.#update();
    this.text.moveTo(this.choice.place);
    return true;
  }

  /** Change a part of the choice. @param {Partial<Choice>} part */
  choose(part) {
    const choice = { ...this.choice, ...part };
    choice.unit = Math.min(choice.unit, this.manifest.config.units[choice.layer - 1] - 1);
    choice.place = Math.max(0, Math.min(choice.place, Array.from(choice.text).length - 1));
    this.choice = choice;
    this.#hover = null;
    this.#update();
  }

  /** Show everything in the present language. */
  refresh() {
    for (const part of [this.cell, this.units, this.mattered, this.tour, this.controls]) part.refresh();
    if (this.#open) this.#update();
  }

  /** The character that is shown: the one under the pointer, or the chosen one. */
  get #place() {
    return this.#hover ?? this.choice.place;
  }

  /** Look at the character under the pointer for a moment. @param {number | null} place */
  #look(place) {
    if (place === this.#hover || this.choice.window !== null) return; // a window ends at the chosen character
    this.#hover = place;
    this.#showPlace();
  }

  /** Begin a step of the tour, or end it. @param {number | null} step */
  #goTo(step) {
    const { show = {}, unfold = null } = step === null ? {} : STEPS[step];
    this.cell.unfold(unfold);
    this.choose({ step, ...show });
    if (step !== null) $("tour-card").scrollIntoView({ block: "nearest" });
  }

  /** Show the choice, and compute what is not known. */
  async #update() {
    const { choice } = this;
    this.text.show(choice.text);
    if (document.activeElement !== this.text.area) this.text.moveTo(choice.place);
    this.controls.show(choice);
    this.experiments.show(choice);
    this.#showTour();
    if (!this.#open) return;
    this.reading.busy(this.address.write(choice, () => this.#open && choice === this.choice));
    this.text.reveal(choice.place);
    const read = this.reading.read(choice, this.text.characters); // first, so that what is no longer true is not shown
    $("mattered-changes").hidden = choice.changes.length === 0;
    if (choice.text === "") {
      this.cell.clear(say("noText"));
      $("inside-state").textContent = "";
    }
    this.#showAll();
    const reply = await read;
    if (!reply) return;
    const { error, characters: unknown } = reply;
    $("inside-state").textContent = unknown ? say("unknown", unknown.map(quoted).join(" ")) : error ?? "";
    if (error) this.cell.clear(say("unreadText"));
    this.#showAll();
  }

  /** Show rows that were added: at once if they are looked at, else at the next frame. @param {number} from Index of the first. */
  #showRows(from) {
    if (from <= this.#place && this.#place < this.reading.rows.count && this.#from === Infinity) {
      this.#showColours(from);
      return void this.#showPlace(false);
    }
    if (this.#from === Infinity) {
      requestAnimationFrame(() => {
        const first = this.#from;
        this.#from = Infinity;
        this.#showColours(first);
        if (first <= this.#place && this.#place < this.reading.rows.count) this.#showPlace();
      });
    }
    this.#from = Math.min(this.#from, from);
  }

  #showAll() {
    if (!this.#open) return;
    this.#showColours();
    this.#showPlace();
    const turn = ++this.#turn;
    if (this.choice.view !== "cell") this.reading.busy(new Promise((resolve) => setTimeout(resolve, PAUSE)).then(() => (turn === this.#turn ? this.#showSlow() : undefined)));
  }

  /** @param {number} [from] Index of the first character whose value is new. */
  #showColours(from = 0) {
    const { layer, unit, show, window, place, view } = this.choice;
    const { rows, plain, changed } = this.reading;
    const range = window === null ? null : /** @type {[number, number]} */ ([Math.max(0, place + 1 - window), place]);
    this.controls.showScale(this.text.colour({ rows, before: changed ? plain : null, layer, quantity: show, unit, window: range }, from));
    if (view === "units") this.units.show(this.choice, rows, changed ? plain : null, this.text.characters, range ?? [0, Infinity]);
  }

  /** Show what depends on the character that is looked at. @param {boolean} [asks] Whether to ask for the step of the cell. */
  async #showPlace(asks = true) {
    if (!this.#open) return;
    const { layer, unit, view, text } = this.choice;
    const { rows, plain, changed } = this.reading;
    const [place, characters] = [this.#place, this.text.characters];
    this.text.mark(place);
    showNext(this.manifest.vocabulary, text === "" ? -1 : place, plain, changed, characters[place + 1]);
    $("inside-place").textContent = text === "" ? "" : `${say("after")} “${visible(characters.slice(Math.max(0, place - 15), place + 1).join(""))}”`;
    if (view === "units") this.units.mark(unit, place);
    if (!asks || view !== "cell" || place >= rows.count) return;
    const { step } = await this.reading.start({ kind: "step", step: { place, layer, unit } });
    if (this.text.characters === characters) this.#showStep(step, { place, layer, unit });
  }

  /**
   * Show a step of a unit, if it is still looked at.
   * @param {import("../../inspection/terms.js").UnitStep | null} step
   * @param {{place: number, layer: number, unit: number}} where
   */
  #showStep(step, where) {
    const { layer, unit, view } = this.choice;
    if (!step || view !== "cell" || where.place !== this.#place || where.layer !== layer || where.unit !== unit) return;
    this.cell.show(step, { ...where, character: this.text.characters[where.place] });
  }

  /** Compute what takes longer, once nothing has changed for a moment. */
  async #showSlow() {
    const { view, place, text } = this.choice;
    const { plain } = this.reading;
    if (!this.#open || plain.count <= place || text === "") return;
    const characters = this.text.characters;
    if (view === "change") {
      const { temperature = 1 } = this.settings.options(0);
      const { texts } = await this.reading.start({ kind: "continuation", place, length: this.experiments.length, temperature, randomSeed: 1 });
      if (texts) this.experiments.showTexts(ending(characters.slice(0, place + 1), GIVEN), texts, this.reading.changed !== null);
    } else if (view === "mattered") {
      const reply = await this.reading.start({ kind: "influence", text, place, reach: REACH });
      if (!reply.influence) return;
      this.mattered.show(reply.influence, characters, place);
      await this.#showWindow(this.mattered.window ?? this.manifest.config.seq_len);
      this.#showTour();
    } else if (view === "units") await this.units.search(this.choice, characters);
  }

  /** Show the prediction of a window beside that of the whole text. @param {number} window */
  async #showWindow(window) {
    const { text, place } = this.choice;
    const { short, whole } = await this.reading.start({ kind: "window", text, place, window });
    if (short) this.mattered.showWindow(window, place + 1, this.manifest.vocabulary, whole, short);
  }

  #showTour() {
    const { step, place } = this.choice;
    const { plain } = this.reading;
    if (step === null) return this.tour.show(null, {});
    const logs = place < plain.count ? plain.logProbabilities(place, this.manifest.vocabulary.length) : null;
    this.tour.show(step, tourValues(this.manifest, this.choice, { logs, enough: this.mattered.enough }));
  }
}
