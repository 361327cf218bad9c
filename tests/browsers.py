"""A real browser, for the tests that look at pages; without one they are skipped."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright isn't installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe isn't installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# The marks of a module.
in_a_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium here: {', '.join(NAMES)}"),
]

# Without a sandbox, which root can't have, and silent: it asks nobody for updates.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
# What axe looks for.
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@contextmanager
def launched() -> Iterator[Any]:
    """Give a browser, and close it."""
    with sync_api.sync_playwright() as playwright:
        # No path of Playwright's own: it has downloaded no browser.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def signed_in(browser: Any, url: str, name: str) -> Any:
    """Return the cookies of the user `name` of the demo, who has signed in to the admin."""
    context = browser.new_context(base_url=url)
    login = "/admin/login/?next=/admin/"
    # No page is opened for it: a browser would load all that the form is shown with.
    form = context.request.get(login).text()
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token is not None
    answer = context.request.post(
        login,
        form={"username": name, "password": name, "csrfmiddlewaretoken": token[1]},
    )
    assert answer.url.endswith("/admin/")
    state = context.storage_state()
    context.close()
    return state


class Tabs:
    """The tabs of a browser that show a site; who visits a page takes over one that is there.

    A new context has nothing of the site in its cache, and a new tab is a process of its own: with
    both, a page of the admin costs three times as much. What a visit has left behind is put back
    when the next one begins, except what scripts have stored.
    """

    def __init__(
        self,
        browser: Any,
        url: str,
        *,
        viewport: dict[str, int],
        cookies: Sequence[Any] = (),
        script: str = "",
    ) -> None:
        """Visit the site at `url` as somebody with these cookies.

        script: what each page runs before its own scripts
        """
        self.url = url
        self._browser = browser
        self._viewport = viewport
        self._cookies = cookies
        self._script = script
        self._tabs: dict[str, Any] = {}

    def visit(
        self,
        path: str,
        *,
        viewport: dict[str, int] | None = None,
        color_scheme: str = "light",
        forced_colors: str = "none",
        language: str = "en",
        **settings: Any,
    ) -> Any:
        """Return the page at this path, in a tab of its own for each of the other `settings`.

        What it asked for and what its console said is in `page.asked` and `page.said`.
        """
        page = self._tab(settings)
        page.set_viewport_size(viewport or self._viewport)
        page.emulate_media(media="null", color_scheme=color_scheme, forced_colors=forced_colors)
        page.set_extra_http_headers({"Accept-Language": language})
        page.asked, page.said = [], []
        page.goto(path, wait_until="load")
        return page

    def _tab(self, settings: dict[str, Any]) -> Any:
        kind = repr(sorted(settings.items()))
        if kind not in self._tabs:
            context = self._browser.new_context(base_url=self.url, **settings)
            if self._script:
                context.add_init_script(self._script)
            self._tabs[kind] = page = context.new_page()
            page.on("request", lambda request: page.asked.append(request.url))
            page.on("console", lambda message: page.said.append(message.text))
            page.on("pageerror", lambda error: page.said.append(str(error)))
        page = self._tabs[kind]
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.context.clear_cookies()
        page.context.add_cookies(self._cookies)
        return page
