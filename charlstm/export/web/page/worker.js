/**
 * The engine in a Web Worker, so that the page never waits for it.
 *
 * A task is a generator that computes a little at a time. Between two slices the worker looks at its messages, so a task stops at
 * once, and several tasks run side by side. A new task replaces the one of its kind.
 */

import { fromData } from "../engine/index.js";
import { InsideTasks } from "./inside/tasks.js";

/** @typedef {import("../engine/generation.js").GenerationOptions} GenerationOptions */
/** @typedef {import("../engine/modes.js").Mode} Mode */
/** @typedef {import("../engine/session.js").Session} Session */

/** Options of a text on the page; the length counts the characters to add. @typedef {GenerationOptions & {mode: Mode, length: number}} Options */

/**
 * What the page asks for.
 * @typedef {{kind: "open", manifest: import("../engine/index.js").Manifest, weights: string}} Open
 * @typedef {{kind: "write", task: number, text: string, position: number, options: Options}} Write
 * @typedef {{kind: "alternatives", task: number, text: string, place: number, mode: Mode}} Alternatives
 * @typedef {{kind: "colour", task: number, text: string, from: number}} Colour `from`: at least 1
 * @typedef {{kind: "compare", task: number, text: string, options: Options}} Compare
 * @typedef {{kind: "settings", options: Options}} Settings New options for the text that is being written.
 * @typedef {{kind: "stop", task: number}} Stop
 * @typedef {import("./inside/tasks.js").InsideRequest} InsideRequest
 * @typedef {Open | Write | Alternatives | Colour | Compare | InsideRequest | Settings | Stop} Request
 */

const SLICE = 20; // milliseconds of work between two looks at the messages
const SHOWN = 12; // alternatives that are sent
const BATCH = 64; // characters whose surprisal is sent at a time

/** @type {import("../engine/index.js").Model} */ let model;
/** @type {Record<Mode, Session>} */ let writing;
/** @type {Record<Mode, Session>} */ let looking; // sessions of their own keep the state of the text that is being written
/** @type {Session} */ let colouring;
/** @type {InsideTasks} */ let inside;
/** @type {Options} */ let options;
/** @type {Map<string, number>} */ const running = new Map(); // the present task of each kind

onmessage = ({ data: request }) => {
  if (request.kind === "open") return answer(0, () => open(request));
  if (request.kind === "settings") return void (options = request.options);
  if (request.kind === "stop") return running.forEach((task, kind) => task === request.task && running.delete(kind));
  running.set(request.kind, request.task);
  run(request);
};

/** @param {Open} request */
function open({ manifest, weights }) {
  model = fromData(manifest, weights);
  const pair = () => ({ stateless: model.session("stateless"), stateful: model.session("stateful") });
  [writing, looking, colouring] = [pair(), pair(), model.session("stateful")];
  inside = new InsideTasks(model, manifest, weights);
  return {};
}

/**
 * Run a task to its end, or until it is stopped or replaced.
 * @param {Write | Alternatives | Colour | Compare | InsideRequest} request
 */
async function run(request) {
  const tasks = { write, alternatives, colour, compare };
  const owner = /** @type {any} */ (request.kind in tasks ? tasks : inside);
  const work = /** @type {Generator<object | undefined, object, void>} */ (owner[request.kind](request));
  let end = performance.now() + SLICE;
  for (;;) {
    if (running.get(request.kind) !== request.task) return postMessage({ task: request.task, done: true, stopped: true });
    const step = answer(request.task, () => work.next());
    if (!step) return;
    if (step.done) {
      running.delete(request.kind);
      return postMessage({ task: request.task, done: true, ...step.value });
    }
    if (step.value) postMessage({ task: request.task, ...step.value });
    if (performance.now() > end) {
      await otherMessages();
      end = performance.now() + SLICE;
    }
  }
}

/**
 * Return a result, and tell the page about an error.
 * @template T
 * @param {number} task
 * @param {() => T} compute
 * @returns {T | undefined}
 */
