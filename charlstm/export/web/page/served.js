/** What a page can do that a server sent: show another model, and let the server write. */

import { say } from "./strings.js";

/** @typedef {import("./client.js").Reply} Reply */
/** @typedef {import("./client.js").Task} Task */
/** @typedef {import("./worker.js").Options} Options */

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** The server of a page; a page from the disk has none. */
export class Served {
  /**
   * @param {string[]} names Models of the server; empty without one.
   * @param {string} name The model of this page.
   */
  constructor(names, name) {
    this.name = name;
    $("served").hidden = names.length === 0;
    $("models").hidden = names.length < 2;
    $("models").replaceChildren(...names.map((each) => new Option(each, each, each === name, each === name)));
    $("models").addEventListener("change", () => location.assign(`/?${new URLSearchParams({ model: $("models").value })}`));
  }

  /** Whether the server writes, not the engine of this page. */
  get writes() {
    return $("on-server").checked;
  }

  /**
   * Let the server continue a text.
   * @param {string} text
   * @param {Options} options
   * @param {(reply: any) => void} hear Called with each piece, and the speed so far.
   * @returns {Task}
   */
  write(text, options, hear) {
    const controller = new AbortController();
    const end = this.#write(text, options, hear, controller.signal).catch((error) =>
      /** @type {Reply} */ (controller.signal.aborted ? { task: 0, stopped: true } : { task: 0, error: error.message }));
    return { stop: () => controller.abort(), end };
  }

  /**
   * @param {string} text
   * @param {Options} options
   * @param {(reply: any) => void} hear
   * @param {AbortSignal} signal
   * @returns {Promise<Reply>}
   */
  async #write(text, { length, temperature, topK, topP, minP, repetitionPenalty, stop, randomSeed, mode }, hear, signal) {
    const body = JSON.stringify({
      model: this.name, prompt: text, max_tokens: length, temperature, top_k: topK, top_p: topP, min_p: minP, mode, stop, stream: true,
      repetition_penalty: repetitionPenalty, seed: Number(randomSeed),
    });
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("/v1/completions", { method: "POST", headers, body, signal }).catch((error) => {
      throw signal.aborted ? error : new Error(say("noServer"));
    });
    if (!response.ok || !response.body) throw new Error((await response.json()).error.message);
    const began = performance.now();
    let written = 0;
    for await (const { error, choices } of events(response.body)) {
      if (error) throw new Error(error.message);
      const piece = choices[0].text;
      written += Array.from(piece).length;
      if (piece) hear({ piece, written, rate: (1000 * written) / (performance.now() - began) });
    }
    return { task: 0 };
  }
}

/**
 * Yield the JSON of server-sent events.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<any, void, void>}
 */
async function* events(body) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "data: [DONE]") yield JSON.parse(line.slice("data: ".length));
  }
}
