/** Elements and numbers. */

import { visible } from "../alternatives.js";

/** The element with an id; the page has it. @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/**
 * Return a new element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} name
 * @param {Record<string, string | number | boolean | undefined>} attributes `class`, `data-…`, `aria-…`; false and undefined are
 *   left out.
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(attribute, value === true ? "" : String(value));
  }
  element.append(...content);
  return element;
}

/**
 * Return a new element of a drawing.
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} content
 * @returns {SVGElement}
 */
export function draw(name, attributes = {}, ...content) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value));
  element.append(...content);
  return element;
}

/**
 * Return a number as it is shown: four decimals, or three digits and a power of ten where those would show nothing.
 * @param {number} value
 * @returns {string}
 */
export function decimal(value) {
  const size = Math.abs(value);
  const text = size >= 1e5 || (size > 0 && size < 5e-5) ? value.toExponential(2) : value.toFixed(4);
  return text.replaceAll("-", "−");
}

/** Return an element that shows a number, and holds it exactly. @param {number} value @param {string} [name] */
export function number(value, name) {
  return make("span", { class: "number", "data-value": value, "data-name": name || undefined }, decimal(value));
}

/** Return a character as it is shown, in quotation marks. @param {string} character */
export function quoted(character) {
  return `“${visible(character)}”`;
}

/** Return a text with `code` in backticks as elements. @param {string} text @returns {Node[]} */
export function withCode(text) {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : document.createTextNode(part)));
}

/** Return the last words of a text, on its last line. @param {string[]} characters @param {number} most Characters. */
export function ending(characters, most) {
  const line = characters.slice(characters.lastIndexOf("\n", characters.length - 2) + 1);
  if (line.length <= most) return line.join("");
  const last = line.slice(-most);
  return last.slice(last.indexOf(" ") + 1).join("");
}
