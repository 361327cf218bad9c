"""Every failing address of the demo site, in every form, through the WSGI and ASGI handlers."""

from __future__ import annotations

import json
import re
from functools import cache
from io import StringIO
from itertools import cycle, product
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings

from testproject.models import Document

from .asking import FORMS, HTML, JSON, PROBLEM, TEXT
from .demo import (
    ACCEPTS,
    ACCEPTS_IN_PROCESS,
    ANY_METHOD,
    API,
    BROWSER,
    DEMANDING,
    HAS_REST_FRAMEWORK,
    METHODS,
    MODES,
    ONE_EACH,
    STATUSES,
    Answer,
    Ask,
    check,
    title,
    told,
)

pytestmark = pytest.mark.django_db

needs_rest_framework = pytest.mark.skipif(
    not HAS_REST_FRAMEWORK, reason="REST framework isn't installed"
)
handlers = pytest.mark.parametrize("handler", [Client, AsyncClient], ids=["wsgi", "asgi"])
everywhere = pytest.mark.parametrize("ask", ANY_METHOD, ids=str)
one_each = pytest.mark.parametrize("ask", ONE_EACH, ids=str)


@pytest.fixture
def seeded() -> None:
    """Have the demo's users and documents, under hashes that are made faster than real ones."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        call_command("seed_demo", stdout=StringIO())


@cache
def stranger(handler: type) -> Client | AsyncClient:
    return handler(**OPTIONS)


OPTIONS = {"raise_request_exception": False, "enforce_csrf_checks": True}


def respond(handler: type, ask: Ask, accept: str | None = None, user: str = "") -> HttpResponse:
    """Return Django's response to `ask`, by a client that is checked for CSRF as real ones are."""
    client = handler(**OPTIONS) if user else stranger(handler)
    client.cookies.clear()
    if user:
        client.force_login(User.objects.get(username=user))
    fields = ask.fields(accept)
    content_type = fields.pop("Content-Type", "application/octet-stream")
    for _ in range(ask.times):
        response = client.generic(ask.method, ask.path, ask.content, content_type, headers=fields)
        if isinstance(client, AsyncClient):
            response = async_to_sync(_awaited)(response)
    return response


async def _awaited(coroutine: Any) -> Any:
    return await coroutine


def answer(handler: type, ask: Ask, accept: str | None = None, user: str = "") -> Answer:
    response = respond(handler, ask, accept, user)
    return Answer(response.status_code, httpx.Headers(list(response.items())), response.content)


@handlers
@everywhere
def test_every_form(handler: type, ask: Ask) -> None:
    for name in ("browser", "problem", "json", "text", "none", "anything"):
        accept, form = ACCEPTS[name]
        with told(name):
            check(ask, answer(handler, ask, accept), form or ask.default)


@handlers
@one_each
def test_every_accept_field(handler: type, ask: Ask) -> None:
    """Whatever the field holds, the status stays and some form is chosen."""
    for name, (accept, form) in (ACCEPTS | ACCEPTS_IN_PROCESS).items():
        with told(name):
            check(ask, answer(handler, ask, accept), form or ask.default)


@everywhere
def test_every_method(ask: Ask) -> None:
    """Each method in one of the forms, which take turns."""
    for method, form in zip(METHODS, cycle(FORMS), strict=False):
        with told(method, form):
            check(ask.by(method), answer(Client, ask.by(method), form), form)


@handlers
@one_each
def test_every_method_in_every_form(handler: type, ask: Ask) -> None:
    for method, form in product(METHODS, FORMS):
        with told(method, form):
            check(ask.by(method), answer(handler, ask.by(method), form), form)


@handlers
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("ask", DEMANDING, ids=str)
def test_requests_that_do_not_fit(handler: type, ask: Ask) -> None:
    for name in ("browser", "problem", "text"):
        accept, form = ACCEPTS[name]
        with told(ask, name):
            check(ask, answer(handler, ask, accept), form or ask.default)


@handlers
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", [PROBLEM, TEXT, "image/png", f"{HTML};q=0"])
def test_a_page_in_no_form_that_is_accepted(handler: type, method: str, form: str) -> None:
    """The 406 lists the forms that there are, at the address that has them."""
    here = [{"type": each, "href": "/negotiated/"} for each in (HTML, JSON)]
    link = ", ".join(f'<{each["href"]}>; rel="alternate"; type="{each["type"]}"' for each in here)
    ask = Ask("/negotiated/", 406, method, owed={"Link": link}, members={"available": here})
    check(ask, answer(handler, ask, form), form if form in FORMS else HTML)


@handlers
@pytest.mark.parametrize(("accept", "form"), [(HTML, HTML), (JSON, JSON), (None, HTML)])
def test_a_page_in_an_accepted_form(handler: type, accept: str | None, form: str) -> None:
    response = respond(handler, Ask("/negotiated/", 200), accept)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(form)
    assert "Accept" in response.headers["Vary"]


@handlers
@needs_rest_framework
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("accept", [PROBLEM, JSON, None, "*/*"])
@pytest.mark.parametrize("ask", API, ids=str)
def test_the_api(handler: type, ask: Ask, accept: str | None) -> None:
    form = accept if accept in (PROBLEM, JSON) else PROBLEM
    check(ask, answer(handler, ask, accept), form)


@handlers
@needs_rest_framework
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("ask", API, ids=str)
def test_the_api_in_a_browser(handler: type, ask: Ask) -> None:
    """It is REST framework's page, but for the crash, which is none of its."""
    page = answer(handler, ask, BROWSER)
    assert page.status == ask.status
    assert page.fields["Content-Type"] == "text/html; charset=utf-8"
    assert b"This text is for the log" not in page.content
    assert title(ask.status).encode() in page.content or ask.method == "HEAD"


