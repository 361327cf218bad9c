"""The panel with the preview, in a real browser; nothing is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..browsers import in_a_browser, sync_api
from ..integration.conftest import browser
from ..integration.test_admin_browser import part, session, site, visit

__all__ = ["browser", "session", "site", "visit"]

pytestmark = in_a_browser


def test_enter_opens_what_is_folded(visit: Callable[..., Any]) -> None:
    """It asks for a preview only where there is something to be written."""
    page = visit("message")
    part(page, "summary").to_contain_text("404 Not Found")
    folded = page.locator(".http-errors-programs")
    sync_api.expect(folded).not_to_have_attribute("open", "")
    folded.locator("summary").press("Enter")
    sync_api.expect(folded).to_have_attribute("open", "")
    assert page.url.endswith("/errormessage/add/")
