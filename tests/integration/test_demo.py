"""Every failing address of the demo site, in every form, through the WSGI and ASGI handlers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from io import StringIO
from itertools import cycle, product
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings

from django_http_errors.models import ErrorMessage, PermanenceRule
from testproject.models import Document

from ..asking import FORMS, HTML, JSON, PROBLEM, TEXT
from ..demo import (
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
    UNVERIFIED,
    Answer,
    Ask,
    check,
    heading,
    title,
    told,
)

pytestmark = pytest.mark.django_db

needs_rest_framework = pytest.mark.skipif(
    not HAS_REST_FRAMEWORK, reason="REST framework isn't installed"
)
handlers = pytest.mark.parametrize("handler", [Client, AsyncClient], ids=["wsgi", "asgi"])
by_status = pytest.mark.parametrize("status", sorted({ask.status for ask in ANY_METHOD}))
one_each = pytest.mark.parametrize("ask", ONE_EACH, ids=str)


@pytest.fixture
def seeded(published: Callable[[], None]) -> None:
    """Have the demo's users and documents."""
    call_command("seed_demo", stdout=StringIO())
    published()


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


@pytest.mark.conformance("rfc9110-15.5-explanation")
@pytest.mark.conformance("rfc9110-8.3-content-type")
@by_status
def test_every_form(status: int) -> None:
    """Each address by both handlers, in forms that take turns: each status in every one of them."""
    twins = twins_at(status)
    assert len(twins) > 1
    for turn, ask in enumerate(twins):
        for handler, names in ((Client, TURNS[turn % 3]), (AsyncClient, TURNS[(turn + 1) % 3])):
            for name in names:
                accept, form = ACCEPTS[name]
                with told(ask, handler, name):
                    check(ask, answer(handler, ask, accept), form or ask.default)


def twins_at(status: int) -> list[Ask]:
    return [ask for ask in ANY_METHOD if ask.status == status]


TURNS = (("browser", "problem"), ("json", "text"), ("none", "anything"))


@pytest.mark.conformance("rfc9110-12.5.1-none-acceptable")
@handlers
@one_each
def test_every_accept_field(handler: type, ask: Ask) -> None:
    """Whatever the field holds, the status stays and some form is chosen.

    By ASGI, which hands on the same field, the addresses take turns.
    """
    fields = list((ACCEPTS | ACCEPTS_IN_PROCESS).items())
    turns = slice(None) if handler is Client else slice(ONE_EACH.index(ask) % 4, None, 4)
    for name, (accept, form) in fields[turns]:
        with told(name):
            check(ask, answer(handler, ask, accept), form or ask.default)


@pytest.mark.conformance("rfc9110-15.5-any-method")
@by_status
def test_every_method(status: int) -> None:
    """Each way to fail by each method, of which a sync view gets a half; the forms take turns."""
    seen = set()
    for turn, ask in enumerate(twins_at(status)):
        for method, form in methods_in_turns(turn)[turn % 2 :: 2]:
            with told(ask, method, form):
                check(ask.by(method), answer(Client, ask.by(method), form), form)
            seen.add(method)
    assert seen == set(METHODS)


def methods_in_turns(turn: int) -> list[tuple[str, str]]:
    """Return each method with a form, another one for each of four turns."""
    return [(method, FORMS[(turn + n) % len(FORMS)]) for n, method in enumerate(METHODS)]


def test_every_method_by_asgi() -> None:
    """Each kind of address by each method, which comes in every form."""
    seen = set()
    for turn, ask in enumerate(ONE_EACH):
        for method, form in methods_in_turns(turn):
            with told(ask, method, form):
                check(ask.by(method), answer(AsyncClient, ask.by(method), form), form)
            seen.add((method, form))
    assert seen == set(product(METHODS, FORMS))


@handlers
@pytest.mark.usefixtures("seeded")
def test_requests_that_do_not_fit(handler: type) -> None:
    for ask, name in product(DEMANDING, ("browser", "problem", "text")):
        accept, form = ACCEPTS[name]
        with told(ask, name):
            check(ask, answer(handler, ask, accept), form or ask.default)


