"""What editors come for, done in a real browser from the first page to the last.

SCREENSHOTS=directory keeps pictures of the pages.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ..browsers import Tabs, axe, in_a_browser, signed_in, sync_api
from ..servers import Server, make_database, serving
from .test_admin_browser import AXE, DESK, part

pytest.importorskip("import_export")
pytestmark = in_a_browser

ADMIN = "/admin/django_http_errors"
RULES = f"{ADMIN}/permanencerule/"
PHONE = {"width": 390, "height": 844}
ROWS = """
from datetime import timedelta
from django.utils import timezone
from django_http_errors.models import MissingPage, PermanenceRule
for number in range(3):
    MissingPage.objects.create(host="127.0.0.1", path=f"/lamps/{number}/", hits=40 - number)
MissingPage.objects.create(
    host="127.0.0.1",
    path="/somebody/else/has/an/address-that-nobody-knows.html",
    referrer="https://blog.example.org/the-best-chairs-of-2019/",
)
PermanenceRule.objects.create(
    pattern="/press/releases/2014/",
    kind="prefix",
    host="press.example.com",
    hits=12345,
    last_hit=timezone.now(),
    valid_from=timezone.now() + timedelta(days=300),
)
"""
REDIRECTION = json.dumps(
    {
        "redirects": [
            {"url": url, "action_code": code, "action_type": kind, "regex": False, "enabled": True}
            for url, code, kind in (
                ("/tables/7/", 410, "error"),
                ("tables", 410, "error"),
                ("/moved/", 301, "url"),
            )
        ]
    },
    indent=2,
)
expect = sync_api.expect


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("stories")
    database = directory / "db.sqlite3"
    make_database(database, ROWS)
    # One process: another one would know of an edit some seconds later.
    with serving("uvicorn", database, directory / "log") as server:
        yield server


@pytest.fixture(scope="module")
def editor(browser: Any, site: Server) -> Callable[..., Any]:
    """Open a page as somebody who may edit, and isn't a superuser; see `Tabs.visit`."""
    cookies = signed_in(browser, site.url, "editor")["cookies"]
    return Tabs(browser, site.url, viewport=DESK, cookies=cookies).visit


def looked_at(page: Any, name: str, *, by_axe: bool = True) -> None:
    """Have axe look at what is the app's own, and keep a picture if that is wanted.

    The filters and the search of a list are Django's.
    """
    if by_axe:
        results = axe.Axe().run(
            page,
            context={"include": [["#content"]], "exclude": [["#changelist-filter"], ["#toolbar"]]},
            options={**AXE, "rules": {"color-contrast": {"enabled": "dark" not in name}}},
        )
        assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    directory = os.environ.get("SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(directory) / f"{name}.png")


def run(page: Any, action: str) -> None:
    page.select_option("[name=action]", label=action)
    page.locator("[name=index]").first.click()


def test_an_address_is_pasted_and_a_section_retired_and_that_undone(
    editor: Callable[..., Any],
) -> None:
    page = editor(f"{RULES}add/")
    page.fill("#id_pattern", "https://127.0.0.1/old-lamps/*?from=menu")
    page.click("[name=_save]")
    expect(page.locator(".http-errors-suggestion")).to_contain_text("/old-lamps/, this address and")
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text(
        "Visitors of /old-lamps/ and everything below are told from now on that it is gone for good"
    )
    expect(page.get_by_role("link", name="View it")).to_have_attribute("href", "/old-lamps/")
    assert page.request.get("/old-lamps/7/").status == 410
    # A second time there is a link to the first.
    page.goto(f"{RULES}add/")
    page.fill("#id_pattern", "/old-lamps/")
    page.fill("#id_host", "127.0.0.1")
    page.check("#id_kind_1")
    page.click("[name=_save]")
    page.locator(".http-errors-suggestion a").click()
    page.wait_for_url("**/change/")
    # It is found by an address that it covers, and switched off with others.
    page.goto(f"{RULES}?q=http://127.0.0.1/old-lamps/9/")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.check("#action-toggle")
    run(page, "Disable the selected removed pages")
    assert page.request.get("/old-lamps/7/").status == 404
    looked_at(page, "undo-message")
    page.get_by_role("link", name="Undo").click()
    looked_at(page, "undo")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".messagelist")).to_contain_text("1 removed page is as before.")
    assert page.request.get("/old-lamps/7/").status == 410


def test_from_missing_pages_to_a_rule(editor: Callable[..., Any]) -> None:
    page = editor(f"{ADMIN}/missingpage/?q=lamps")
    looked_at(page, "missing-pages")
    page.check("#action-toggle")
    run(page, "Say what has become of the folder that the selected ones are in")
    expect(page.locator("#id_pattern")).to_have_value("/lamps/")
    expect(page.locator(".messagelist")).to_contain_text("missing pages: /lamps/0/")
    page.fill("#id_reason", "We no longer sell lamps.")
    frame = page.frame_locator(".http-errors-preview iframe")
    expect(frame.locator("body")).to_contain_text("We no longer sell lamps.")
    # The preview is in sight without scrolling, and no link in it leads away.
    assert page.locator(".http-errors-preview iframe").bounding_box()["y"] < DESK["height"]
    frame.locator("a").first.click()
    expect(frame.locator("body")).to_contain_text("We no longer sell lamps.")
    expect(page.get_by_text("application/problem+json")).to_be_hidden()
    page.get_by_text("For programs").click()
    expect(page.get_by_text("application/problem+json")).to_be_visible()
    page.click("[name=_save]")
    page.goto(f"{ADMIN}/missingpage/")
    expect(page.locator("#result_list")).to_contain_text("Done: 127.0.0.1/lamps/")


