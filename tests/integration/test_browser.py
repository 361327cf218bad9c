"""The pages in a real browser: accessible, readable on a phone, whole under the site's CSP.

SCREENSHOTS=directory keeps pictures of them, for eyes to judge what no assertion can.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from django.conf import settings
from django.utils.translation import get_language_info

from ..browsers import WCAG, Tabs, axe, in_a_browser, sync_api
from ..servers import Server

pytestmark = in_a_browser

AXE = {
    "resultTypes": ["violations"],
    "runOnly": [*WCAG, "best-practice"],
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
SITE_NAME = settings.HTTP_ERRORS["SITE_NAME"]
TRANSPARENT = "rgba(0, 0, 0, 0)"
DESK = {"width": 1280, "height": 800}

every_page = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def server(start: Callable[[str], Server]) -> Server:
    return start("gunicorn")


@pytest.fixture(scope="module")
def visit(browser: Any, server: Server) -> Callable[..., Any]:
    """Open an address of the site; see `Tabs.visit`."""
    return Tabs(browser, server.url, viewport=DESK).visit


def style_of(page: Any, selector: str, name: str) -> str:
    """Return the computed style of the first `selector`."""
    return page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element).getPropertyValue(name)", name
    )


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        *((PAGES[each], "light") for each in ("406", "422", "451", "500")),
        *((PAGES[each], "dark") for each in ("406", "410", "500")),
    ],
)
def test_axe_finds_nothing(visit: Callable[..., Any], path: str, scheme: str) -> None:
    page = visit(path, color_scheme=scheme)
    results = axe.Axe().run(page, options=AXE)
    assert results.violations_count == 0, results.generate_report()


@every_page
def test_each_page_on_a_phone(visit: Callable[..., Any], server: Server, path: str) -> None:
    page = visit(path, viewport=PHONE)
    assert page.locator("h1").count() == page.locator("main").count() == 1
    levels = page.locator("h1, h2, h3, h4, h5, h6").evaluate_all("all => all.map(e => e.tagName)")
    assert levels[0] == "H1"
    assert set(levels[1:]) <= {"H2"}
    assert page.title().startswith(page.locator("h1").inner_text() + " (")
    assert page.locator("header").inner_text() == SITE_NAME
    assert_fits(page)
    # The page comes in one answer, and the Content-Security-Policy lets its style through. A
    # browser looks for the site's icon by itself.
    asked = [url for url in page.asked if not url.endswith("/favicon.ico")]
    assert asked == [server.url + path]
    refused = [text for text in page.said if "the server responded with a status of" not in text]
    assert refused == []


# How far the document and each of its elements reach to the right.
REACH = """() => Math.max(
    document.documentElement.scrollWidth,
    ...[...document.body.querySelectorAll("*")].map(each => each.getBoundingClientRect().right),
)"""
LANG_AND_DIR = "[document.documentElement.lang, document.documentElement.dir]"


def assert_fits(page: Any) -> None:
    """WCAG 1.4.10: 320 pixels are 1280 at 400 %."""
    assert page.evaluate(REACH) <= PHONE["width"]


def test_each_language(browser: Any, server: Server) -> None:
    """What `lang` says is what screen readers pronounce: it is right, or worse than nothing."""
    page = browser.new_page(viewport=PHONE)
    with httpx.Client(base_url=server.url, headers={"Accept": "text/html"}) as client:
        for language in dict(settings.LANGUAGES):
            direction = "rtl" if get_language_info(language)["bidi"] else "ltr"
            for path in ("/raise/429/", "/raise/422/", "/old-shop/", "/raise/403/"):
                answer = client.get(path, headers={"Accept-Language": language})
                html5lib.HTMLParser(strict=True).parse(answer.content, transport_encoding="utf-8")
                page.set_content(answer.text)
                attributes = page.evaluate(LANG_AND_DIR)
                assert attributes == [language, direction], (language, path)
                assert_fits(page)
            if language in ("ar", "de"):
                page.emulate_media(color_scheme="dark" if language == "ar" else "light")
                results = axe.Axe().run(page, options=AXE)
                assert results.violations_count == 0, (language, results.generate_report())
    page.close()


@schemes
def test_the_style_is_applied(visit: Callable[..., Any], scheme: str) -> None:
    page = visit("/raise/404/", color_scheme=scheme)
    main, body = (style_of(page, each, "background-color") for each in ("main", "body"))
    assert main != body
    assert TRANSPARENT not in (main, body)
    assert brightness(body) > 200 if scheme == "light" else brightness(body) < 60


def brightness(colour: str) -> float:
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(", "))) / 3


def test_readable_without_style(browser: Any, server: Server) -> None:
    """A policy that knows no nonce blocks the style: order and words carry the page alone."""
    page = browser.new_page()
    page.route("**/raise/406/", _with_strict_policy)
    page.goto(server.url + "/raise/406/")
    assert style_of(page, "main", "border-top-style") == "none"
    words = page.locator("main").inner_text()
    order = [
        words.index(each)
        for each in ("406", "Not available in", "Choose one", "Available", "text/html")
    ]
    assert order == sorted(order)
    page.close()


def _with_strict_policy(route: Any) -> None:
    response = route.fetch()
    headers = response.headers | {"content-security-policy": "default-src 'none'"}
    route.fulfill(response=response, headers=headers)


def test_links_show_that_they_have_the_focus(visit: Callable[..., Any], server: Server) -> None:
    """WCAG 2.4.7. They are all reached by the keyboard, in the order of the page."""
    page = visit("/raise/403/?a=b")
    seen = []
    for _ in range(page.locator("a").count()):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.getAttribute('href')"))
        assert style_of(page, ":focus", "outline-style") == "solid"
        assert float(style_of(page, ":focus", "outline-width").removesuffix("px")) >= 2
    assert seen == ["/", "/accounts/login/?next=/raise/403/%3Fa%3Db", "/"]
    # The best of them is a button, and it leads there.
    page.locator(".button").click()
    page.wait_for_url(server.url + seen[1])
    assert page.locator("input[name=next]").get_attribute("value") == "/raise/403/?a=b"


def test_trying_again_keeps_the_address(visit: Callable[..., Any], server: Server) -> None:
    page = visit("/raise/503/?q=a%20b&page=2")
    with page.expect_navigation():
        page.locator("main a.button", has_text="Try again").click()
    assert page.url == f"{server.url}/raise/503/?q=a%20b&page=2"


def test_an_id_is_selected_at_one_click(visit: Callable[..., Any]) -> None:
    page = visit("/builtin/crash/")
    assert "it has been recorded" in page.locator(".detail").inner_text()
    page.locator(".request-id code").click()
    selected = page.evaluate("getSelection().toString()").strip()
    assert re.fullmatch("[0-9a-f]{32}", selected)


def test_right_to_left(visit: Callable[..., Any]) -> None:
    """Nothing of the style is tied to the left, and what is English stands as such."""
    page = visit("/old-shop/", language="ar", viewport=PHONE)
    assert style_of(page, ".permanence", "border-right-width") == "3px"
    assert style_of(page, ".permanence", "border-left-width") == "0px"
    assert style_of(page, ".detail", "unicode-bidi") == "plaintext"
    assert style_of(page, ".detail", "text-align") == "right"


def test_a_dark_page_is_printed_light(visit: Callable[..., Any]) -> None:
    page = visit("/raise/403/", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    for element in ("body", ".button"):
        assert style_of(page, element, "background-color") == TRANSPARENT
    assert brightness(style_of(page, "h1", "color")) < 60


def test_a_button_is_seen_without_the_sites_colours(visit: Callable[..., Any]) -> None:
    page = visit("/raise/403/", forced_colors="active")
    for element in ("main", ".button"):
        assert style_of(page, element, "border-top-style") == "solid"
        colours = {
            style_of(page, element, f"{name}-color") for name in ("border-top", "background")
        }
        assert len(colours) == 2


def test_large_text(visit: Callable[..., Any]) -> None:
    """WCAG 1.4.4: twice the size, nothing cut off and nothing to scroll sideways."""
    page = visit("/raise/431/", viewport=PHONE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_tour_compares_live(visit: Callable[..., Any]) -> None:
    """The index of the demo asks for what it shows; it fits a phone, and axe finds nothing."""
    page = visit("/", viewport=PHONE)
    verdicts = page.locator("[data-compare] strong")
    sync_api.expect(verdicts).to_have_text(["Different", "Identical"])
    for box in page.locator("[data-ask]").all():
        sync_api.expect(box.locator("strong")).to_have_text(re.compile("^4[01][0-9] "))
        # It shows the words of other pages, and none of their styles.
        assert "color-scheme" not in box.text_content()
    # It obeys the policy of the site. A browser lists every error that it was answered.
    assert [each for each in page.said if not each.startswith("Failed to load resource")] == []
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        results = axe.Axe().run(page, options=AXE)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="SCREENSHOTS names no directory")
@every_page
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {"color_scheme": "light"}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "device_scale_factor": 2}),
        ("contrast", {"forced_colors": "active"}),
        ("arabic", {"language": "ar", "viewport": PHONE}),
    ],
)
def test_screenshots(
    visit: Callable[..., Any], path: str, name: str, options: dict[str, Any]
) -> None:
    directory = Path(os.environ["SCREENSHOTS"])
    directory.mkdir(parents=True, exist_ok=True)
    picture = directory / f"{path.strip('/').replace('/', '-')}-{name}.png"
    visit(path, **options).screenshot(path=picture, full_page=True)
    assert picture.stat().st_size
