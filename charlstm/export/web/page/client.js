/** The page's side of the worker: tasks that are started, heard and stopped. */

/** @typedef {import("./worker.js").Request} Request */

/** A message about a task: its results, and `done` with the last one.
 * @typedef {{task: number, done?: boolean, stopped?: boolean, error?: string, characters?: string[]} & Record<string, any>} Reply */

/** A request without its number. @template T @typedef {T extends {task: number} ? Omit<T, "task"> : never} Unnumbered */

/** A task in the worker: `stop` ends it, `end` resolves with its last message, at which nothing more comes.
 * @typedef {{stop: () => void, end: Promise<Reply>}} Task */

/** The worker of a page. */
export class Client {
  /** @type {Map<number, (reply: Reply) => void>} */ #listeners = new Map();
  #count = 0;

  /** @param {Worker} worker */
  constructor(worker) {
    this.worker = worker;
    worker.onmessage = ({ data }) => this.#listeners.get(data.task)?.(data);
  }

  /**
   * Give the model to the worker.
   * @param {import("../engine/index.js").Manifest} manifest
   * @param {string} weights In base64.
   * @returns {Promise<Reply>}
   */
  open(manifest, weights) {
    return this.#listen(0, () => {}, () => this.#post({ kind: "open", manifest, weights }));
  }

  /**
   * Start a task; one of the same kind that runs is stopped.
   * @param {Unnumbered<Request>} request
   * @param {(reply: Reply) => void} [hear] Called with every message but the last one.
   * @returns {Task}
   */
  start(request, hear = () => {}) {
    const task = ++this.#count;
    const end = this.#listen(task, hear, () => this.#post(/** @type {Request} */ ({ ...request, task })));
    return { stop: () => this.#post({ kind: "stop", task }), end };
  }

  /**
   * Change the options of the text that is being written.
   * @param {import("./worker.js").Options} options
   */
  change(options) {
    this.#post({ kind: "settings", options });
  }

  /**
   * @param {number} task
   * @param {(reply: Reply) => void} hear
   * @param {() => void} begin
   * @returns {Promise<Reply>}
   */
  #listen(task, hear, begin) {
    return new Promise((resolve) => {
      this.#listeners.set(task, (reply) => {
        if (!reply.done) return hear(reply);
        this.#listeners.delete(task);
        resolve(reply);
      });
      begin();
    });
  }

  /** @param {Request} request */
  #post(request) {
    this.worker.postMessage(request);
  }
}