@handlers
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROBLEM, PROBLEM),
        (TEXT, TEXT),
        ("image/png", TEXT),
        ("application/pdf", HTML),
        (f"{HTML};q=0", PROBLEM),
    ],
)
def test_a_page_in_no_form_that_is_accepted(
    handler: type, method: str, accept: str, form: str
) -> None:
    """The 406 lists the forms that there are, at the address that has them."""
    here = [{"type": each, "href": "/negotiated/"} for each in (HTML, JSON)]
    link = ", ".join(f'<{each["href"]}>; rel="alternate"; type="{each["type"]}"' for each in here)
    ask = Ask("/negotiated/", 406, method, owed={"Link": link}, members={"available": here})
    check(ask, answer(handler, ask, accept), form)


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
def test_the_api(handler: type) -> None:
    for ask, accept in product(API, (PROBLEM, JSON, None, "*/*")):
        form = accept if accept in (PROBLEM, JSON) else PROBLEM
        with told(ask, accept):
            check(ask, answer(handler, ask, accept), form)


@handlers
@needs_rest_framework
@pytest.mark.usefixtures("seeded")
def test_the_api_in_a_browser(handler: type) -> None:
    """It is REST framework's page, but for the crash, which is none of its."""
    for ask in API:
        page = answer(handler, ask, BROWSER)
        with told(ask):
            assert page.status == ask.status
            assert page.fields["Content-Type"] == "text/html; charset=utf-8"
            assert b"This text is for the log" not in page.content
            said = (title(ask.status), heading(ask.status))
            assert ask.method == "HEAD" or any(each.encode() in page.content for each in said)


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
    """Return all fields, less what is random: nonces, and the id that is made for a 5xx."""
    return {
        name: re.sub("'nonce-[^']*'", "", value)
        for name, value in answered.fields.items()
        if name != "x-request-id"
    }


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
def test_what_is_no_document_gets_a_few_lines(handler: type, ask: Ask) -> None:
    for destination in ("image", "script", "style", "font"):
        asked = Ask(**{**vars(ask), "headers": {**ask.headers, "Sec-Fetch-Dest": destination}})
        with told(destination):
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
def test_who_may_read_what(handler: type) -> None:
    """Else the demo shows nothing: its private document is there, for those who may read it."""
    asked = ("/documents/1/", "/documents/2/", "/plain-documents/2/")
    none, all_of_them = [200, 404, 403], [200, 200, 200]
    for user, statuses in (
        ("", none),
        ("reader", none),
        ("editor", all_of_them),
        ("admin", all_of_them),
    ):
        with told(user):
            seen = [respond(handler, Ask(path, 200), user=user).status_code for path in asked]
            assert seen == statuses


# What the cards lead to, beside what is in the tables of tests/demo.py.
CARDS = {
    "/django/403/": 403,
    "/django/404/": 404,
    "/django/410/": 410,
    "/documents/410/": 404,
    "/old-shop/": 410,
    "/shop/lamp/": 404,
}


@pytest.mark.usefixtures("seeded")
def test_the_index_leads_to_nothing_unexpected() -> None:
    """Every link is in the tables here, or to a page that works; every status is linked to."""
    handler = Client
    page = respond(handler, Ask("/", 200)).content.decode()
    links = set(re.findall('<a href="(/[^"?]*)', page))
    failing = {ask.path: ask.status for ask in (*ANY_METHOD, *DEMANDING, *API)
               if ask.method == "GET" and "Host" not in ask.headers and ask.times == 1}  # fmt: skip
    failing |= {**CARDS, "/checked-out/": 409}
    assert set(CARDS) <= links
    assert set(re.findall('data-ask="([^"]*)', page)) <= links
    compared = re.findall('data-compare="([^"]*)', page)
    assert compared == [
        "/plain-documents/2/ /plain-documents/999/",
        "/documents/2/ /documents/999/",
    ]
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


@handlers
@pytest.mark.parametrize("accept", [HTML, JSON])
def test_django_alone(handler: type, accept: str) -> None:
    """The app leaves these alone: what they say is Django's, whatever the client accepts."""
    for status, content in ((403, b"403 Forbidden"), (404, b"<h1>Not Found</h1>"), (410, b"")):
        response = respond(handler, Ask(f"/django/{status}/", status), accept)
        assert response.status_code == status
        assert not hasattr(response, "problem")
        assert response.headers["Content-Type"].startswith(HTML)
        assert content in response.content
        assert bool(content) == bool(response.content)
    assert respond(handler, Ask("/django/500/", 404), accept).status_code == 404