@handlers
@pytest.mark.parametrize("kind", ["own-body", "stream"])
def test_what_has_something_to_say_is_left_alone(handler: type, kind: str) -> None:
    for status, accept in zip(STATUSES, cycle((HTML, JSON, None)), strict=False):
        with told(kind, status, accept):
            response = respond(handler, Ask(f"/{kind}/{status}/", status), accept)
            assert response.status_code == status
            assert response.headers["Content-Type"] == "text/plain"
            assert not hasattr(response, "problem")
            assert not {"Cache-Control", "WWW-Authenticate"} & set(response.headers)
            assert "Accept" not in response.headers.get("Vary", "").split(", ")
            assert content(response) == b"own body"


def content(response: HttpResponse) -> bytes:
    if not response.streaming:
        return response.content
    if response.is_async:
        return async_to_sync(_collected)(response)
    return response.getvalue()


async def _collected(response: Any) -> bytes:
    return b"".join([piece async for piece in response])


@handlers
@one_each
def test_head_has_the_fields_of_get(handler: type, ask: Ask) -> None:
    for form in (HTML, JSON):
        get, head = (steady(answer(handler, ask.by(method), form)) for method in ("GET", "HEAD"))
        assert head == get


def steady(answered: Answer) -> dict[str, str]:
    """Return all fields, less what is random."""
    return {name: re.sub("'nonce-[^']*'", "", value) for name, value in answered.fields.items()}


@handlers
@one_each
def test_a_request_id_that_is_known_is_told(handler: type, ask: Ask) -> None:
    """Below 500 too, and in every form."""
    known = Ask(ask.path, ask.status, headers={**ask.headers, "X-Request-ID": "known-1"})
    for form in FORMS:
        body = answer(handler, known, form).content.decode()
        assert "known-1" in body
    assert json.loads(answer(handler, known, JSON).content)["request_id"] == "known-1"


@handlers
@one_each
@pytest.mark.parametrize("destination", ["image", "script", "style", "font"])
def test_what_is_no_document_gets_a_few_lines(handler: type, ask: Ask, destination: str) -> None:
    asked = Ask(**{**vars(ask), "headers": {**ask.headers, "Sec-Fetch-Dest": destination}})
    check(asked, answer(handler, asked, "image/avif,image/webp,*/*;q=0.8"), TEXT)


def test_async_twins_answer_alike() -> None:
    """All of an async view's answer is that of the sync one but for the address (and the id)."""
    twins = [ask for ask in ANY_METHOD if ask.path.startswith("/async/")]
    assert len(twins) == 2 * len(STATUSES) + 6
    for ask in twins:
        sync, asynchronous = (
            json.loads(answer(handler, Ask(path, ask.status), JSON).content)
            for handler, path in (
                (Client, ask.path.removeprefix("/async")),
                (AsyncClient, ask.path),
            )
        )
        assert asynchronous.pop("instance") == "/async" + sync.pop("instance")
        assert bool(asynchronous.pop("request_id", "")) == bool(sync.pop("request_id", ""))
        assert asynchronous == sync


@handlers
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("user", "statuses"),
    [("", (200, 404, 403)), ("reader", (200, 404, 403)), ("editor", (200,) * 3),
     ("admin", (200,) * 3)],
)  # fmt: skip
def test_who_may_read_what(handler: type, user: str, statuses: tuple[int, ...]) -> None:
    """Else the demo shows nothing: its private document is there, for those who may read it."""
    asked = ("/documents/1/", "/documents/2/", "/plain-documents/2/")
    seen = tuple(respond(handler, Ask(path, 200), user=user).status_code for path in asked)
    assert seen == statuses


@pytest.mark.usefixtures("seeded")
def test_the_index_leads_to_nothing_unexpected() -> None:
    """Every link is in the tables here, or to a page that works; every status is linked to."""
    handler = Client
    page = respond(handler, Ask("/", 200)).content.decode()
    links = set(re.findall('<a href="(/[^"?]*)', page))
    failing = {ask.path: ask.status for ask in (*ANY_METHOD, *DEMANDING, *API)
               if ask.method == "GET" and "Host" not in ask.headers and ask.times == 1}  # fmt: skip
    for path in sorted(links):
        status = respond(handler, Ask(path, 200), BROWSER).status_code
        with told(path):
            expected = failing.get(path)
            if expected is None and path.startswith(("/own-body/", "/stream/")):
                expected = 404
            assert status == expected if expected else status < 400
    for mode in MODES:
        for kind in ("raise", "return"):
            assert {f"{mode}/{kind}/{status}/" for status in STATUSES[:-3]} <= links


@handlers
@override_settings(LANGUAGES=[("en", "English"), ("ar", "Arabic")])
def test_a_page_for_readers_from_right_to_left(handler: type) -> None:
    ask = Ask("/raise/404/", 404, headers={"Accept-Language": "ar"})
    page = answer(handler, ask, HTML)
    assert '<html lang="ar" dir="rtl">' in page.content.decode()
    assert page.fields["Content-Language"] == "ar"


@handlers
@pytest.mark.usefixtures("seeded")
def test_what_was_public_and_is_deleted_is_gone(handler: type) -> None:
    """The demo leaves a tombstone for it; what was hidden stays a 404 like any other."""
    Document.objects.all().delete()
    for path, status in (("/documents/1/", 410), ("/documents/2/", 404)):
        assert answer(handler, Ask(path, status), JSON).status == status
    Document.objects.create(pk=1, title="Back", body="Here again.", public=True)
    assert answer(handler, Ask("/documents/1/", 200), JSON).status == 200
    Document.objects.all().delete()
