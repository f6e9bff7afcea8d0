/** The characters that a model knows, and their ids. A character is a code point, never half of a surrogate pair. */

/** The characters that share the placeholder, and how often each occurs in the training text.
 * @typedef {{characters: string[], counts: number[]}} RareCharacters */

const CODE_POINTS = 0x110000;
const SHOWN = 40; // unknown characters that a message names

/** A letter with the marks that follow it, or the later letters of a Korean syllable: canonical equivalence changes these. */
const CLUSTER = /[^\p{M}\u1160-\u11ff\uff9e\uff9f]?[\p{M}\u1160-\u11ff\uff9e\uff9f]+/gu;

/** An error that names the characters that a model does not know. */
export class UnknownCharacterError extends Error {
  /** @param {string[]} characters Each once, in order of appearance. */
  constructor(characters) {
    const more = characters.length > SHOWN ? ` and ${characters.length - SHOWN} more` : "";
    super(`the model does not know ${characters.slice(0, SHOWN).map((each) => JSON.stringify(each)).join(" ")}${more}`);
    this.name = "UnknownCharacterError";
    this.characters = characters;
  }
}

/**
 * The set of characters that a model learns; the id of a character is its index. With rare characters, the network has one more
 * id, the placeholder, which it reads for every other character and never generates.
 */
export class Vocabulary {
  /** @type {Map<string, number>} */ #ids;
  /** @type {Map<string, number>} */ #counts;
  #rareTotal = 0;

  /**
   * @param {string[]} characters The K learned characters, by id.
   * @param {RareCharacters | null} [rare] The characters that share the placeholder; null for a model without one.
   */
  constructor(characters, rare = null) {
    this.characters = characters;
    this.rare = rare;
    this.#ids = new Map(characters.map((character, id) => [character, id]));
    this.#counts = new Map(rare?.characters.map((character, index) => [character, rare.counts[index]]));
    for (const count of this.#counts.values()) this.#rareTotal += count;
  }

  /** K, the number of characters that the model can write. */
  get size() {
    return this.characters.length;
  }

  /**
   * Return the unknown characters of a text, each once, in order of appearance.
   * @param {string} text
   * @returns {string[]}
   */
  unknown(text) {
    return [...new Set(text)].filter((character) => !this.#ids.has(character));
  }

  /**
   * Return a text with line ends as LF, and unknown characters in a canonically equivalent known spelling if there is one.
   * @param {string} text
   * @returns {string}
   */
  normalise(text) {
    const lines = text.replace(/\r\n?/g, "\n");
    if (this.unknown(lines).length === 0) return lines;
    const respell = (/** @type {string} */ piece) =>
      [piece, piece.normalize("NFC"), piece.normalize("NFD")].find((form) => this.unknown(form).length === 0) ?? piece;
    return Array.from(lines.replace(CLUSTER, respell), respell).join("");
  }

  /**
   * Return the ids of a text, normalised.
   * @param {string} text
   * @returns {Uint32Array}
   * @throws {UnknownCharacterError} If a character is not in the vocabulary.
   */
  encode(text) {
    const known = this.normalise(text);
    const unknown = this.unknown(known);
    if (unknown.length > 0) throw new UnknownCharacterError(unknown);
    return this.#encode(known);
  }

  /**
   * Return the ids of a text to read; a model with rare characters reads every character.
   * @param {string} text
   * @returns {Uint32Array}
   * @throws {UnknownCharacterError} If a character is unknown to a model without a placeholder.
   */
  encodeAny(text) {
    return this.rare ? this.#encode(text.replace(/\r\n?/g, "\n")) : this.encode(text);
  }

  /**
   * Return the text of ids.
   * @param {Iterable<number>} ids
   * @returns {string}
   */
  decode(ids) {
    return Array.from(ids, (id) => this.characters[id]).join("");
  }

  /**
   * Return the surprisal of a character given that it is the placeholder, as charlstm/text/vocabulary.py defines it: nats.
   * @param {string} character
   * @returns {number} 0 for a learned character.
   */
  namingNats(character) {
    if (!this.rare || this.#ids.has(character)) return 0;
    const kinds = Math.max(1, this.#counts.size);
    const count = this.#counts.get(character) ?? 0;
    return Math.log(this.#rareTotal + kinds) - Math.log(count + kinds / (CODE_POINTS - this.size));
  }

  /**
   * @param {string} text
   * @returns {Uint32Array}
   */
  #encode(text) {
    return Uint32Array.from(Array.from(text, (character) => this.#ids.get(character) ?? this.size));
  }
}
