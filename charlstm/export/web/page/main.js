/** Opens the page: the model in its worker, the tabs, the language. */

import { Vocabulary } from "../engine/vocabulary.js";
import { showCard } from "./card.js";
import { Client } from "./client.js";
import { Comparison } from "./comparison.js";
import { Desk } from "./desk.js";
import { Explainer } from "./inside/explainer.js";
import { scripting } from "./scripting.js";
import { Served } from "./served.js";
import { Settings } from "./settings.js";
import { currentLanguage, say, showLanguage } from "./strings.js";
import { bindTabs, showTab } from "./tabs.js";

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** What the page holds: the manifest of the model, its card, what the tab on its inside shows at first, and the
 * models of the server that sent it.
 * @typedef {{manifest: import("../engine/index.js").Manifest, card: import("./card.js").Card,
 *   start: Partial<import("./inside/choice.js").Choice> | null, served: string[]}} Page */

/** @type {Page} */ const { manifest, card, start, served } = JSON.parse($("model-data").textContent);
const weights = () => $("weights-data").textContent.trim();
const script = new Blob([$("worker-code").textContent], { type: "text/javascript" });
const client = new Client(new Worker(URL.createObjectURL(script)));
const settings = new Settings($("settings"));
const vocabulary = new Vocabulary(manifest.vocabulary, manifest.rare);
const desk = new Desk(client, new Served(served, manifest.name), settings, vocabulary);
const comparison = new Comparison(client, settings);
const explainer = new Explainer(client, settings, manifest, vocabulary, start ?? {});

/** Show everything in a language. @param {Parameters<typeof showLanguage>[0]} language */
function speak(language) {
  showLanguage(language);
  showCard($("card"), card, manifest);
  settings.showHelp(manifest.config.seq_len);
  $("tagline").textContent = say("tagline", card.corpus);
  $("made-with").textContent = say("madeWith", card.version);
  desk.showStatus();
  comparison.showStatus();
  explainer.refresh();
}

const tabs = $("tabs-of-page");

/** Show a tab. @param {HTMLElement} tab */
function open(tab) {
  showTab(tabs, tab);
  $("panel").hidden = tab.id === "tab-about" || tab.id === "tab-inside";
  $("next").hidden = tab.id !== "tab-write"; // which is about the text of the desk
  if (tab.id === "tab-inside") explainer.open();
  else explainer.close();
}

/** Open the tab that the address names, if it names one. */
function followAddress() {
  if (explainer.readAddress()) open($("tab-inside"));
}

bindTabs(tabs, open);
addEventListener("hashchange", followAddress);
$("language").addEventListener("click", () => speak(currentLanguage() === "en" ? "zh" : "en"));
speak(navigator.language.startsWith("zh") ? "zh" : "en");

Object.assign(window, { charlstm: scripting(manifest, weights) });
$("state").textContent = say("opening");
client.open(manifest, weights()).then(({ error }) => {
  $("state").textContent = error ?? say("ready");
  $("begin").disabled = $("run-compare").disabled = Boolean(error);
  if (error) return;
  if (start) open($("tab-inside"));
  followAddress();
});
