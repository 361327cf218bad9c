"""``python -m tests.pictures``: take the pictures of the documentation again, of the demo site.

Look at each before it is committed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .browsers import launched, signed_in
from .servers import ROOT, make_database, serving

DIRECTORY = ROOT / "docs" / "screenshots"
ADMIN = "/admin/django_http_errors"
DESK = {"width": 1440, "height": 900}
# What a site has after a while, beside what the demo begins with.
ROWS = """
from datetime import timedelta
from django.utils import timezone
from django_http_errors.models import MissingPage, PermanenceRule
now = timezone.now()
for pattern, kind, hits, fields in (
    ("/fair-2025/", "exact", 3, {"valid_until": now - timedelta(days=10)}),
    ("/fair-2027/", "exact", 0, {"valid_from": now + timedelta(days=30)}),
    ("/draft/", "exact", 0, {"enabled": False}),
    ("/old-shop/lamps/", "exact", 87, {"permanence": "temporary", "source": "admin"}),
    ("/old-shop/<slug:item>/", "route", 0, {"source": "import"}),
    ("/news/2019/", "prefix", 412, {"source": "import"}),
    ("/documents/7/", "exact", 12, {"source": "code"}),
):
    PermanenceRule.objects.create(
        pattern=pattern, kind=kind, hits=hits, last_hit=now if hits else None, **fields
    )
for path, hits, referrer in (
    ("/lamps/ceiling/", 214, "https://www.example.org/our-favourite-lamps/"),
    ("/lamps/floor/", 131, "https://www.example.org/our-favourite-lamps/"),
    ("/about-us.html", 88, ""),
    ("/catalogue-2024.pdf", 52, "https://forum.example.net/t/481"),
    ("/lamps/desk/", 17, ""),
    ("/contcat/", 9, ""),
):
    MissingPage.objects.create(host="www.example.com", path=path, hits=hits, referrer=referrer)
"""


@contextmanager
def demo(directory: Path) -> Iterator[str]:
    """Serve the demo site with these rows, and give its address."""
    database = directory / "db.sqlite3"
    make_database(database, ROWS)
    os.environ["MISSING_PAGES"] = "1"
    with serving("uvicorn", database, directory / "log") as server:
        yield server.url


def filled_in_rule(page: Any) -> None:
    page.fill("#id_pattern", "/documents/")
    page.check("#id_kind_1")
    page.fill("#id_reason", "The archive of documents is closed.")
    page.fill("#id_replacement", "/archive/")
    page.frame_locator(".http-errors-preview iframe").get_by_text("The archive").wait_for()


def filled_in_message(page: Any) -> None:
    page.select_option("#id_status", "404")
    page.fill("#id_path_prefix", "/lamps/")
    page.fill("#id_title", "This lamp is sold out")
    page.fill("#id_detail", "We no longer have the lamp at {path}.\nPerhaps you like another one.")
    page.frame_locator(".http-errors-preview iframe").get_by_text("Perhaps").wait_for()


def filled_in_area(page: Any) -> None:
    page.fill("#id_pattern", "/plain-documents/")
    page.check("#id_kind_1")
    page.locator('[data-part="summary"]').get_by_text("looks like").wait_for()


def tried_address(page: Any) -> None:
    page.fill("[name=address]", "/old-shop/lamps/")
    page.get_by_role("button", name="Try").click()
    page.wait_for_load_state()


def imported_file(page: Any) -> None:
    rows = "url,reason\n/lamps/7/,We no longer sell this lamp.\n/old-shop/*,\nlamps/8/,\n"
    file = {"name": "lamps.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.set_input_files("#id_import_file", file)
    page.click("[type=submit][value=Submit]")
    page.wait_for_load_state()


# Each: its name, where it is, what is done there, and how the browser differs.
PICTURES: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("admin-rules", f"{ADMIN}/permanencerule/", None, {}),
    (
        "admin-rule-dark",
        f"{ADMIN}/permanencerule/add/",
        filled_in_rule,
        {"color_scheme": "dark"},
    ),
    ("admin-import", f"{ADMIN}/permanencerule/import/", imported_file, {}),
    ("admin-message", f"{ADMIN}/errormessage/add/", filled_in_message, {}),
    ("admin-hidden-area", f"{ADMIN}/hidingrule/add/", filled_in_area, {}),
    ("admin-missing-pages", f"{ADMIN}/missingpage/", None, {}),
    ("admin-try-an-address", f"{ADMIN}/permanencerule/try/", tried_address, {}),
]


def main() -> None:
    """Take all of them, or those whose names are given."""
    wanted = set(sys.argv[1:])
    with TemporaryDirectory() as directory, demo(Path(directory)) as url, launched() as browser:
        state = signed_in(browser, url, "editor")
        for name, path, prepare, options in PICTURES:
            if wanted and name not in wanted:
                continue
            settings = {"viewport": DESK, "color_scheme": "light", "storage_state": state}
            context = browser.new_context(base_url=url, **{**settings, **options})
            page = context.new_page()
            page.goto(path)
            if prepare:
                prepare(page)
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=DIRECTORY / f"{name}.png")
            context.close()


if __name__ == "__main__":
    main()
