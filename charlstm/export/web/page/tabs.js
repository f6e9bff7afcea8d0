/** Tabs, as the WAI-ARIA practices describe them: arrow keys move between them, and one of them is in the order of the page. */

/**
 * Make the tabs of a list open their panels.
 * @param {HTMLElement} list
 * @param {(tab: HTMLElement) => void} onopen Called when a person opens a tab.
 */
export function bindTabs(list, onopen) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => onopen(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const other = tabs[(index + step + tabs.length) % tabs.length];
      onopen(other);
      other.focus();
    });
  }
}

/**
 * Show the panel of a tab, and hide those of the others.
 * @param {HTMLElement} list
 * @param {HTMLElement} tab
 */
export function showTab(list, tab) {
  for (const each of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[role=tab]"))) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(each.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !chosen;
  }
}
