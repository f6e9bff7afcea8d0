/** The address of the page, which holds what the tab on the inside of the model shows, so that every moment is a link. */

import { choiceOf, fragmentOf } from "./choice.js";

/** @typedef {import("./choice.js").Choice} Choice */

const REST = 150; // milliseconds without a change, after which the address is written

/** The part of the address after `#`. */
export class Address {
  /**
   * Return the choice in the address; the present one itself if the address says the same, and null if it is not of this tab.
   * @param {Choice} present
   * @param {Parameters<typeof choiceOf>[2]} limits
   * @returns {Choice | null}
   */
  read(present, limits) {
    const fragment = location.hash.slice(1);
    if (new URLSearchParams(fragment).get("tab") !== "inside") return null;
    return fragment === fragmentOf(present) ? present : choiceOf(fragment, present, limits);
  }

  /**
   * Put a choice into the address, once nothing has changed for a moment: browsers limit how often that is possible.
   * @param {Choice} choice
   * @param {() => boolean} holds Whether the choice is still shown.
   */
  async write(choice, holds) {
    await new Promise((resolve) => setTimeout(resolve, REST));
    if (holds()) this.#replace(choice);
  }

  /** Remove the choice from the address. */
  clear() {
    history.replaceState(null, "", location.pathname + location.search);
  }

  /**
   * Put a choice into the address, and the address into the clipboard.
   * @param {Choice} choice
   * @returns {Promise<"linkCopied" | "linkInAddress">} The second where the page may not use the clipboard.
   */
  async copy(choice) {
    this.#replace(choice);
    try {
      await navigator.clipboard.writeText(location.href);
      return "linkCopied";
    } catch {
      return "linkInAddress";
    }
  }

  /** @param {Choice} choice */
  #replace(choice) {
    history.replaceState(null, "", `#${fragmentOf(choice)}`);
  }
}
