/** The words of the page, in English and Chinese. */

import { DESK as DESK_EN } from "./words/desk_en.js";
import { DESK as DESK_ZH } from "./words/desk_zh.js";
import { INSIDE as INSIDE_EN } from "./words/inside_en.js";
import { INSIDE as INSIDE_ZH } from "./words/inside_zh.js";

/** @typedef {keyof typeof STRINGS} Language */
/** @typedef {keyof typeof STRINGS.en} Phrase */

const STRINGS = { en: { ...DESK_EN, ...INSIDE_EN }, zh: { ...DESK_ZH, ...INSIDE_ZH } };

/** @type {Language} */ let language = "en";

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/**
 * Return a phrase in the present language.
 * @param {Phrase} phrase
 * @param {...(string | number)} values In place of {0}, {1} …; numbers get their separators.
 * @returns {string}
 */
export function say(phrase, ...values) {
  return STRINGS[language][phrase].replace(/\{(\d)\}/g, (_, index) => {
    const value = values[Number(index)];
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/**
 * Show the page in a language: every element with `data-say` gets its phrase, as text or as the attribute named before a colon.
 * @param {Language} chosen
 */
export function showLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-say]")) {
    for (const part of (element.getAttribute("data-say") ?? "").split(" ")) {
      const [phrase, attribute] = /** @type {[Phrase, string?]} */ (part.split(":").reverse());
      if (attribute) element.setAttribute(attribute, say(phrase));
      else element.textContent = say(phrase);
    }
  }
}