function answer(task, compute) {
  try {
    const result = compute();
    if (task === 0) postMessage({ task, done: true });
    return result;
  } catch (error) {
    const { message, characters } = /** @type {Error & {characters?: string[]}} */ (error);
    postMessage({ task, done: true, error: message, characters });
    return undefined;
  }
}

const channel = new MessageChannel();
/** @type {((value: unknown) => void)[]} */ const waiting = []; // several tasks can wait at a time
channel.port2.onmessage = () => waiting.shift()?.(undefined);

/** Wait until the messages that came in are handled; a timer would wait for at least 4 ms. */
function otherMessages() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port1.postMessage(0);
  });
}

/**
 * Continue a text, and yield its pieces with the speed so far. New settings take effect at the next character.
 * @param {Write} request
 * @returns {Generator<object | undefined, object, void>}
 */
function* write({ text, position, options: first }) {
  options = first;
  let written = 0;
  let seconds = 0;
  while (written < options.length) {
    const used = options;
    const session = writing[used.mode];
    yield* reading(session, text);
    const pieces = session.write({ ...used, length: used.length - written, position: position + written });
    let piece = "";
    let posted = performance.now();
    let step;
    do {
      const began = performance.now();
      step = pieces.next();
      seconds += (performance.now() - began) / 1000;
      if (!step.done) piece += step.value;
      if (piece && (step.done || options !== used || performance.now() > posted + SLICE)) {
        text += piece;
        written += Array.from(piece).length;
        yield { piece, written, rate: written / seconds };
        [piece, posted] = ["", performance.now()];
      } else yield;
    } while (!step.done && options === used);
    if (step.done) break;
  }
  return { written };
}

/**
 * Return the likeliest characters at a place of a text, and the character that is there.
 * @param {Alternatives} request
 */
function* alternatives({ text, place, mode }) {
  yield* reading(looking[mode], text.slice(0, place));
  const all = looking[mode].next();
  const here = Array.from(text.slice(place, place + 2))[0];
  return { alternatives: all.slice(0, SHOWN), rest: all.slice(SHOWN).find(({ character }) => character === here) ?? null };
}

/**
 * Yield the surprisal of the characters from a number on, given all those before each.
 * @param {Colour} request
 * @returns {Generator<object | undefined, object, void>}
 */
function* colour({ text, from }) {
  const characters = Array.from(text);
  yield* reading(colouring, characters.slice(0, from).join(""));
  /** @type {number[]} */ let nats = [];
  for (const character of characters.slice(from)) {
    nats.push(colouring.surprisal(character));
    colouring.feed(character);
    if (nats.length === BATCH) {
      yield { from, nats };
      [from, nats] = [from + nats.length, []];
    } else yield;
  }
  return { from, nats };
}

/**
 * Continue a text in both modes with the same noise, in turns, and yield the pieces of both.
 * @param {Compare} request
 * @returns {Generator<object | undefined, object, void>}
 */
function* compare({ text, options }) {
  const modes = /** @type {Mode[]} */ (["stateless", "stateful"]);
  const sessions = modes.map((mode) => model.session(mode));
  for (const session of sessions) yield* reading(session, text);
  const texts = sessions.map((session) => session.write(options));
  const characters = [0, 0];
  const seconds = [0, 0];
  const ended = [false, false];
  const window = model.config.seq_len;
  const steps = [0, 0];
  while (!ended.every(Boolean)) {
    const pieces = ["", ""];
    for (const [which, pieceByPiece] of texts.entries()) {
      if (ended[which]) continue;
      const began = performance.now();
      const step = pieceByPiece.next();
      seconds[which] += (performance.now() - began) / 1000;
      ended[which] = Boolean(step.done);
      if (step.done) continue;
      pieces[which] = step.value;
      for (const _ of step.value) {
        characters[which]++;
        steps[which] += which === 0 ? Math.min(window, sessions[0].length) : 1;
      }
    }
    yield { pieces, rates: characters.map((count, which) => count / seconds[which]), steps };
  }
  return {};
}

/**
 * Make a text the text of a session, and yield after each character.
 * @param {Session} session
 * @param {string} text
 * @returns {Generator<undefined, void, void>}
 */
function* reading(session, text) {
  for (const _ of session.reading(text)) yield;
}
