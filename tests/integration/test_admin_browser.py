"""The admin in a real browser: the preview follows the form, and the pages are accessible.

Nothing is saved here: the site is shared with other tests.
SCREENSHOTS=directory keeps pictures of the pages.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..browsers import WCAG, Tabs, axe, in_a_browser, signed_in, sync_api
from ..servers import Server

pytestmark = in_a_browser

AXE = {
    "resultTypes": ["violations"],
    "runOnly": WCAG,
    # No script runs in the frames, not even that of axe; test_browser.py has their pages.
    "iframes": False,
}

ADMIN = "/admin/django_http_errors"
PAGES = {
    "index": f"{ADMIN}/",
    "messages": f"{ADMIN}/errormessage/",
    "message": f"{ADMIN}/errormessage/add/",
    "all": f"{ADMIN}/errormessage/preview-all/",
    "rules": f"{ADMIN}/permanencerule/",
    "rule": f"{ADMIN}/permanencerule/add/",
    "try": f"{ADMIN}/permanencerule/try/?address=/old-shop/&status=404",
}
# What of a page isn't Django's own.
FORM = {"include": [[".http-errors-preview"]]}
LIST = {"include": [["#content-main"]], "exclude": [["#changelist-filter"], ["#toolbar"]]}
OURS = {"message": FORM, "rule": FORM, "messages": LIST, "rules": LIST}
REST = {"include": [["#content-main"]]}
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}

# The script of the preview waits until nobody types. In test_editor_stories.py it does, too.
HURRY = """{
    const later = window.setTimeout;
    window.setTimeout = (call, delay, ...values) => later(call, Math.min(delay, 20), ...values);
}"""


@pytest.fixture(scope="module")
def visit(browser: Any, start: Callable[[str], Server]) -> Callable[..., Any]:
    """Open one of the pages as somebody who has signed in; see `Tabs.visit`."""
    url = start("gunicorn").url
    cookies = signed_in(browser, url, "admin")["cookies"]
    tabs = Tabs(browser, url, viewport=DESK, cookies=cookies, script=HURRY)
    return lambda name, **settings: tabs.visit(PAGES[name], **settings)


def part(page: Any, name: str) -> Any:
    return sync_api.expect(page.locator(f'[data-part="{name}"]'))


def shown_page(page: Any) -> Any:
    """Return the body of the document in the preview's frame."""
    return sync_api.expect(page.frame_locator(".http-errors-preview iframe").locator("body"))


def test_the_page_follows_the_form(visit: Callable[..., Any]) -> None:
    page = visit("message")
    part(page, "summary").to_contain_text("404 Not Found")
    page.select_option("#id_status", "507")
    shown_page(page).to_contain_text("Insufficient Storage")
    page.locator("#id_title").press_sequentially("We are <em>tidying</em> up")
    page.fill("#id_detail", "At {path}.")
    shown_page(page).to_contain_text("We are <em>tidying</em> up")
    shown_page(page).to_contain_text("At /example/.")
    page.fill("#id_preview-address", "/shop/lamps?x=1")
    shown_page(page).to_contain_text("At /shop/lamps.")
    page.select_option("#id_preview-language", "de")
    inner = page.frame_locator(".http-errors-preview iframe").locator("html")
    sync_api.expect(inner).to_have_attribute("lang", "de")
    part(page, "answers").to_contain_text('"title": "We are <em>tidying</em> up"')
    page.fill("#id_detail", "At {nowhere}.")
    part(page, "errors").to_contain_text("{nowhere} is no placeholder")
    page.fill("#id_detail", "")
    part(page, "errors").to_be_empty()
    # Its style goes through the Content-Security-Policy of the page around it.
    main = page.frame_locator(".http-errors-preview iframe").locator("main")
    assert main.evaluate("element => getComputedStyle(element).maxWidth") != "none"
    assert [text for text in page.said if "Content" in text] == []


