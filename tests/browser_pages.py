"""Pages of the headless Chromium, which tests use one after the other: a new window takes as long as a new document again."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Pages:
    """Pages that tests borrow and give back.

    Each test loads its document anew, into the page of an earlier test with the same options if there is one.
    """

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self._free: dict[str, list[Page]] = {}
        self._borrowed: dict[Page, str] = {}

    def borrow(self, *, width: int, height: int = 800, color_scheme: Any = "light", **options: Any) -> "Page":
        """Return a page of this size and colour scheme, offline, in a context with the other options."""
        key = repr(sorted(options.items()))
        free = self._free.setdefault(key, [])
        page = free.pop() if free else self._new(**options)
        self._borrowed[page] = key
        page.emulate_media(media="null", color_scheme=color_scheme)
        page.set_viewport_size({"width": width, "height": height})
        return page

    def _new(self, **options: Any) -> "Page":
        context = self._browser.new_context(offline=True, **options)
        context.add_init_script("try { sessionStorage.clear() } catch {}")  # a page may keep its state for a reload
        return context.new_page()

    def give_back(self, page: "Page") -> None:
        """Make a page free for later tests, empty and with the pointer outside of what they show."""
        key = self._borrowed.pop(page)
        if not page.is_closed():
            page.mouse.move(0, 0)
            page.goto("about:blank")
            self._free[key].append(page)

    def give_all_back(self) -> None:
        """Make all pages free for later tests."""
        for page in list(self._borrowed):
            self.give_back(page)

    def close(self) -> None:
        """Close all pages."""
        for page in [*self._borrowed, *(page for pages in self._free.values() for page in pages)]:
            page.context.close()
