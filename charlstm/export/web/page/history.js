/** Undo: the states of a document, of which a change of the model is one step and fast typing too. */

const TYPING = 1000; // milliseconds; edits closer together are one step
const STEPS = 200; // kept at most

/** @template T */
export class History {
  /** @type {T[]} */ #past = [];
  #typed = -Infinity;

  /** Whether there is a step to undo. */
  get some() {
    return this.#past.length > 0;
  }

  /**
   * Keep the state before a change of the model.
   * @param {T} state
   */
  keep(state) {
    this.#past.push(state);
    if (this.#past.length > STEPS) this.#past.shift();
    this.#typed = -Infinity;
  }

  /**
   * Keep the state before an edit, unless it goes on with the edit before.
   * @param {T} state
   * @param {number} now Milliseconds.
   */
  keepTyping(state, now) {
    if (now - this.#typed > TYPING) this.keep(state);
    this.#typed = now;
  }

  /**
   * Return the state before the last step, and forget it.
   * @returns {T | undefined}
   */
  undo() {
    this.#typed = -Infinity;
    return this.#past.pop();
  }
}
