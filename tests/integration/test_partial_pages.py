"""The pages in a browser where a library fetches them: htmx, Turbo, Unpoly, as npm has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..browsers import in_a_browser, sync_api
from ..servers import ROOT, Server

pytestmark = in_a_browser

expect = sync_api.expect
LIBRARIES = {
    "htmx2": "htmx2/dist/htmx.min.js",
    "htmx4": "htmx.org/dist/htmx.min.js",
    "turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js",
    "unpoly": "unpoly/unpoly.min.js",
}
# htmx 2 leaves errors out of the page, unless it is told to put them in.
SWAPS = """<meta name="htmx-config"
 content='{"responseHandling": [{"code": ".*", "swap": true}]}'>"""


@pytest.fixture(scope="module")
def server(start: Callable[[str], Server]) -> Server:
    return start("gunicorn")


@pytest.fixture(scope="session")
def libraries(pytestconfig: pytest.Config) -> Path:
    """Where the libraries are: installed by npm, once for all runs; skips where it can't."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm isn't installed")
    directory = Path(pytestconfig.cache.mkdir("javascript"))  # type: ignore[union-attr]
    source = ROOT / "tests" / "javascript"
    installed = directory / "node_modules"
    lock = directory / "package-lock.json"
    is_there = lock.is_file() and lock.read_bytes() == (source / lock.name).read_bytes()
    if is_there and all((installed / each).is_file() for each in LIBRARIES.values()):
        return installed
    for name in ("package.json", lock.name):
        shutil.copy(source / name, directory)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm doesn't answer")
    if done.returncode:
        pytest.skip(f"npm can't install the libraries: {done.stderr.strip()[-300:]}")
    return installed


@pytest.fixture(scope="module")
def show(browser: Any, server: Server, libraries: Path) -> Callable[..., Any]:
    """Show a page of the site's with one of the libraries and this body, always in the same tab."""
    page = browser.new_page()

    def show(library: str, body: str, head: str = "") -> Any:
        page.unroute_all()
        script = f"/{library}.js"
        page.route(f"**{script}", lambda route: route.fulfill(path=libraries / LIBRARIES[library]))
        content = f"""<!doctype html><html lang="en"><head><title>Shop</title>{head}
            <script src="{script}" defer></script></head><body>{body}</body></html>"""
        page.route(
            "**/shop/front/", lambda route: route.fulfill(body=content, content_type="text/html")
        )
        page.goto(f"{server.url}/shop/front/")
        return page

    return show


@pytest.mark.parametrize(("library", "head"), [("htmx2", SWAPS), ("htmx4", "")])
def test_htmx_puts_a_fragment_into_the_page(
    show: Callable[..., Any], library: str, head: str
) -> None:
    page = show(
        library,
        '<h1>Shop</h1><button hx-get="/raise/409/" hx-target="#out">Buy</button><p id="out"></p>'
        '<div hx-boost="true"><a href="/no/such/page/">More</a></div>',
        head,
    )
    page.get_by_text("Buy").click()
    alert = page.locator("#out [role=alert]")
    expect(alert.locator("h2")).to_have_text("This has changed in the meantime (409)")
    assert alert.locator("style, meta, main, h1").count() == 0
    assert page.title() == "Shop"
    # A link that is boosted leads to a page.
    page.get_by_text("More").click()
    expect(page.locator("main h1")).to_have_text("Page not found")
    expect(page).to_have_title("Page not found (404) \N{EN DASH} django-http-errors")
    assert page.locator("[role=alert]").count() == 0
    assert page.url.endswith("/no/such/page/")