def test_the_sentence_and_the_warnings_follow_the_form(visit: Callable[..., Any]) -> None:
    page = visit("rule")
    part(page, "summary").to_have_text("Write an address to see what will happen.")
    page.locator("#id_pattern").press_sequentially("documents/")
    part(page, "errors").to_contain_text("An address begins with a slash: /documents/")
    page.fill("#id_pattern", "/documents/")
    part(page, "summary").to_have_text(
        "Visitors of /documents/ are told from now on that it is gone for good (410)."
    )
    part(page, "errors").to_be_empty()
    page.get_by_label("this address and everything below it").check()
    part(page, "summary").to_contain_text(
        "and everything below are told from now on that it is gone"
    )
    part(page, "warnings").to_contain_text("The site has views below /documents/")
    page.fill("#id_host", "www.example.com")
    part(page, "summary").to_contain_text("Only at www.example.com.")
    part(page, "warnings").to_contain_text("does not answer at www.example.com")
    page.fill("#id_host", "")
    page.fill("#id_valid_from_0", "2999-12-01")
    page.fill("#id_valid_from_1", "00:00")
    part(page, "summary").to_contain_text("from Dec. 1, 2999 on")
    page.fill("#id_reason", "The shop is closed.")
    shown_page(page).to_contain_text("The shop is closed.")


def test_the_calendar_of_the_admin_counts_too(visit: Callable[..., Any]) -> None:
    """It writes into a field without an event."""
    page = visit("rule")
    page.fill("#id_pattern", "/x/")
    page.fill("#id_valid_until_1", "23:59:59")
    part(page, "errors").to_contain_text("Valid until:")
    page.locator(".field-valid_until .datetimeshortcuts a").first.click()
    part(page, "errors").to_be_empty()
    part(page, "summary").to_contain_text("until ")


def test_enter_in_the_preview_saves_nothing(visit: Callable[..., Any]) -> None:
    page = visit("message")
    page.fill("#id_title", "Not to be saved")
    page.fill("#id_preview-address", "/entered/")
    page.press("#id_preview-address", "Enter")
    part(page, "summary").to_contain_text("A 404 at /entered/ says: 404 Not to be saved.")
    assert page.url.endswith("/errormessage/add/")


def test_a_preview_that_fails_says_so(visit: Callable[..., Any]) -> None:
    page = visit("message")
    part(page, "summary").to_contain_text("404")
    page.context.clear_cookies()
    page.fill("#id_title", "T")
    part(page, "summary").to_have_text("The preview could not be made. Is somebody signed in?")


def test_enter_opens_what_is_folded(visit: Callable[..., Any]) -> None:
    """It asks for a preview only where there is something to be written."""
    page = visit("message")
    part(page, "summary").to_contain_text("404 Not Found")
    folded = page.locator(".http-errors-programs")
    sync_api.expect(folded).not_to_have_attribute("open", "")
    folded.locator("summary").press("Enter")
    sync_api.expect(folded).to_have_attribute("open", "")
    assert page.url.endswith("/errormessage/add/")


def see_with_axe(page: Any, name: str) -> None:
    results = axe.Axe().run(page, context=OURS.get(name, REST), options=AXE)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_blocked_and_it_fits_and_axe_finds_nothing(
    visit: Callable[..., Any], name: str
) -> None:
    """On a phone in the dark, and at a desk in the light.

    The Content-Security-Policy of the site has nothing to say of these pages.
    """
    page = visit(name, viewport=PHONE, color_scheme="dark")
    if name in ("message", "rule"):
        # Directly under the fields, before the buttons.
        preview = page.locator(".http-errors-preview").bounding_box()
        assert preview["y"] < page.locator(".submit-row").bounding_box()["y"]
    if name == "message":
        page.select_option("#id_status", "507")
        shown_page(page).to_contain_text("Insufficient Storage")
    if name == "rule":
        page.fill("#id_pattern", "/")
        page.check("#id_kind_1")
        part(page, "warnings").not_to_be_empty()
    assert page.said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    directory = os.environ.get("SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(directory) / f"admin-{name}-phone-dark.png")
    if name in ("index", "message", "rules", "rule"):
        see_with_axe(page, name)
    # Lists in the light are looked at where editors work with them: test_editor_stories.py.
    if name not in ("messages", "rules"):
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        # The colours of Django's links change within 150 ms.
        page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")
        see_with_axe(page, name)