def test_a_file_with_errors_is_imported_when_they_are_fixed(
    editor: Callable[..., Any], tmp_path: Path
) -> None:
    page = editor(f"{RULES}import/")
    file = tmp_path / "redirection.json"
    file.write_text(REDIRECTION)
    page.set_input_files("#id_import_file", file)
    page.click("[type=submit][value=Submit]")
    expect(page.locator(".http-errors-import")).to_contain_text("begins with a slash: /tables")
    expect(page.locator(".http-errors-remarks")).to_contain_text("Not gone (410) but 301")
    looked_at(page, "import-errors")
    file.write_text(REDIRECTION.replace('"tables"', '"/tables/"'))
    page.set_input_files("#id_import_file", file)
    page.click("[type=submit][value=Submit]")
    expect(page.locator("#content")).to_contain_text("2 new, 0 changed, 0 the same.")
    looked_at(page, "import")
    page.click("[name=confirm]")
    expect(page.locator(".messagelist")).to_contain_text("2 new, 0 changed, 0 the same. Undo")
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".messagelist")).to_contain_text("2 removed pages were deleted.")


def test_an_area_is_hidden(editor: Callable[..., Any]) -> None:
    page = editor(f"{ADMIN}/hidingrule/add/")
    page.fill("#id_pattern", "/plain-documents/")
    page.check("#id_kind_1")
    part(page, "summary").to_contain_text("looks like what isn't there")
    looked_at(page, "hidden-area")
    assert page.request.get("/plain-documents/2/").status != 404
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text("the real error is shown to nobody")
    stranger = page.context.browser.new_context()
    url = page.url.partition("/admin")[0]
    answers = [stranger.request.get(f"{url}/plain-documents/{pk}/") for pk in (2, 999)]
    assert [each.status for each in answers] == [404, 404]
    stranger.close()


def test_the_words_of_the_shop_are_changed(editor: Callable[..., Any]) -> None:
    """On a phone in the dark, in German, and without JavaScript."""
    page = editor(
        f"{ADMIN}/errormessage/",
        viewport=PHONE,
        color_scheme="dark",
        language="de",
        java_script_enabled=False,
    )
    page.locator(".field-where", has_text="/shop/").locator("xpath=..").locator("a").first.click()
    page.fill("#id_title", "Das ist ausverkauft")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Vorschau in neuem Tab öffnen").click()
    opened.value.wait_for_load_state()
    part(opened.value, "summary").to_contain_text("404 Das ist ausverkauft")
    shown = opened.value.frame_locator("iframe").locator("h1")
    expect(shown).to_have_text("Das ist ausverkauft")
    # Behind another tab, nothing is drawn, and a click waits for that.
    opened.value.close()
    page.click("[name=_save]")
    expect(page.locator(".messagelist")).to_contain_text("404 Das ist ausverkauft")
    page.get_by_role("link", name="Ansehen").click()
    expect(page.locator("#content-main")).to_contain_text("Was Sie zu dieser Adresse sagen können")


# How much room the columns of a list leave at least; below 0 the last ones are out of sight.
ROOM = """() => {
    const table = document.querySelector("#result_list");
    table.style.width = 0;
    const room = table.closest(".results").clientWidth - table.offsetWidth;
    table.style.width = "";
    return room;
}"""


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_all_columns_of_the_lists_are_in_sight(editor: Callable[..., Any], language: str) -> None:
    """Beside Django's navigation and the filters, and with fonts that are somewhat wider.

    To axe, the lists are the same in each language.
    """
    narrow = {"width": 1280, "height": 900}
    for model in ("permanencerule", "hidingrule", "errormessage", "missingpage"):
        page = editor(f"{ADMIN}/{model}/", viewport=narrow, language=language)
        assert page.evaluate(ROOM) >= 30, model
        looked_at(page, f"list-{model}-{language}", by_axe=language == "en")


def test_a_missing_page_is_ignored(editor: Callable[..., Any]) -> None:
    page = editor(f"{ADMIN}/missingpage/?q=somebody")
    page.get_by_role("button", name="Ignore").click()
    expect(page.locator(".messagelist")).to_contain_text("1 missing page was changed.")
    assert page.url.endswith("?q=somebody")
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#result_list")).to_contain_text("/somebody/else/")


def test_buttons_do_not_overlap(editor: Callable[..., Any]) -> None:
    page = editor(f"{RULES}try/?address=/nothing/")
    for viewport in (PHONE, DESK):
        page.set_viewport_size(viewport)
        boxes = [each.bounding_box() for each in page.locator(".http-errors-buttons a").all()]
        assert len(boxes) == 3
        for first, second in pairwise(boxes):
            is_right_of = second["x"] >= first["x"] + first["width"]
            assert is_right_of or second["y"] >= first["y"] + first["height"]
        looked_at(page, f"try-{viewport['width']}")


@pytest.mark.parametrize("model", ["permanencerule", "missingpage"])
def test_lists_on_a_phone_in_the_dark(editor: Callable[..., Any], model: str) -> None:
    """With addresses that are longer than those that test_admin_browser.py looks at."""
    page = editor(f"{ADMIN}/{model}/", viewport=PHONE, color_scheme="dark")
    looked_at(page, f"phone-dark-{model}")
