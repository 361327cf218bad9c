"""The pages in a real browser: accessible, readable on a phone, whole under the site's CSP.

SCREENSHOTS=directory keeps pictures of them, for eyes to judge what no assertion can.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..servers import Server

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright isn't installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe isn't installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium here: {', '.join(NAMES)}"),
]

# Without a sandbox, which root can't have, and silent: it asks nobody for updates.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

# Those whose pages have something that others have not: lists, links, a wait, an id.
PAGES = {
    "404": "/no/such/page/",
    "405": "/raise/405/",
    "406": "/raise/406/",
    "410": "/return/410/",
    "415": "/raise/415/",
    "422": "/raise/422/",
    "429": "/raise/429/",
    "431": "/raise/431/",
    "451": "/raise/451/",
    "500": "/builtin/crash/",
    "599": "/raise/599/",
}
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}

every_page = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def server(start: Callable[[str], Server]) -> Server:
    return start("gunicorn")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # No path of Playwright's own: it has downloaded no browser.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Any]]:
    """Open an address of the site as a visitor with these settings does.

    What the page asked for and what the console said is in `page.asked` and `page.said`.
    """
    contexts = []

    def visit(path: str, **settings: Any) -> Any:
        context = browser.new_context(**{"viewport": DESK, **settings})
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(server.url + path, wait_until="load")
        return page

    yield visit
    for context in contexts:
        context.close()


def style_of(page: Any, selector: str, name: str) -> str:
    """Return the computed style of the first `selector`."""
    return page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element).getPropertyValue(name)", name
    )


@pytest.mark.parametrize(
    ("path", "scheme"),
    [*((path, "light") for path in PAGES.values()), (PAGES["406"], "dark"), (PAGES["500"], "dark")],
)
def test_axe_finds_nothing(visit: Callable[..., Any], path: str, scheme: str) -> None:
    page = visit(path, color_scheme=scheme, bypass_csp=True)
    results = axe.Axe().run(page, options=AXE)
    assert results.violations_count == 0, results.generate_report()


@every_page
def test_structure(visit: Callable[..., Any], path: str) -> None:
    page = visit(path)
    assert page.locator("h1").count() == page.locator("main").count() == 1
    levels = page.locator("h1, h2, h3, h4, h5, h6").evaluate_all("all => all.map(e => e.tagName)")
    assert levels[0] == "H1"
    assert set(levels[1:]) <= {"H2"}
    assert page.title().startswith(page.locator("h1").inner_text() + " (")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("html").get_attribute("dir") == "ltr"


@every_page
@pytest.mark.parametrize("width", [320])
def test_nothing_is_wider_than_the_screen(visit: Callable[..., Any], path: str, width: int) -> None:
    """WCAG 1.4.10: 320 pixels are 1280 at 400 %."""
    page = visit(path, viewport={"width": width, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    right_edges = page.locator("main *").evaluate_all(
        "all => all.map(element => element.getBoundingClientRect().right)"
    )
    assert max(right_edges) <= width


@every_page
def test_nothing_else_is_loaded_and_nothing_is_blocked(
    visit: Callable[..., Any], server: Server, path: str
) -> None:
    """The page comes in one answer, and the Content-Security-Policy lets its style through."""
    page = visit(path)
    # A browser looks for the site's icon by itself.
    asked = [url for url in page.asked if not url.endswith("/favicon.ico")]
    assert asked == [server.url + path]
    refused = [text for text in page.said if "the server responded with a status of" not in text]
    assert refused == []


@schemes
def test_the_style_is_applied(visit: Callable[..., Any], scheme: str) -> None:
    page = visit("/raise/404/", color_scheme=scheme)
    main, body = (style_of(page, each, "background-color") for each in ("main", "body"))
    assert main != body
    transparent = "rgba(0, 0, 0, 0)"
    assert transparent not in (main, body)
    brightness = sum(map(int, body.removeprefix("rgb(").removesuffix(")").split(", "))) / 3
    assert brightness > 200 if scheme == "light" else brightness < 60


def test_readable_without_style(browser: Any, server: Server) -> None:
    """A policy that knows no nonce blocks the style: order and words carry the page alone."""
    page = browser.new_page()
    page.route("**/raise/406/", _with_strict_policy)
    page.goto(server.url + "/raise/406/")
    assert style_of(page, "main", "border-top-style") == "none"
    words = page.locator("main").inner_text()
    order = [
        words.index(each)
        for each in ("406", "Not Acceptable", "Choose one", "Available", "text/html")
    ]
    assert order == sorted(order)
    page.close()


def _with_strict_policy(route: Any) -> None:
    response = route.fetch()
    headers = response.headers | {"content-security-policy": "default-src 'none'"}
    route.fulfill(response=response, headers=headers)


def test_links_show_that_they_have_the_focus(visit: Callable[..., Any]) -> None:
    """WCAG 2.4.7. They are all reached by the keyboard, in the order of the page."""
    page = visit("/raise/406/")
    seen = []
    for _ in range(page.locator("a").count()):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.getAttribute('href')"))
        assert style_of(page, ":focus", "outline-style") == "solid"
        assert float(style_of(page, ":focus", "outline-width").removesuffix("px")) >= 2
    assert seen == ["/documents/1/", "/api/documents/1/"]


def test_a_link_leads_on(visit: Callable[..., Any], server: Server) -> None:
    page = visit("/raise/406/")
    page.locator("a").first.click()
    page.wait_for_url(server.url + "/documents/1/")


def test_languages(visit: Callable[..., Any]) -> None:
    """What `lang` says is what screen readers pronounce: it is right, or worse than nothing."""
    page = visit("/raise/404/", locale="de-DE")
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.locator("h1").inner_text() == "Seite nicht gefunden"


def test_right_to_left(visit: Callable[..., Any]) -> None:
    """Nothing of the style is tied to the left."""
    page = visit("/raise/503/", locale="ar-EG", viewport=PHONE)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert style_of(page, ".permanence", "border-right-width") == "3px"
    assert style_of(page, ".permanence", "border-left-width") == "0px"


def test_large_text(visit: Callable[..., Any]) -> None:
    """WCAG 1.4.4: twice the size, nothing cut off and nothing to scroll sideways."""
    page = visit("/raise/431/", viewport=PHONE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@schemes
def test_the_tour_compares_live(visit: Callable[..., Any], scheme: str) -> None:
    """The index of the demo asks for what it shows; it fits a phone, and axe finds nothing."""
    page = visit("/", color_scheme=scheme, viewport=PHONE, bypass_csp=True)
    verdicts = page.locator("[data-compare] strong")
    sync_api.expect(verdicts).to_have_text(["Different", "Identical"])
    for box in page.locator("[data-ask]").all():
        sync_api.expect(box.locator("strong")).to_have_text(re.compile("^4[01][0-9] "))
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    results = axe.Axe().run(page, options=AXE)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="SCREENSHOTS names no directory")
@every_page
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("light", {"color_scheme": "light"}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "device_scale_factor": 2}),
        ("contrast", {"forced_colors": "active"}),
    ],
)
def test_screenshots(
    visit: Callable[..., Any], path: str, name: str, settings: dict[str, Any]
) -> None:
    directory = Path(os.environ["SCREENSHOTS"])
    directory.mkdir(parents=True, exist_ok=True)
    picture = directory / f"{path.strip('/').replace('/', '-')}-{name}.png"
    visit(path, **settings).screenshot(path=picture, full_page=True)
    assert picture.stat().st_size
