/** The writing desk: the text, its buttons, and what the worker does with it. */

import { AlternativesList } from "./alternatives.js";
import { Editor } from "./editor.js";
import { newRandomSeed } from "./settings.js";
import { say } from "./strings.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./client.js").Task} Task */
/** @typedef {import("./served.js").Served} Served */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("../engine/vocabulary.js").Vocabulary} Vocabulary */

/** What the last writing did: where it began, with which random seed, and how far the noise has come.
 * @typedef {{start: number, randomSeed: string, position: number, text: string}} Writing */

const BEFORE = 16; // characters that are shown before the place of the alternatives
const PAUSE = 150; // milliseconds without a change, after which the text is coloured

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** The tab on which one writes. */
export class Desk {
  /** @type {Task | null} */ #task = null;
  /** @type {Writing | null} */ #last = null;
  #timer = 0;

  /**
   * @param {Client} client
   * @param {Served} served
   * @param {Settings} settings
   * @param {Vocabulary} vocabulary
   */
  constructor(client, served, settings, vocabulary) {
    this.client = client;
    this.served = served;
    this.settings = settings;
    this.vocabulary = vocabulary;
    this.editor = new Editor($("text"), $("layer"), $("paper"));
    this.list = new AlternativesList($("alternatives"), $("alternatives-place"));
    this.editor.onchange = () => this.#changed();
    settings.onchange = () => this.#task && client.change(settings.options(this.#last?.randomSeed ?? 0));
    this.list.onchoose = (character) => this.#choose(character);
    $("begin").addEventListener("click", () => (this.#task ? this.stop() : this.write()));
    $("retry").addEventListener("click", () => this.#retry());
    $("undo").addEventListener("click", () => this.#undo());
    $("copy").addEventListener("click", () => this.#copy());
    $("save").addEventListener("click", () => this.#save());
    $("colour").addEventListener("change", () => this.#colourOrNot());
    $("text").addEventListener("click", () => this.#look());
    $("text").addEventListener("keyup", (/** @type {KeyboardEvent} */ { key }) => {
      if (/^(Arrow|Home|End|Page)/.test(key)) this.#look();
    });
    $("write").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  /** Continue the text. Where the last writing ended, its noise goes on, so that the text is that of one long writing. */
  async write() {
    if (!this.#prepare()) return;
    this.editor.keep();
    const goesOn = !this.served.writes && this.#last && this.#last.text === this.editor.text && this.settings.randomSeed === "";
    const last = /** @type {Writing} */ (this.#last);
    const randomSeed = goesOn ? last.randomSeed : this.settings.randomSeed || newRandomSeed();
    await this.#write(randomSeed, goesOn ? last.position : 0);
  }

  /** Stop writing; the text stays as it is. */
  stop() {
    this.#task?.stop();
  }

  /** Show the sentences that depend on the language and on the text. */
  showStatus() {
    const { text } = this.editor;
    $("begin").textContent = say(this.#task ? "stop" : "begin");
    $("undo").disabled = Boolean(this.#task) || !this.editor.canUndo;
    $("retry").disabled = Boolean(this.#task) || this.#last?.text !== text; // it would drop what was typed since
    $("count").textContent = say("characters", Array.from(text).length);
    if (!text) this.list.clear();
  }

  /**
   * @param {string} randomSeed
   * @param {number} position
   */
  async #write(randomSeed, position) {
    const start = this.editor.text.length;
    const writing = { start, randomSeed, position, text: "" };
    this.#last = writing;
    const options = this.settings.options(randomSeed);
    const hear = (/** @type {any} */ { piece, written, rate }) => {
      writing.position = position + written;
      this.editor.append(piece);
      $("rate").textContent = say("rate", Math.round(rate));
    };
    const { text } = this.editor;
    this.#task = this.served.writes
      ? this.served.write(text, options, hear)
      : this.client.start({ kind: "write", text, position, options }, hear);
    $("state").textContent = say("writing");
    $("text").readOnly = true;
    this.showStatus();
    const { error, stopped } = await this.#task.end;
    this.#task = null;
    $("text").readOnly = false;
    if (error) this.#last = null;
    writing.text = this.editor.text;
    $("state").textContent = error ?? say(stopped ? "stopped" : "ready");
    this.showStatus();
    if (this.list.some) this.#look();
  }

  /** Write the last part again, with the next random seed. */
  #retry() {
    if (!this.#last) return;
    const { start, randomSeed } = this.#last;
    this.editor.keep();
    this.editor.replaceFrom(start, "", false);
    this.#write(String(BigInt(randomSeed) + 1n), 0);
  }

  #undo() {
    this.editor.undo();
    this.#last = null;
    this.showStatus();
  }

  /**
   * Put another character at the place of the caret, and continue from there.
   * @param {string} character
   */
  async #choose(character) {
    if (this.#task) { // the old text ends before a new one begins
      this.stop();
      await this.#task.end;
    }
    if (!this.#prepare()) return;
    const place = this.editor.caret;
    this.editor.keep();
    this.editor.replaceFrom(place, character, true);
    $("text").focus();
    this.#write(this.settings.randomSeed || newRandomSeed(), 0);
  }

  /** Show the alternatives of the character after the caret. */
  async #look() {
    const { text, caret } = this.editor;
    if (caret === 0 || $("text").selectionStart !== $("text").selectionEnd || this.vocabulary.normalise(text) !== text) return;
    const mode = this.settings.options(0).mode;
    const { error, stopped, alternatives, rest } = await this.client.start({ kind: "alternatives", text, place: caret, mode }).end;
    if (error || stopped || text !== this.editor.text) return;
    this.list.show(alternatives, rest, text.slice(Math.max(0, caret - BEFORE), caret), Array.from(text.slice(caret, caret + 2))[0]);
  }

  /**
   * Bring the text into the characters of the model.
   * @returns {boolean} Whether it can be continued; the reason is shown if not.
   */
  #prepare() {
    const text = this.vocabulary.normalise(this.editor.text);
    if (text !== this.editor.text) this.editor.replaceFrom(0, text, false);
    const unknown = this.vocabulary.rare ? [] : this.vocabulary.unknown(text);
    const wrong = text === "" ? say("empty") : unknown.length > 0 ? say("unknown", unknown.slice(0, 20).join(" ")) : "";
    if (wrong) $("text").focus();
    const problem = wrong || this.settings.problem();
    $("state").textContent = problem || say("ready");
    $("rate").textContent = "";
    return problem === "";
  }

  #changed() {
    this.showStatus();
    clearTimeout(this.#timer);
    if (this.editor.nats) this.#timer = setTimeout(() => this.#colourMore(), PAUSE);
  }

  #colourOrNot() {
    const on = $("colour").checked;
    $("legend").hidden = !on;
    this.editor.colour(on);
    if (on) this.#colourMore();
  }

  /** Colour the characters whose surprisal is unknown. */
  #colourMore() {
    const { text, nats } = this.editor;
    const from = Math.max(1, nats?.length ?? 0);
    if (!nats || Array.from(text).length <= from || this.vocabulary.normalise(text) !== text) return;
    const add = (/** @type {import("./client.js").Reply} */ reply) => {
      if (reply.nats && this.editor.text.startsWith(text)) this.editor.addNats(reply.from, reply.nats);
    };
    this.client.start({ kind: "colour", text, from }, add).end.then(add);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key === "Enter") this.#task ? this.stop() : this.write();
    else if (event.key === "Escape") this.stop();
    else if (command && event.key === "z" && !event.shiftKey && event.target === $("text")) this.#task || this.#undo();
    else return;
    event.preventDefault();
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.editor.text);
    } catch { // not allowed on pages opened from disk in some browsers
      $("text").select();
      document.execCommand("copy");
    }
    $("state").textContent = say("copied");
  }

  #save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.editor.text], { type: "text/plain;charset=utf-8" }));
    link.download = "text.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  }
}
