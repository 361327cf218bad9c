"""The demo behind servers, with a 404.html and a 403.html of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.asking import PROBLEM
from tests.servers import COMMANDS, Server, environment, make_database, started

from .project import messages_on, said, token_on

SETTINGS = f"{__package__}.demo_settings"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("demo") / "db.sqlite3"
    make_database(database)
    return database


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def server(request: pytest.FixtureRequest, database: Path) -> Iterator[Server]:
    name = request.param
    settings = environment(f"sqlite:///{database}", SETTINGS)
    with started(name, COMMANDS[name], settings, database.with_name(f"{name}.log")) as server:
        yield server
    assert " ERROR " not in server.logged()


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    headers = {"Accept": "text/html,*/*;q=0.8"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


# What is raised, returned and not routed; what a sync and an async view do.
ERRORS = [
    ("/nowhere/", 404),
    ("/old-shop/shoes/", 410),
    *((f"{mode}/raised/{status}/", status) for mode in ("", "/async") for status in (403, 404)),
    *((f"{mode}/returned/{status}/", status) for mode in ("", "/async") for status in (403, 404)),
]


@pytest.mark.parametrize(("path", "status"), ERRORS)
def test_the_page_works(browser: httpx.Client, path: str, status: int) -> None:
    """The form on it can be sent, messages are shown once, visitors are greeted and counted."""
    is_view = path.startswith(("/raised/", "/returned/", "/async/"))
    page = browser.get(path, params={"note": "hello"})
    assert page.status_code == status
    assert messages_on(page) == (["hello"] if is_view else [])
    assert said(page, "user") == "AnonymousUser"
    assert said(page, "visits") == "1"
    assert "Cookie" in page.headers["Vary"]
    assert int(page.headers["Content-Length"]) == len(page.content)
    assert browser.post("/form/").status_code == 403
    sent = browser.post("/form/", data={"csrfmiddlewaretoken": token_on(page)})
    assert sent.status_code == 200

    login = {"username": "reader", "password": "reader", "csrfmiddlewaretoken": token_on(page)}
    assert browser.post("/accounts/login/", data=login).status_code == 302
    page = browser.get(path)
    assert messages_on(page) == []
    assert said(page, "user") == "reader"
    answer = browser.get(path, headers={"Accept": PROBLEM})
    assert answer.status_code == answer.json()["status"] == status
