/** Opens the page: the model in its worker, the tabs, the language. */

import { Vocabulary } from "../engine/vocabulary.js";
import { showCard } from "./card.js";
import { Client } from "./client.js";
import { Comparison } from "./comparison.js";
import { Desk } from "./desk.js";
import { scripting } from "./scripting.js";
import { Settings } from "./settings.js";
import { currentLanguage, say, showLanguage } from "./strings.js";

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** What the page holds: the manifest of the model, its card, and the text to begin with.
 * @typedef {{manifest: import("../engine/index.js").Manifest, card: import("./card.js").Card}} Page */

/** @type {Page} */ const { manifest, card } = JSON.parse($("model-data").textContent);
const weights = () => $("weights-data").textContent.trim();
const script = new Blob([$("worker-code").textContent], { type: "text/javascript" });
const client = new Client(new Worker(URL.createObjectURL(script)));
const settings = new Settings($("settings"));
const desk = new Desk(client, settings, new Vocabulary(manifest.vocabulary, manifest.rare));
const comparison = new Comparison(client, settings);

/** Show everything in a language. @param {Parameters<typeof showLanguage>[0]} language */
function speak(language) {
  showLanguage(language);
  showCard($("card"), card, manifest);
  settings.showHelp(manifest.config.seq_len);
  $("tagline").textContent = say("tagline", card.corpus);
  $("made-with").textContent = say("madeWith", card.version);
  desk.showStatus();
  comparison.showStatus();
}

/** Show a tab. @param {HTMLElement} tab */
function open(tab) {
  for (const each of document.querySelectorAll("[role=tab]")) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    /** @type {HTMLElement} */ (each).tabIndex = chosen ? 0 : -1;
    $(each.getAttribute("aria-controls") ?? "").hidden = !chosen;
  }
  $("panel").hidden = tab.id === "tab-about";
  $("next").hidden = tab.id !== "tab-write"; // which is about the text of the desk
}

const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[role=tab]")]);
for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const other = tabs[(index + step + tabs.length) % tabs.length];
    open(other);
    other.focus();
  });
}
$("language").addEventListener("click", () => speak(currentLanguage() === "en" ? "zh" : "en"));
speak(navigator.language.startsWith("zh") ? "zh" : "en");

Object.assign(window, { charlstm: scripting(manifest, weights) });
$("state").textContent = say("opening");
client.open(manifest, weights()).then(({ error }) => {
  $("state").textContent = error ?? say("ready");
  $("begin").disabled = $("run-compare").disabled = Boolean(error);
});