@pytest.mark.parametrize(("library", "head"), [("htmx2", SWAPS), ("htmx4", "")])
@pytest.mark.parametrize("swap", ["innerHTML", "outerHTML", "beforeend"])
def test_htmx_asks_for_a_part_again_in_its_place(
    show: Callable[..., Any], library: str, head: str, swap: str
) -> None:
    inherited = ":inherited" if library == "htmx4" else ""
    page = show(
        library,
        f"""<h1>Shop</h1><div hx-vals{inherited}='{{"a": "1"}}' hx-include{inherited}="#of">
            <button hx-get="/raise/503/?list=1" hx-target="#out" hx-swap="{swap}">Load</button>
            <input id="of" name="of" value="books"><div id="out"><p>Before</p></div></div>""",
        head,
    )
    asked: list[str] = []
    answers = [503, 200]

    def answer(route: Any) -> None:
        asked.append(route.request.url.partition("?")[2])
        if answers.pop(0) == 200:
            route.fulfill(body='<p id="found">Found</p>', content_type="text/html")
        else:
            route.continue_()

    page.get_by_text("Load").click()
    alert = page.locator("[role=alert]")
    expect(alert).to_have_count(1)
    # Opened in another way, the link leads to the page, not to a part of one.
    again = alert.get_by_text("Try again", exact=True)
    assert again.evaluate("each => each.href") == page.url
    page.route("**/raise/503/*", answer)
    again.click()
    expect(page.locator("[role=alert]")).to_have_count(1)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    page.get_by_text("Try again", exact=True).click()
    expect(page.locator("#found")).to_have_text("Found")
    assert alert.count() == 0
    assert page.locator("#out").count() == (swap != "outerHTML")
    assert page.get_by_text("Before").count() == (swap == "beforeend")
    assert page.locator("h1").count() == 1
    assert page.url.endswith("/shop/front/")
    # What was asked for is in the address, and is asked for once.
    for query in asked:
        assert sorted(query.split("&")) == ["a=1", "list=1", "of=books"]


@pytest.mark.parametrize("where", ["frame", "page"])
def test_turbo_shows_the_page(show: Callable[..., Any], where: str) -> None:
    """A frame that asked for it isn't left with "Content missing", nor is a form's error lost."""
    body = """<a href="/no/such/page/">More</a>
        <form action="/form/" method="post"><button>Buy</button></form>"""
    if where == "frame":
        body = f'<turbo-frame id="messages">{body}</turbo-frame>'
    page = show("turbo", body)
    page.get_by_text("More").click()
    expect(page.locator("main h1")).to_have_text("Page not found")
    page = show("turbo", body)
    page.get_by_text("Buy").click()
    expect(page.locator("main h1")).to_have_text("This form could not be sent")


LOOK = "() => [getComputedStyle(document.body).display, getComputedStyle(document.body).background]"


@pytest.mark.parametrize("away", ["back", "visit", "home"])
def test_turbo_leaves_nothing_of_the_page_on_the_next(
    show: Callable[..., Any], server: Server, away: str
) -> None:
    """Back comes from what Turbo remembers, the others from the server."""
    page = show("turbo", '<h1>Shop</h1><a href="/no/such/page/">More</a>')
    page.route(
        f"{server.url}/",
        lambda route: route.fulfill(body="<h1>Home</h1>", content_type="text/html"),
    )
    look = page.evaluate(LOOK)
    page.get_by_text("More").click()
    expect(page.locator("main h1")).to_have_text("Page not found")
    assert page.evaluate(LOOK) != look
    if away == "back":
        page.go_back()
    elif away == "visit":
        page.evaluate("() => { Turbo.visit('/shop/front/') }")
    else:
        page.evaluate("() => { Turbo.visit('/') }")
    expect(page.locator("h1")).to_have_text("Home" if away == "home" else "Shop")
    assert page.locator("main").count() == 0
    assert page.evaluate(LOOK) == look


def test_unpoly_takes_the_main_part(show: Callable[..., Any]) -> None:
    page = show("unpoly", '<nav>Shop</nav><main><a href="/no/such/page/" up-follow>More</a></main>')
    page.get_by_text("More").click()
    expect(page.locator("main h1")).to_have_text("Page not found")
    expect(page.locator("nav")).to_have_text("Shop")