def test_no_challenge_makes_a_browser_ask_for_a_password() -> None:
    """These schemes open a window of the browser's own; the others show the page."""
    windows = re.compile(r"\b(Basic|Digest|Negotiate|NTLM)\b", re.IGNORECASE)
    challenged = [ask for ask in (*ANY_METHOD, *API) if ask.status in (401, 407)]
    assert len(challenged) >= 8
    for ask in challenged:
        for name in ("WWW-Authenticate", "Proxy-Authenticate"):
            assert not windows.search(ask.owed.get(name, ""))


BUTTONS = {
    "/try/message/": {},
    "/try/address/": {"address": "/old-shop/a b/"},
    "/try/deletion/": {},
}
buttons = pytest.mark.parametrize("path", BUTTONS)


def press(handler: type, path: str, **fields: str) -> tuple[HttpResponse, Client | AsyncClient]:
    """Send the form of the index that goes to `path`, and return the response and the client."""
    client = handler(**OPTIONS)
    page = _response(client.get("/")).content.decode()
    form = re.search(f'action="{path}">.*?name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return _response(client.post(path, {"csrfmiddlewaretoken": form[1], **fields})), client


def _response(response: Any) -> HttpResponse:
    return response if isinstance(response, HttpResponse) else async_to_sync(_awaited)(response)


@handlers
@buttons
@pytest.mark.usefixtures("seeded")
def test_a_button_is_a_form_with_a_token(handler: type, path: str) -> None:
    get = Ask(path, 405, owed={"Allow": "POST"}, members={"allow": ["POST"]})
    for ask in (get, get.by("HEAD"), Ask(path, 403, "POST", members=UNVERIFIED)):
        check(ask, answer(handler, ask, JSON), JSON)
    assert not Session.objects.exists()


@handlers
@pytest.mark.usefixtures("seeded", "contexts")
def test_the_message_can_be_edited_at_once(handler: type) -> None:
    response, client = press(handler, "/try/message/", username="admin", next="/elsewhere/")
    message = ErrorMessage.objects.get(status="404", path_prefix="/shop/")
    change = f"/admin/django_http_errors/errormessage/{message.pk}/change/"
    assert (response.status_code, response.headers["Location"]) == (302, change)
    form = _response(client.get(change))
    assert form.status_code == 200
    assert form.context["user"].username == "editor"
    message.delete()
    response, client = press(handler, "/try/message/")
    form = _response(client.get(response.headers["Location"]))
    assert form.context["adminform"].form.initial == {"status": "404", "path_prefix": "/shop/"}


@handlers
@pytest.mark.usefixtures("seeded", "contexts")
def test_any_address_can_be_explained_at_once(handler: type) -> None:
    response, client = press(handler, "/try/address/", **BUTTONS["/try/address/"])
    page = _response(client.get(response.headers["Location"]))
    assert page.context["user"].username == "editor"
    assert page.context["asking"].cleaned_data["address"] == "/old-shop/a%20b/"
    found = [each["explanation"] for each in page.context if "asking" in each]
    assert found[-1].response.status_code == 410


@handlers
@pytest.mark.usefixtures("seeded")
def test_a_deletion_leaves_a_410_and_nothing_grows(handler: type) -> None:
    counted = []
    for _ in range(2):
        response, client = press(handler, "/try/deletion/")
        assert (response.status_code, response.headers["Location"]) == (302, "/documents/410/")
        gone = _response(client.get("/documents/410/"))
        assert gone.status_code == 410
        assert "_auth_user_id" not in client.session
        counted.append((Document.objects.count(), PermanenceRule.objects.count()))
    assert counted[0] == counted[1]
    PermanenceRule.objects.filter(pattern="/documents/410/").delete()


@pytest.mark.parametrize("path", ["/try/message/", "/try/address/"])
def test_there_is_nobody_else_to_sign_in_as(path: str) -> None:
    """Only the editor that `seed_demo` makes: a database without it has no such button."""
    User.objects.create_superuser("admin")
    response, client = press(Client, path)
    assert response.status_code == 404
    assert "_auth_user_id" not in client.session
