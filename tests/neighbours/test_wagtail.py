"""A new Wagtail site behind servers: its own 404 page works with the app as without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..asking import PROBLEM
from ..integration.project import messages_on, said, token_on
from ..servers import Server, started
from .wagtail_site import make_site, site_environment

for needed in ("wagtail", "rest_framework"):
    pytest.importorskip(needed, reason="a Wagtail site needs both")

pytestmark = pytest.mark.neighbour

COMMANDS = {
    "gunicorn": (
        *("-m", "gunicorn", "mysite.wsgi", "--bind", "127.0.0.1:0"),
        *("--workers", "2", "--worker-class", "sync", "--no-control-socket"),
    ),
    # The project has no asgi.py.
    "uvicorn": (
        *("-m", "uvicorn", "--factory", "django.core.asgi:get_asgi_application", "--port", "0"),
    ),
}

# A page of Wagtail's that isn't there, an address that isn't routed, and a view that raises.
MISSING = ("/missing/", "/documents/1/missing.txt", "/raised/404/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wagtail")
    make_site(directory)
    return directory


@pytest.fixture(
    scope="module",
    params=[(name, app) for name in COMMANDS for app in (False, True)],
    ids=lambda param: f"{param[0]}-{'app' if param[1] else 'plain'}",
)
def served(request: pytest.FixtureRequest, site: Path) -> Iterator[tuple[Server, bool]]:
    """The site behind a server, and whether it has the app."""
    name, app = request.param
    environment = site_environment(site, "with_the_app" if app else "plain")
    log = site / f"{name}-{app}.log"
    with started(name, COMMANDS[name], environment, log) as server:
        yield server, app
    assert "Traceback" not in server.logged()


@pytest.fixture
def browser(served: tuple[Server, bool]) -> Iterator[httpx.Client]:
    headers = {"Accept": "text/html,*/*;q=0.8"}
    with httpx.Client(base_url=served[0].url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def app(served: tuple[Server, bool]) -> bool:
    return served[1]


@pytest.mark.parametrize("path", MISSING)
def test_the_page_works(browser: httpx.Client, path: str) -> None:
    """The form on it can be sent, and visits are counted."""
    for visits in (1, 2):
        page = browser.get(path)
        assert page.status_code == 404
        assert said(page, "visits") == str(visits)
        assert "Cookie" in page.headers["Vary"]
        assert int(page.headers["Content-Length"]) == len(page.content)
        assert browser.cookies["csrftoken"]
        sent = browser.post("/form/", data={"csrfmiddlewaretoken": token_on(page)})
        assert (sent.status_code, sent.text) == (200, "sent")
    assert browser.post("/form/").status_code == 403


def test_messages_appear_once(browser: httpx.Client) -> None:
    assert messages_on(browser.get("/raised/404/?note=hello")) == ["hello"]
    for path in MISSING:
        assert messages_on(browser.get(path)) == []


def test_a_user_is_greeted(browser: httpx.Client) -> None:
    login = "/django-admin/login/"
    form = {"csrfmiddlewaretoken": token_on(browser.get(login))}
    answer = browser.post(login, data={**form, "username": "jane", "password": "jane"})
    assert answer.status_code == 302
    for path in MISSING:
        assert said(browser.get(path), "user") == "jane"
    browser.cookies.clear()
    assert said(browser.get("/missing/"), "user") == "AnonymousUser"


def test_a_redirect_of_wagtails_goes_first(browser: httpx.Client, app: bool) -> None:
    """Before the rule, which makes a 410 of everything else there."""
    moved = browser.get("/old/news/")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/news/")
    other = browser.get("/old/else/")
    assert other.status_code == (410 if app else 404)
    assert int(other.headers["Content-Length"]) == len(other.content)


def test_clients_get_their_own_format(browser: httpx.Client, app: bool) -> None:
    for path, status in (("/missing/", 404), ("/old/else/", 410), ("/returned/409/", 409)):
        answer = browser.get(path, headers={"Accept": PROBLEM})
        length = int(answer.headers["Content-Length"])
        assert length == len(answer.content)
        if not app:  # Plain Django has a page for all, or nothing.
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            continue
        assert answer.headers["Content-Type"] == PROBLEM
        assert answer.status_code == answer.json()["status"] == status
        head = browser.head(path, headers={"Accept": PROBLEM})
        assert int(head.headers["Content-Length"]) == length
