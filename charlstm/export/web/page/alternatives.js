/** The list of characters that could stand at a place, each of which continues the text from there. */

import { say } from "./strings.js";

/** @typedef {{character: string, probability: number}} Alternative */

/** The list, in the panel beside the text. */
export class AlternativesList {
  /**
   * @param {HTMLOListElement} list
   * @param {HTMLElement} heading
   */
  constructor(list, heading) {
    this.list = list;
    this.heading = heading;
    /** Called with the character that was chosen. @type {(character: string) => void} */
    this.onchoose = () => {};
  }

  /**
   * Show the alternatives at a place.
   * @param {Alternative[]} alternatives The likeliest ones.
   * @param {Alternative | null} rest The character of the text, if it is not among them.
   * @param {string} before The end of the text before the place.
   * @param {string | undefined} here The character of the text; undefined at its end.
   */
  show(alternatives, rest, before, here) {
    this.heading.textContent = `${say("after")} “${visible(before)}”`;
    const shown = rest ? [...alternatives.slice(0, -1), rest] : alternatives;
    this.list.replaceChildren(...shown.map((each) => this.#item(each, each.character === here)));
  }

  /** Whether the list shows any. */
  get some() {
    return this.list.childElementCount > 0;
  }

  /** Show none. */
  clear() {
    this.heading.textContent = say("alternativesHelp");
    this.list.replaceChildren();
  }

  /**
   * @param {Alternative} alternative
   * @param {boolean} chosen Whether it is the character of the text.
   */
  #item({ character, probability }, chosen) {
    const button = document.createElement("button");
    button.type = "button";
    const name = document.createElement("span");
    name.className = "character";
    name.textContent = visible(character);
    const bar = document.createElement("meter");
    bar.max = 1;
    bar.value = probability;
    bar.setAttribute("aria-hidden", "true");
    const share = document.createElement("span");
    share.className = "share";
    share.textContent = percent(probability);
    button.append(name, bar, share);
    if (chosen) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.onchoose(character));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }
}

/**
 * Return a text in which blanks and line ends can be seen.
 * @param {string} text
 */
export function visible(text) {
  return text.replaceAll("\n", "↵").replaceAll(" ", "␣").replaceAll("\t", "⇥")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`);
}

/** Return a probability as it is shown. @param {number} probability */
export function percent(probability) {
  const share = 100 * probability;
  if (share < 0.01) return "< 0.01 %";
  return `${share >= 9.95 ? Math.round(share) : share.toFixed(share >= 0.995 ? 1 : 2)} %`;
}
