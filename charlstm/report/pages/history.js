"use strict";
// Keeps the chosen axis, the open parts, the focus and the place on the page when the page of a running training reloads itself.
const run = document.getElementById("run");
const key = "charlstm " + location.pathname;
const parts = () => [...document.querySelectorAll("details, input")];
function remember() {
  const state = { scroll: scrollY, focus: document.activeElement?.id, on: parts().filter((each) => each.open || each.checked).map((each) => each.id) };
  try { sessionStorage.setItem(key, JSON.stringify(state)); } catch { /* a browser that stores nothing for files */ }
}
try {
  const state = JSON.parse(sessionStorage.getItem(key));
  if (state) {
    for (const each of parts()) each[each.tagName === "DETAILS" ? "open" : "checked"] = state.on.includes(each.id);
    if (state.focus) document.getElementById(state.focus)?.focus({ preventScroll: true });
    scrollTo(0, state.scroll);
  }
} catch { /* as above */ }
addEventListener("pagehide", remember);
if (run.dataset.state === "training") {
  const written = 1000 * Number(run.dataset.written), pause = 1000 * Number(run.dataset.pause);
  const look = () => {
    if (Date.now() - written > 60000 + 5 * pause) {
      document.getElementById("since").textContent = new Date(written).toLocaleTimeString();
      document.getElementById("stale").hidden = false;
      document.getElementById("state").textContent = "no news";
    } else if (document.hidden || String(getSelection()) !== "") {
      setTimeout(look, 1000); // do not disturb a reader who selects text
    } else {
      location.reload();
    }
  };
  if (Date.now() - written > 60000 + 5 * pause) look(); else setTimeout(look, pause);
}
